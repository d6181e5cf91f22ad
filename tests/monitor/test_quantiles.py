"""Quantiles of one table, and of sums of parts: how far from their rank is stated, and true."""

from functools import reduce
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.errors import IntegrityError
from assaymark.monitor.compare import compare
from assaymark.monitor.quantiles import QUANTILES, middle_between, quantiles
from assaymark.monitor.shares import shares_of
from assaymark.monitor.sketch import Sketch, counted, merged, sketch, sketch_of_parts
from assaymark.monitor.watcher import Watcher

STEP = max(np.diff(QUANTILES))
ROUNDED = 1e-6


def test_quantiles_are_those_of_numpy_to_the_last_digit():
    rng = np.random.default_rng(1)
    for n in range(1, 60):
        known = rng.normal(size=n) * 10.0 ** rng.integers(-3, 7)
        expected = tuple(f"{q!r}" for q in np.quantile(known, QUANTILES).tolist())
        assert quantiles(np.append(known, np.nan)) == expected
    assert quantiles(np.array([np.nan])) == ()


def rows_of(values):
    return pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})


def held(part, values):
    """Assert that each quantile's ranks among the true values are within its bound; return it."""
    (c,) = part.columns
    known = np.array([v for v in values if v is not None and not np.isnan(v)])
    bounds = [float(w) for w in c.within] or [1 / len(known)] * len(c.quantiles)
    for p, q, w in zip(QUANTILES, map(float, c.quantiles), bounds, strict=True):
        assert (known < q).sum() <= (p + w) * len(known) + 1e-9, (p, q, w)
        assert (known <= q).sum() >= (p - w) * len(known) - 1e-9, (p, q, w)
    low, high = middle_between(c)
    assert low <= np.quantile(known, 0.5) <= high
    return max(bounds)


VALUES = st.one_of(
    st.lists(
        st.sampled_from([0.0, 0.0, -0.0, 1.0, 1.0, 2.5, 7.0, None, float("nan")]), max_size=60
    ),
    st.lists(st.floats(-1e300, 1e300), max_size=40),
    st.builds(
        lambda n, seed, shift, missing: [
            None if missing and i % 3 == 0 else x
            for i, x in enumerate((np.random.default_rng(seed).normal(size=n) + shift).tolist())
        ],
        st.sampled_from([1, 2, 19, 20, 41, 400]),
        st.integers(0, 5),
        st.sampled_from([0.0, 0.0, 3.0, -50.0]),
        st.booleans(),
    ),
)
SHARDS = st.lists(VALUES, min_size=2, max_size=6)


@settings(max_examples=150, deadline=None)
@given(SHARDS, st.randoms(use_true_random=False))
def test_a_merged_quantile_is_within_its_bound_of_its_rank(shards, order):
    """The bound is also never above the widest step and a row a part, or the cell it falls in."""
    layout = sketch(rows_of(shards[0]))
    parts = [counted(layout, rows_of(s)) for s in shards]
    whole = [x for s in shards for x in s]
    found = merged(parts)
    (c,) = found.columns
    filled = [p.columns[0] for p in parts if p.columns[0].quantiles]
    assert bool(c.quantiles) == bool(filled)
    if not filled:
        return
    n = sum(c.counts[:-1])
    most = held(found, whole)
    assert most <= STEP + len(filled) / n + ROUNDED
    _bounded_by_cells(c, n)
    known = rows_of(whole)["x"].drop_nulls().drop_nans()
    assert (float(c.quantiles[0]), float(c.quantiles[-1])) == (known.min(), known.max())
    stored = {x for p in filled for x in (*p.edges, *p.quantiles)}
    assert {*c.quantiles} <= stored, "only what a part has is told"
    order.shuffle(parts)
    assert merged(parts).canonical() == found.canonical()
    assert Sketch.parse(found.canonical()) == found


def _bounded_by_cells(c, n):
    share = np.cumsum([0, *c.counts[:-1]]) / n
    for p, w in zip(QUANTILES, c.within, strict=False):
        cells = [b - a for a, b in pairwise(share) if a <= p <= b]
        assert not c.edges or float(w) <= max(cells) + ROUNDED


