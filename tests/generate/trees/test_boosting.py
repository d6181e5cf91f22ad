"""Boosting: what trees have missed is found, noise is not, and rows come out as it says."""

import numpy as np
import polars as pl
import pytest
from tests.generate.test_tree_chain import fit, patients, table

from assaymark.core.conditions import Conditions
from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate import generators
from assaymark.generate.model_file import ModelFile, read_model, write_model
from assaymark.generate.tree_chain import TreeChain
from assaymark.generate.trees.boosting import People, boosts_of
from assaymark.generate.trees.effects import added, boosted, corrected, no_effects


def people_of(codes, y, persons=None):
    ones = np.ones(len(y))
    persons = np.arange(len(y)) if persons is None else persons
    each = 1.0 / np.bincount(persons)[persons]
    return People(codes=codes, groups=y, weights=each, counted=ones, due=ones, persons=persons)


def places_of(codes):
    return [(np.arange(c.max() + 1, dtype=np.int32), int(c.max()) + 1) for c in codes]


def how(seed):
    return (20.0, 5.0, 100), np.random.default_rng(seed)


def boosts_for(codes, y, base, seed, persons=None):
    told = base.copy(), np.zeros_like(base)
    return boosts_of(places_of(codes), people_of(codes, y, persons), told, *how(seed))


def test_what_two_columns_say_together_is_found():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (3, 8000)).astype(np.int32)
    chance = np.where((codes[0] >= 2) & (codes[2] >= 2), 0.65, 0.35)
    y = (rng.random(8000) < chance).astype(np.int32)
    base = np.full((8000, 2), 0.5)
    boosts = boosts_for(codes, y, base, 1)
    found = boosted(no_effects(2), boosts, 3)
    p = corrected(found, codes, base)[:, 1]
    for first in (True, False):
        for last in (True, False):
            rows = ((codes[0] >= 2) == first) & ((codes[2] >= 2) == last)
            assert abs(p[rows].mean() - y[rows].mean()) < 0.04  # four errors of 2,000 people


def test_noise_is_hardly_ever_believed():
    rng = np.random.default_rng(0)
    off = []
    for seed in range(20):
        codes = rng.integers(0, 8, (5, 1500)).astype(np.int32)
        y = rng.integers(0, 4, 1500).astype(np.int32)
        base = np.full((1500, 4), 0.25)
        boosts = boosts_for(codes, y, base, seed)
        p = corrected(boosted(no_effects(4), boosts, 5), codes, base)
        off.append(np.abs(p - 0.25).mean())
    # of 1,500 people the best of five columns is believed a little now and then
    assert np.mean(off) < 0.015
    assert max(off) < 0.03


