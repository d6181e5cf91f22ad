"""Alike: rare levels give way to common ones of their group; no pair comes about by that."""

import numpy as np
import polars as pl
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.coding.alike import drawn_alike
from assaymark.generate.coding.encoding import encode
from assaymark.generate.relations.derived import find_absent, find_derived


def diagnoses(n=4000, seed=0):
    """Codes of ten chapters, a third of the codes too rare to come out."""
    rng = np.random.default_rng(seed)
    chapter = rng.choice(10, n, p=np.arange(1, 11) / 55)
    code = np.where(rng.random(n) < 0.3, rng.integers(100, 400, n), rng.integers(0, 9, n))
    return table(
        chapter=(Kind.CATEGORY, [f"chapter {c}" for c in chapter]),
        code=(Kind.CATEGORY, [f"{c}.{k}" for c, k in zip(chapter, code, strict=True)]),
    )


def test_a_rare_level_gives_way_to_one_of_its_group():
    data, streams = diagnoses(), Streams.from_seed(0)
    encoded = encode(data, 10, streams)
    rare = encoded.redrawn[1]
    assert 0.25 < rare.mean() < 0.4
    levels = encoded.encoding.codings[1].levels
    found = drawn_alike(encoded, streams)
    own = [levels[c].split(".")[0] for c in found.codes[1]]
    right = np.array([f"chapter {o}" for o in own]) == data.frame["chapter"].to_numpy()
    assert right.all()
    assert (found.codes[1, ~rare] == encoded.codes[1, ~rare]).all()


def test_columns_that_say_no_group_are_left_alone():
    data, streams = diagnoses(), Streams.from_seed(0)
    frame = data.frame.with_columns(pl.col("chapter").shuffle(seed=1))
    mixed = table(
        chapter=(Kind.CATEGORY, frame["chapter"].to_list()),
        code=(Kind.CATEGORY, frame["code"].to_list()),
    )
    encoded = encode(mixed, 10, streams)
    assert drawn_alike(encoded, streams).codes is encoded.codes


def test_no_code_comes_out_in_a_chapter_that_is_not_its_own():
    made = fit(diagnoses()).sample(range(5000), Streams.from_seed(1)).frame
    own = made["code"].str.split(".").list.first()
    assert ("chapter " + own == made["chapter"]).all()


def test_levels_of_which_few_may_come_out_follow_from_nothing():
    # 2,008 articles, each with its price; eight have fifteen rows, all others four
    rng = np.random.default_rng(0)
    article = np.concatenate([np.repeat(np.arange(8), 15), np.repeat(np.arange(8, 2008), 4)])
    price = rng.lognormal(3, 1, 2008).round(2)[article]
    data = table(
        article=(Kind.CATEGORY, [f"A{a:04}" for a in article]),
        price=(Kind.DECIMAL, price.tolist()),
    )
    encoded = encode(data, 10, Streams.from_seed(0))
    assert encoded.redrawn[0].mean() > 0.9
    assert 0 not in find_derived(encoded, [0, 1], cells=False)
    made = fit(data).sample(range(5000), Streams.from_seed(1)).frame
    assert made["article"].value_counts()["count"].max() < 0.3 * 5000


def test_what_only_one_group_has_is_missing_in_all_others():
    # of those seen a third time a fifth have no value, of others nobody has one
    rng = np.random.default_rng(0)
    visit = rng.integers(1, 4, 3000)
    value = np.where((visit == 3) & (rng.random(3000) < 0.8), rng.normal(50, 9, 3000).round(), None)
    data = table(visit=(Kind.INTEGER, visit.tolist()), value=(Kind.DECIMAL, value.tolist()))
    model = fit(data)
    assert model.summary["missing_because"] == {"value": "visit"}
    made = model.sample(range(5000), Streams.from_seed(1)).frame
    assert made.filter(pl.col("visit") != 3)["value"].null_count() == (made["visit"] != 3).sum()
    third = made.filter(pl.col("visit") == 3)["value"]
    assert abs(third.null_count() / len(third) - 0.2) < 0.05


def test_it_is_so_too_where_another_column_follows_from_what_says_it():
    # the visit follows from the day, whose codes are too many to say it one by one
    rng = np.random.default_rng(1)
    visit = rng.integers(1, 4, 3000)
    day = (visit - 1) * 2000 + rng.integers(0, 300, 3000)
    value = np.where((visit == 3) & (rng.random(3000) < 0.8), rng.normal(50, 9, 3000).round(), None)
    data = table(
        visit=(Kind.INTEGER, visit.tolist()),
        day=(Kind.INTEGER, day.tolist()),
        value=(Kind.DECIMAL, value.tolist()),
    )
    made = fit(data).sample(range(5000), Streams.from_seed(1)).frame
    assert made.filter(pl.col("visit") != 3)["value"].null_count() == (made["visit"] != 3).sum()


def test_chance_makes_no_column_missing_because_of_another():
    # of 10,000 rows one in a hundred has a value, whatever the group, of which there are 100
    rng = np.random.default_rng(2)
    group = [f"g{g}" for g in rng.integers(0, 100, 10_000)]
    value = [float(v) if r < 0.01 else None for v, r in rng.random((10_000, 2)).tolist()]
    data = table(group=(Kind.CATEGORY, group), value=(Kind.DECIMAL, value))
    encoded = encode(data, 10, Streams.from_seed(0))
    assert find_absent(encoded, [0, 1]) == {}
