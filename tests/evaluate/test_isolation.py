"""Isolation: the same for members and controls, no accident of ties or rounding."""

import importlib

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.evaluate.isolation import most_isolated, scene_of, sides_of


def few_values(n, seed, columns=6):
    """Rows of ``columns`` categories with three values each: most rows have equals."""
    rng = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(columns)]
    frame = {c: np.array(list("abc"))[rng.choice(3, n, p=[0.7, 0.25, 0.05])] for c in names}
    schema = Schema(columns=tuple(Column(name=c, kind=Kind.CATEGORY) for c in names))
    return Dataset(schema=schema, frame=pl.DataFrame(frame))


def test_ties_are_taken_whole_on_both_sides(make_case):
    scene = scene_of(make_case(few_values(1_500, 1), few_values(900, 2), few_values(1_500, 3)))
    members, controls = most_isolated(scene.members, scene.controls, 300)
    cut = members.isolation.min()
    assert cut > 0.1  # rounding is not isolation
    assert members.n == (scene.members.isolation >= cut - 1e-9).sum()
    assert controls.n == (scene.controls.isolation >= cut - 1e-9).sum()


def test_isolation_of_members_and_controls_has_one_distribution(population, make_case):
    case = make_case(
        population(2_000, 1), population(1_000, 2), population(50, 3), reference=population(500, 4)
    )
    scene = scene_of(case)
    a, b = scene.members.isolation, scene.controls.isolation
    for q in (0.1, 0.5, 0.9):
        assert np.quantile(a, q) == pytest.approx(np.quantile(b, q), abs=0.05)


def test_all_rows_of_a_person_stand_together(population, make_case):
    """A table whose persons have ten rows: one entry per person."""
    parts = [population(600, s, visits=10) for s in (1, 2, 4)]
    scene = scene_of(make_case(*parts[:2], population(50, 3), reference=parts[2]))
    assert scene.members.n == scene.controls.n == 60


def test_ones_own_other_rows_are_not_company(population, make_case):
    """Each row twice under one person: as isolated as once."""
    once = population(300, 1)
    twice = once.take(np.repeat(np.arange(300), 2))
    doubled = Dataset(
        schema=once.schema, frame=twice.frame, persons=np.repeat(np.arange(300), 2).astype(np.int64)
    )
    others = population(200, 2), population(50, 3)
    plain = scene_of(make_case(once, *others)).members.isolation
    again = scene_of(make_case(doubled, *others)).members.isolation
    assert again.min() > 0
    assert len(again) == len(plain)
    assert np.median(again) == pytest.approx(np.median(plain), rel=0.2)  # others count twice


def test_of_a_large_table_a_sample_and_the_most_isolated_are_looked_at(
    population, make_case, monkeypatch
):
    """As if the limit were 300 rows a side; what is looked at comes out as without a limit."""
    parts = [population(n, s) for n, s in ((1_500, 1), (900, 2), (200, 3))]
    reference = population(300, 4)
    whole = scene_of(make_case(*parts, reference=reference))
    isolation = importlib.import_module("assaymark.evaluate.isolation")
    monkeypatch.setattr(isolation, "_PAIRS", 300 * 200)
    monkeypatch.setattr(isolation, "_WATCHED", 100)
    part = scene_of(make_case(*parts, reference=reference))
    for some, every in ((part.members, whole.members), (part.controls, whole.controls)):
        seen = ~np.isnan(some.score)
        assert every.drawn.all()
        assert some.some.n == some.drawn.sum() == 300
        np.testing.assert_array_equal(some.score[seen], every.score[seen])
        np.testing.assert_array_equal(some.copied, every.copied)
        np.testing.assert_array_equal(some.distinctive, every.distinctive)
    for some in most_isolated(part.members, part.controls, 100):
        assert not np.isnan(some.score).any()
        assert not np.isnan(some.synthetic).any()


def test_a_reference_that_is_given_is_used(population, make_case):
    train, holdout = population(60, 1), population(80, 2)
    case = make_case(train, holdout, population(50, 3), reference=population(40, 4))
    held, reference, borrowed = sides_of(case)
    assert (held.n, reference.n, borrowed) == (80, 40, False)


def test_matched_pairs_in_turn_do_not_split_into_the_two_kinds(table, make_case):
    """Cases and controls in turn: by place, one half would be all cases. 50 of 100, 40 to 60."""
    rows = table({"ill": [0, 1] * 100}, ill="integer")
    held, reference, _ = sides_of(make_case(rows, rows, rows))
    assert held.n == reference.n == 100
    assert 40 <= held.frame["ill"].sum() <= 60
    given = sides_of(make_case(rows, rows, rows, reference=rows))[0]
    assert 40 <= given.frame["ill"].gather_every(2).sum() <= 60


def test_mixing_keeps_the_rows_of_a_person_together(population, make_case):
    visits = population(400, 1, visits=4)
    held, reference, _ = sides_of(make_case(visits, visits, visits))
    assert held.n_persons == reference.n_persons == 50
    for part in (held, reference):
        ages = part.frame.with_columns(who=part.person_codes).group_by("who").agg("age")
        assert all(len(set(a)) == 1 and len(a) == 4 for a in ages["age"])


def test_what_chance_repeats_is_learnt_from_all_rows_not_from_the_anchors_alone():
    """No two anchors are equal, but each has equals among the other rows: nobody is distinctive."""
    isolation = importlib.import_module("assaymark.evaluate.isolation")
    points = np.random.default_rng(1).standard_normal((100, 3)).astype(np.float32)
    own, keys = np.arange(100), np.arange(100, dtype=np.uint64)
    anchors = isolation._Anchors(points, own, keys, np.ones(100))
    assert isolation._chance(anchors, [points], keys, own, (100, 1)).distinctive == 0
    everyone = np.arange(2_000)
    chance = isolation._chance(
        anchors, [np.tile(points, (20, 1))], np.tile(keys, 20), everyone, (100, 1)
    )
    assert chance.distinctive == np.inf


def test_that_none_of_a_handful_is_repeated_shows_nothing():
    """The fifty farthest are not repeated, all others are: nobody is distinctive; 150 are."""
    isolation = importlib.import_module("assaymark.evaluate.isolation")
    for far, expected in ((50, np.inf), (150, 1.0)):
        repeated = np.arange(1_000) >= far
        distance = np.where(repeated, 0.5, 1.0)
        assert isolation._far_enough(repeated, distance, 1.0) == expected


def test_what_chance_puts_near_one_person_in_ten_thousand_is_extrapolated():
    """In three dimensions a share r holds r^3 of the rows: a tenth of a thousandth at 0.046."""
    rng = np.random.default_rng(3)
    by_chance = importlib.import_module(scene_of.__module__)._near_by_chance
    found = [by_chance(rng.random(4_000) ** (1 / 3), np.ones(4_000), t) for t in (1.0, 8.0)]
    assert found[0] == pytest.approx(1e-4 ** (1 / 3), rel=0.25)
    assert found[1] == pytest.approx(found[0] / 2, rel=0.25)  # eight times the rows, half as near