def test_a_leaf_has_persons_not_rows():
    codes = np.array([[0] * 300 + [1] * 4000], np.int32)
    y = np.array([1] * 300 + [0, 1] * 2000, np.int32)
    base = np.full((4300, 2), 0.5)
    few = np.array([i // 20 for i in range(300)] + list(range(15, 4015)))
    # fifteen persons with twenty rows each are no leaf of twenty, and 300 persons are
    assert boosts_for(codes, y, base, 0, few) == []
    assert boosts_for(codes, y, base, 0)[0].branches.feature[0] == 0


def test_what_is_cut_when_rows_are_drawn_is_cut_when_trees_are_fitted():
    codes = np.array([[0] * 2000 + [1] * 2000], np.int32)
    y = np.array([1] * 2000 + [0, 1] * 1000, np.int32)
    base = np.full((4000, 2), 0.5)
    boosts = boosts_for(codes, y, base, 0)
    found = boosted(no_effects(2), boosts, 1)
    summed = added(found, codes)
    assert summed[0].max() - summed[0].min() > 2.0  # nobody has the other value there
    share, total = base.copy(), np.zeros_like(base)
    boosts_of(places_of(codes), people_of(codes, y), (share, total), *how(0))
    assert np.allclose(share, corrected(found, codes, base))
    assert np.allclose(total, summed)


def crossed(n=6000, seed=0):
    """A table in which two columns together say what the last one is."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.integers(0, 6, (3, n))
    last = np.where((a >= 3) & (b >= 3), rng.normal(40, 9, n), rng.normal(46, 9, n)).round()
    return table(
        a=(Kind.CATEGORY, [f"a{v}" for v in a]),
        b=(Kind.CATEGORY, [f"b{v}" for v in b]),
        c=(Kind.INTEGER, c.tolist()),
        last=(Kind.INTEGER, last.astype(int).tolist()),
    )


# branches this dear leave nothing to the trees themselves, so that small trees have all to do
DEAR = {"penalty": 50.0, "quality": "high", "order": "schema", "effects": False, "slopes": False}


@pytest.fixture(scope="module")
def high():
    return fit(crossed(), **DEAR)


def gap(frame):
    alike = ((frame["a"] >= "a3") & (frame["b"] >= "b3")).to_numpy()
    last = frame["last"].to_numpy()
    return last[~alike].mean() - last[alike].mean()


def test_rows_are_closer_at_high_quality(high):
    real = gap(crossed().frame)
    there = gap(high.sample(range(20_000), Streams.from_seed(2)).frame)
    plain = fit(crossed(), **{**DEAR, "quality": "standard"})
    assert 0.5 * real < there < 1.1 * real  # what few show is believed in part
    assert abs(gap(plain.sample(range(20_000), Streams.from_seed(2)).frame)) < 0.25 * real
    assert high.summary["quality"] == "high"


def test_any_stretch_is_a_part_of_the_whole(high):
    whole = high.sample(range(500), Streams.from_seed(2)).frame
    assert high.sample(range(130, 290), Streams.from_seed(2)).frame.equals(whole[130:290])


def test_a_condition_on_what_comes_last_moves_what_comes_first(high):
    given = Conditions.parse("last >= 55", high.encoding.schema)
    frame = high.sample(range(4000), Streams.from_seed(3), given).frame
    free = high.sample(range(60_000), Streams.from_seed(4)).frame.filter(pl.col("last") >= 55)
    assert (frame["last"] >= 55).all()
    share, wanted = (((f["a"] >= "a3") & (f["b"] >= "b3")).mean() for f in (frame, free))
    assert abs(share - wanted) < 0.04


def test_missing_cells_are_filled_by_what_small_trees_say(high):
    asked = crossed(3000, seed=5)
    empty = table(
        **{n: (asked.schema.column(n).kind, asked.frame[n].to_list()) for n in ("a", "b", "c")},
        last=(Kind.INTEGER, [None] * 3000),
    )
    filled = high.impute(empty, Streams.from_seed(1)).frame
    assert filled["last"].null_count() == 0
    assert gap(filled) > 0.5 * gap(asked.frame)
    assert filled.select("a", "b", "c").equals(empty.frame.select(pl.col("a", "b", "c")))


def test_a_model_file_keeps_the_small_trees(high):
    held = ModelFile(model=high, generator={"name": "tree_chain"}, salt="00")
    back = read_model(write_model(held)).model
    rows = back.sample(range(300), Streams.from_seed(2)).frame
    assert rows.equals(high.sample(range(300), Streams.from_seed(2)).frame)


def test_it_is_a_recipe_like_any_other():
    assert generators.build("tree_chain", {"quality": "high"}).quality == "high"
    real = patients(1500)
    rows = fit(real, quality="high").sample(range(20_000), Streams.from_seed(1)).frame
    assert abs(rows["ill"].mean() - real.frame["ill"].mean()) < 0.02
    assert (rows.filter(pl.col("drug") == "none")["dose"] == 0).mean() > 0.95


@pytest.mark.parametrize(
    ("columns", "rows", "rounds"),
    [
        (2, 900, 100),
        (24, 900, 100),
        (100, 900, 24),
        (5000, 90, 8),
        (300, 20_000, 0),
        (30, 10**9, 80),
    ],
)
def test_a_wide_table_has_fewer_small_trees_a_column_and_a_wide_long_one_none(
    columns, rows, rounds
):
    assert TreeChain()._growth(columns, rows).rounds == rounds
    assert TreeChain(quality="standard")._growth(columns, rows).rounds == 0
    assert TreeChain(honest=False)._growth(columns, rows).rounds == 0
