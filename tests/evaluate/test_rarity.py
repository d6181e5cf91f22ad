"""Rarity: by the rarest value of a row, all columns on one footing; copies of the rare are seen."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics
from assaymark.evaluate.isolation import rarest, scene_of
from assaymark.evaluate.rarity import rarities


def one(table, values, kind):
    return rarities([table({"v": values}, v=kind)])[0].tolist()


def test_a_code_is_as_rare_as_all_codes_that_are_as_frequent_or_less(table):
    assert one(table, ["a"] * 7 + ["b", "c"] + [None], "category") == [1.0] * 7 + [0.3] * 3


def test_where_all_values_differ_nobody_is_rare(table):
    assert one(table, [f"name {i}" for i in range(9)], "category") == [1.0] * 9


def test_a_number_is_rare_as_far_out_as_few_are_or_where_it_is_seldom(table):
    values = [1, 1, 2, 2, 2, 2, 3, 5, 5, 5]
    assert one(table, values, "integer") == pytest.approx(
        [0.3, 0.3, 1, 1, 1, 1, 0.1, 0.6, 0.6, 0.6]
    )
    assert one(table, [4.0, 1.0, None, 2.0, 3.0], "decimal") == pytest.approx(
        [0.5, 0.5, 1.0, 1.0, 1.0]
    )


def test_tables_are_ranked_together_and_given_back_apart(table):
    parts = [table({"v": v}, v="category") for v in (["a", "b"], ["a"], ["a", "a"])]
    assert [r.tolist() for r in rarities(parts)] == [[1.0, 0.2], [1.0], [1.0, 1.0]]


def crowd(table, n, seed):
    """Three numbers all near the middle, and three columns of codes, some very rare."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, 41) ** 1.2
    codes = {f"c{i}": rng.choice(40, n, p=share / share.sum()).astype(str) for i in range(3)}
    numbers = {f"x{i}": rng.random(n) for i in range(3)}
    return table(
        {**codes, **numbers},
        **dict.fromkeys(codes, "category"),
        **dict.fromkeys(numbers, "decimal"),
    )


def test_copies_of_people_with_one_rare_code_are_caught_among_the_rare(table, make_case):
    train, holdout, fresh = (crowd(table, n, s) for s, n in enumerate((2_500, 2_500, 2_500)))
    clean = make_case(train, holdout, fresh)
    rare = np.argsort(scene_of(clean).members.rarity, kind="stable")[:25]
    frame = pl.concat([train.frame[rare], fresh.frame[25:]])
    leaky = make_case(train, holdout, Dataset(schema=train.schema, frame=frame))
    found = [
        {
            m.subject: m
            for m in metrics.build("copies").measure(c, Streams.from_seed(1))
            if m.metric == "copies.isolated_excess"
        }
        for c in (clean, leaky)
    ]
    assert found[0]["records:rare"].high < 0.02
    assert found[0]["records:rare"].limit_of_detection <= 0.03
    leaked = 25 / found[1]["records:rare"].n
    assert found[1]["records:rare"].low > leaked / 2
    assert found[1]["records:isolated"].low < 0.02


def test_people_of_common_values_are_not_rare_whatever_is_wanted(table, make_case):
    rng = np.random.default_rng(0)
    parts = [
        table({"v": rng.choice(["a", "b"], 200, p=[0.4, 0.6]).tolist()}, v="category")
        for _ in range(3)
    ]
    scene = scene_of(make_case(*parts))
    members, controls = rarest(scene.members, scene.controls, 150)
    assert set(parts[0].frame["v"].gather(members.record)) == {"a"}
    assert controls.n < scene.controls.n


def test_members_with_a_rare_value_who_are_given_away_are_recognised(table, make_case):
    train, holdout = (crowd(table, 1_500, s) for s in (1, 2))
    found = {
        m.subject: m
        for m in metrics.build("membership").measure(
            make_case(train, holdout, train), Streams.from_seed(1)
        )
        if m.metric == "membership.excess_tpr"
    }
    assert found["records:rare"].low > 0.7


def test_somebody_rare_in_a_crowd_is_no_near_copy_by_chance_however_many_rows_are_made(
    table, make_case
):
    train, holdout, fresh = (crowd(table, n, s) for s, n in enumerate((6_000, 6_000, 20_000)))
    scene = scene_of(make_case(train, holdout, fresh))
    near = [
        (p.distinctive & (p.synthetic <= scene.chance.near_rare * p.isolation)).sum()
        for p in rarest(scene.members, scene.unseen, 900)
    ]
    assert sum(near) <= 1
