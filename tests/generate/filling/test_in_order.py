"""Orders and differences are found where both columns are there."""

import numpy as np
import polars as pl

from assaymark.core.schema import Column, Kind, Schema
from assaymark.generate.filling.besides import beside, find_between, find_sameness
from assaymark.generate.filling.cell_table import cell_table
from assaymark.generate.filling.in_order import InOrder, find_order
from assaymark.generate.filling.in_range import InRange, find_ranges


def cells(n=500):
    rng = np.random.default_rng(0)
    low = rng.integers(0, 700, n)
    ward = rng.choice([f"W{i}" for i in range(20)], n)
    stays = rng.random(n) < 0.7
    frame = pl.DataFrame(
        {
            "came": low,
            "seen": low + rng.integers(0, 5, n),
            "left": low + 5 + rng.integers(0, 20, n),
            "height": rng.integers(150, 200, n),
            "before": ward,
            "after": np.where(stays, ward, np.roll(ward, 1)),
        }
    )
    gone = frame.with_columns(
        **{c: pl.when(pl.Series(rng.random(n) >= 0.2)).then(c) for c in frame.columns}
    )
    kinds = {c: Kind.CATEGORY if c in {"before", "after"} else Kind.INTEGER for c in frame.columns}
    return cell_table(gone, Schema(columns=tuple(Column(name=c, kind=k) for c, k in kinds.items())))


def test_neighbours_in_order_are_found_and_what_never_crosses_is_none():
    table = cells()
    found = find_order(table, list(table.values))
    assert found == (InOrder(low="came", high="seen"), InOrder(low="seen", high="left"))


def test_what_lies_between_says_either_end():
    table = cells()
    (between, _) = find_between(table, find_order(table, list(table.values)), [])
    with_it = beside(table, [between])
    low, high, step = (with_it.values[c] for c in ("came", "seen", between.name))
    both = np.isfinite(low) & np.isfinite(high)
    assert (step[both] == (high - low)[both]).all()
    assert np.isnan(step[~both]).all()
    told = dict(between.says(with_it.put("seen", np.full(table.n, np.nan))))
    assert (told["seen"][both] == high[both]).all()
    assert between.broken(with_it.put("seen", high + 1)).sum() == both.sum()


def test_what_is_often_the_same_has_a_column_beside():
    table = cells()
    (same,) = find_sameness(table, ["before", "after", "height"], [])
    assert (same.one, same.other) == ("after", "before")
    with_it = beside(table, [same])
    flag = with_it.values[same.name]
    assert 0.65 < np.nanmean(flag) < 0.8
    told = dict(same.says(with_it.put("after", np.full(table.n, np.nan))))["after"]
    known = np.isfinite(told)
    assert (told[known] == table.values["after"][known]).all()
    assert find_sameness(table, ["before", "after"], [frozenset({"before", "after"})]) == []


def test_a_value_outside_the_table_is_broken():
    table = cells()
    heights = next(r for r in find_ranges(table) if r.column == "height")
    assert heights == InRange(column="height", low=150.0, high=199.0)
    assert not heights.broken(table).any()
    assert heights.broken(table.put("height", np.full(table.n, 149.0))).all()


def test_categories_are_in_no_order():
    rng = np.random.default_rng(0)
    chapter = rng.integers(0, 8, 600)
    frame = pl.DataFrame(
        {
            "chapter": [f"C{c}" for c in chapter],
            "code": [f"C{c}.{d}" for c, d in zip(chapter, rng.integers(0, 9, 600), strict=True)],
            "low": chapter,
            "high": chapter + rng.integers(0, 3, 600),
        }
    )
    kinds = {c: Kind.INTEGER if c in {"low", "high"} else Kind.CATEGORY for c in frame.columns}
    schema = Schema(columns=tuple(Column(name=c, kind=k) for c, k in kinds.items()))
    table = cell_table(frame, schema)
    assert find_order(table, frame.columns) == (InOrder(low="low", high="high"),)


def test_numbers_in_order_by_their_size_have_nothing_between_them():
    rng = np.random.default_rng(0)
    net = np.round(rng.lognormal(5, 1.5, 800), 2)
    frame = pl.DataFrame(
        {
            "discount": np.round(net * rng.choice([0.1, 0.3, 0.5], 800), 2),
            "net": net,
            "low": np.round(net, 0),
            "high": np.round(net + rng.uniform(0, 300, 800), 0),
        }
    )
    schema = Schema(columns=tuple(Column(name=c, kind=Kind.DECIMAL) for c in frame.columns))
    table = cell_table(frame, schema)
    orders = [InOrder(low="discount", high="net"), InOrder(low="low", high="high")]
    assert orders[0] in find_order(table, ["discount", "net"])
    assert [b.name for b in find_between(table, orders, [])] == ["high minus low"]
