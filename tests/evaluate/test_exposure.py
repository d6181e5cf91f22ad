"""Exposure: the group that leaks is named, clean groups are not, small ones are hidden."""

import numpy as np
import polars as pl
import pytest

from assaymark.evaluate.exposure import Called, exposure_of


@pytest.fixture(scope="module")
def sides(population, make_case):
    train, holdout = population(2_000, 1), population(1_500, 2)
    return make_case(train, holdout, population(10, 3)), train, holdout


def called(data, share, seed, *, among=None, extra=0.0):
    rng = np.random.default_rng(seed)
    inside = np.zeros(data.n) if among is None else (data.frame["sex"] == among).to_numpy()
    return Called(data, rng.random(data.n) < share + extra * inside)


def test_a_group_that_leaks_more_is_marked(sides):
    case, train, holdout = sides
    leak = called(train, 0.05, 1, among="f", extra=0.3)
    lines = {x["group"]: x for x in exposure_of(case, leak, called(holdout, 0.05, 2))}
    assert lines["sex=f"]["exposed"]
    assert not lines["sex=m"]["exposed"]
    assert lines["sex=f"]["value"] == pytest.approx(0.3, abs=0.05)


def test_equal_groups_are_drawn_together_and_none_is_marked(sides):
    """All groups at once: at most 5 % of the draws may mark any; 20 draws, 4 allowed."""
    case, train, holdout = sides
    marked = 0
    for seed in range(20):
        lines = exposure_of(case, called(train, 0.05, seed), called(holdout, 0.05, 100 + seed))
        marked += any(x["exposed"] for x in lines)
        values = [x["value"] for x in lines]
        assert max(values) - min(values) < 0.05
    assert marked <= 4


def test_small_groups_are_left_out_and_counts_are_rounded(sides):
    case, train, holdout = sides
    few = train.take(np.arange(100))
    lines = exposure_of(case, called(few, 0.05, 1), called(holdout, 0.05, 2))
    assert all(x["n"] >= 30 and x["n"] % 10 == 0 for x in lines)
    assert {x["group"].partition("=")[0] for x in lines} <= {"sex", "age"}


def test_without_protected_columns_there_is_nothing_to_show(table, make_case):
    data = table({"x": [1, 2, 3]}, x="integer")
    case = make_case(data, data, data)
    flags = np.array([True, False, True])
    assert exposure_of(case, Called(data, flags), Called(data, flags)) == []
    assert pl.DataFrame.equals(data.frame, case.train.frame)
