"""Analytic oracles, no peer needed (evaluation.md 4.3 and 4.6)."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from assaymark.core.streams import Streams
from assaymark.evaluate import metrics
from assaymark.evaluate.binning import Sample, bins_of, compare_cells
from assaymark.evaluate.inference import naive_coverage

STREAMS = Streams.from_seed(3)


def measured(name, case):
    return {(m.metric, m.subject): m for m in metrics.build(name).measure(case, STREAMS)}


@pytest.mark.parametrize(("times", "coverage"), [(1, 0.8342), (10, 0.4455), (100, 0.1546)])
def test_coverage_of_an_interval_from_synthetic_rows_as_if_real(times, coverage):
    assert round(naive_coverage(times * 700, 700, z=1.96), 4) == coverage
    assert naive_coverage(times * 700, 700) == pytest.approx(coverage, abs=1e-4)


def test_that_coverage_by_simulation():
    """Mean of 100 real rows, mean of 1,000 rows drawn from the fitted normal, 4,000 repeats."""
    rng = np.random.default_rng(6)
    real = rng.normal(size=(4_000, 100)).mean(axis=1)
    made = real + rng.normal(size=4_000) / np.sqrt(1_000)
    covered = np.abs(made) <= 1.959964 / np.sqrt(1_000)
    assert covered.mean() == pytest.approx(naive_coverage(1_000, 100), abs=0.02)


@pytest.mark.parametrize(("n", "floor"), [(10**3, 0.1775), (10**4, 0.0561), (10**5, 0.0178)])
def test_noise_floor_of_a_ten_by_ten_table(n, floor):
    """Expected distance of two samples of ``n``: spread times E|X| of a standard normal."""
    even = Sample(np.arange(n) % 100, None)
    assert round(compare_cells(even, even, 100).spread * np.sqrt(2 / np.pi), 4) == floor


def test_noise_floor_by_simulation():
    rng = np.random.default_rng(7)
    draws = [Sample(rng.integers(0, 100, 1_000), None) for _ in range(200)]
    distances = [compare_cells(a, b, 100).distance for a, b in pairwise(draws)]
    assert np.mean(distances) == pytest.approx(0.1775, abs=0.003)


def test_total_variation_of_sdmetrics_unit_case(table):
    """Shares 3/6, 2/6, 1/6 against 2/6 each: the complement is 0.8333333333333333."""
    real = table({"x": list("abcaab")}, x="category")
    made = table({"x": list("abcabc")}, x="category")
    bins = bins_of(real.schema.column("x"), [real], cells=20, n_holdout=60)
    gap = compare_cells(
        Sample(bins.codes(real), None), Sample(bins.codes(made), None), bins.n_cells
    )
    assert 1 - gap.distance == pytest.approx(0.8333333333333333, rel=1e-15)


@pytest.fixture(scope="module")
def copied(population, make_case):
    """Return a case whose generator copies: every record is unlike any other."""
    train, holdout = population(600, 1), population(600, 2)
    return make_case(train, holdout, train)


def test_a_copying_generator_loses_every_attack(copied):
    copies = measured("copies", copied)["copies.exact_excess", "table"]
    assert copies.value > 0.9  # all with a distinctive record; those of none are not accused
    assert copies.details["copied_of_unseen"] == 0
    assert measured("membership", copied)["membership.auc", "table"].value > 0.99
    assert measured("near_copies", copied)["near_copies.excess", "table"].low > 0.6
    assert measured("linkability", copied)["linkability.excess", "table"].low > 0.5
    carried = measured("unique_combinations", copied)["unique_combinations.excess", "table"]
    assert carried.details["of_members"] == 1.0
    assert carried.low > 0.5


def test_swapping_the_roles_turns_the_sign(population, make_case):
    """Train and holdout of one size: what is a leak of one is a lead of the other."""
    train, holdout, made = (population(600, s) for s in (1, 2, 3))
    there = measured("disclosure", make_case(train, holdout, made))
    back = measured("disclosure", make_case(holdout, train, made))
    for name in (
        ("disclosure.disco_excess", "column:ill"),
        ("disclosure.replicated_uniques_excess", "table"),
    ):
        assert there[name].value == pytest.approx(-back[name].value)


def test_independent_columns_keep_shares_and_lose_pairs(population, make_case):
    rng = np.random.default_rng(9)
    train, holdout = population(3_000, 1), population(2_000, 2)
    frame = train.frame.select(pl.all().map_batches(lambda s: s[rng.permutation(len(s))]))
    alone = make_case(train, holdout, type(train)(schema=train.schema, frame=frame))
    one_way = measured("one_way", alone)["one_way.mean", "table"]
    assert one_way.low <= one_way.floor <= one_way.high
    pair = measured("two_way", alone)["two_way.distance", "pair:age,ill"]
    assert pair.value > pair.floor + 0.1
    assert pair.value == pytest.approx(pair.baseline, abs=0.05)