@settings(max_examples=100, deadline=None)
@given(SHARDS, st.randoms(use_true_random=False), st.lists(st.booleans(), min_size=6, max_size=6))
def test_sums_of_sums_state_a_wider_bound_and_keep_it(shards, order, dropped):
    """Also where a part's quantiles are not there, as in sums that earlier versions made."""
    layout = sketch(rows_of(shards[0]))
    nodes = [(counted(layout, rows_of(s)), s, 0.0) for s in shards]
    whole = not any(d and n[0].columns[0].quantiles for d, n in zip(dropped, nodes, strict=False))
    for i, (part, values, _) in enumerate(nodes):
        if dropped[i]:
            bare = part.columns[0].model_copy(update={"quantiles": ()})
            nodes[i] = (part.model_copy(update={"columns": (bare,)}), values, 0.0)
    while len(nodes) > 1:
        order.shuffle(nodes)
        k = order.choice([2, 3])
        taken, nodes = nodes[:k], nodes[k:]
        one = merged([t[0] for t in taken])
        values = [x for t in taken for x in t[1]]
        (c,) = one.columns
        most = 0.0
        if c.quantiles and c.within:
            most, n = held(one, values), sum(c.counts[:-1])
            _bounded_by_cells(c, n)
            if whole:
                own = max(t[2] for t in taken)
                assert most <= STEP + 2 * own + len(taken) / n + 2 * ROUNDED
        nodes.append((one, values, most))


def test_known_bounds():
    """0 to 99 and 100 to 199: 99 is a middle of all, since 99 are below it and 100 it or below.

    Of the first part 50 are below 49.5, its middle, and of the second none: a quarter of all.
    """
    layout = sketch(rows_of(range(100)))
    parts = [counted(layout, rows_of(x)) for x in (range(100), range(100, 200))]
    (c,) = merged(parts).columns
    assert c.quantiles[0::3] == ("0.0", "99.0", "199.0")
    assert c.within[0::3] == ("0", "0", "0")
    assert (c.quantiles[2], c.quantiles[4]) == ("49.5", "149.5")
    assert (c.within[2], c.within[4]) == ("0", "0")


def test_one_part_with_values_is_exact():
    layout = sketch(rows_of([1.0, 2.0, 4.0]))
    parts = [counted(layout, rows_of(x)) for x in ([1.0, 2.0, 4.0], [None], [])]
    (c,) = merged(parts).columns
    assert (c.quantiles, c.within) == (layout.columns[0].quantiles, ())
    assert counted(merged([*parts, layout]), rows_of([1.0])).columns[0].within == ()


def test_parts_in_a_row_are_as_tight_as_all_at_once():
    rng = np.random.default_rng(3)
    frames = [rows_of(rng.lognormal(i % 3, 1, 400)) for i in range(12)]
    layout = sketch(frames[0])
    at_once = merged([layout, *(counted(layout, f) for f in frames[1:])])
    assert sketch_of_parts(frames) == at_once
    chained = reduce(lambda a, b: merged([a, counted(layout, b)]), frames[1:], layout)
    assert [c.counts for c in chained.columns] == [c.counts for c in at_once.columns]


def test_halves_that_are_merged_raise_no_alarm_against_the_whole():
    """Halves by value, so that a merged middle is as far off as it can be; and another unit."""
    rng = np.random.default_rng(5)
    cost = np.sort(rng.lognormal(3, 2, 2_000))
    whole = rows_of(cost)
    layout = sketch(whole.head(1_000))
    both = merged([layout, counted(layout, whole.tail(1_000))])
    watcher = Watcher(shares_of(both))
    watcher.see(shares_of(counted(layout, whole)))
    assert watcher.alarms() == ()
    (found,) = compare(both, whole)
    assert (found.distance, found.times) == (0.0, 0.0)


def test_another_unit_is_named_of_a_sum_too():
    whole = rows_of(np.random.default_rng(5).lognormal(3, 1, 2_000))
    layout = sketch(whole.head(1_000))
    both = merged([layout, counted(layout, whole.tail(1_000))])
    (found,) = compare(both, whole * 1_000)
    assert found.times == pytest.approx(1_000, rel=0.05)


def test_a_middle_that_is_not_known_well_enough_names_no_other_unit():
    """Of both parts half is 1, half is 9: 5 is a middle, but so may be anything from 1 to 9."""
    layout = sketch(rows_of([12.0]))
    both = merged([counted(layout, rows_of([1.0] * 50 + [9.0] * 50))] * 2)
    assert (both.columns[0].quantiles[3], middle_between(both.columns[0])) == ("5.0", (1.0, 9.0))
    # all moved to 12: 2.4 times 5, but 1.3 times 9; 17 is 1.9 times 9
    (found,) = compare(both, rows_of([12.0] * 99 + [13.0]))
    assert (found.distance, found.times) == (1.0, 0.0)
    (found,) = compare(both, rows_of([17.0] * 99 + [18.0]))
    assert (found.distance, found.times) == (1.0, 3.4)


@pytest.mark.parametrize("within", [("0.1",), ("0.1",) * 6 + ("1.1",), ("1e-3",) * 7])
def test_bounds_that_are_none_are_refused(within):
    layout = sketch(rows_of([1.0, 2.0]))
    wrong = layout.columns[0].model_copy(update={"within": within})
    with pytest.raises(IntegrityError):
        Sketch.parse(layout.model_copy(update={"columns": (wrong,)}).canonical())
