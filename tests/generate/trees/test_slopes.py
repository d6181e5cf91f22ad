"""Slopes: regressions of made rows are those of the people, also where trees say too little."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.generate import generators
from assaymark.generate.coding.cells import fit_cells
from assaymark.generate.coding.levels import fit_levels
from assaymark.generate.trees.slopes import Rows, fit_slopes, scores_of


def model_of(data, **parameters):
    source = PrivateSource(_rows=data, record=lambda *_: None)
    return generators.build("tree_chain", parameters).fit(source, Streams.from_seed(1))


def least_squares(y, *x):
    return np.linalg.lstsq(np.column_stack([np.ones(len(y)), *x]), y, rcond=None)[0]


def people(n, rng):
    a, b = rng.normal(size=n), rng.integers(0, 2, n)
    c = 0.15 * a + 0.2 * b + rng.normal(size=n)
    ill = rng.random(n) < 1 / (1 + np.exp(1 - 0.3 * a - 0.2 * c))
    kinds = {"a": Kind.DECIMAL, "b": Kind.BOOLEAN, "c": Kind.DECIMAL, "ill": Kind.BOOLEAN}
    schema = Schema(
        columns=tuple(
            Column(name=k, kind=v, roles=(Role.TARGET,) if k == "ill" else ())
            for k, v in kinds.items()
        )
    )
    columns = {"a": a.round(3), "b": b.astype(bool), "c": c.round(3), "ill": ill}
    return Dataset(schema=schema, frame=pl.DataFrame(columns))


def coefficients(data):
    a, b, c, ill = (data.frame[x].cast(float).to_numpy() for x in ("a", "b", "c", "ill"))
    return np.array([*least_squares(c, a, b)[1:], *least_squares(ill, a, b, c)[1:]])


def test_weak_relations_of_few_people_are_kept_in_full():
    rng, away, trees = np.random.default_rng(5), [], []
    for _ in range(6):
        data = people(1200, rng)
        real = coefficients(data)
        kept, plain = (
            coefficients(model_of(data, **how).sample(range(60_000), Streams.from_seed(2)))
            for how in ({}, {"effects": False, "slopes": False})
        )
        away.append(kept - real)
        trees.append(plain - real)
    # c by a is 0.15; by its trees alone it comes out at less than three quarters of that
    assert np.mean(trees, axis=0)[0] < -0.04
    assert np.abs(np.mean(away, axis=0)).max() < 0.02


def test_scores_are_standardised_values_and_levels():
    column = Column(name="x", kind=Kind.INTEGER)
    values = pl.Series([1] * 50 + [2] * 30 + [5] * 20 + [None] * 20)
    coding, codes = fit_cells(column, values, np.arange(120), 10)
    mass = np.bincount(codes, minlength=coding.size).astype(float)
    score, missing = scores_of(coding, mass, np.arange(coding.size, dtype=np.int32), 8)
    known = score[codes][values.is_not_null().to_numpy()]
    assert abs(known.mean()) < 1e-12
    assert known.std() == pytest.approx(1)
    assert missing.tolist() == [0, 0, 0, 1]
    assert score[-1] == 0
    column = Column(name="x", kind=Kind.CATEGORY)
    coding, codes = fit_levels(column, pl.Series(["a"] * 90 + ["b"] * 60), np.arange(150), 10)
    mass = np.bincount(codes, minlength=coding.size).astype(float)
    assert scores_of(coding, mass, np.arange(2, dtype=np.int32), 8).tolist() == [[0, 1]]


def test_a_column_without_values_has_no_scores():
    column = Column(name="x", kind=Kind.INTEGER)
    values = pl.Series([None] * 50, dtype=pl.Int64)
    coding, _ = fit_cells(column, values, np.arange(50), 10)
    assert scores_of(coding, np.array([50.0]), np.zeros(1, np.int32), 8).shape == (0, 1)


def test_slopes_match_by_hand_and_are_the_same_for_columns_that_say_the_same():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, 4000).astype(np.int32)
    y = (rng.random(4000) < 0.3 + 0.4 * x).astype(np.int32)
    scores, toward = np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])
    share = np.full((4000, 2), 0.5)
    rows = lambda k: Rows(cells=np.stack([x] * k), weight=np.ones(4000))  # noqa: E731
    (alone,) = fit_slopes([scores], toward, (rows(1), y), (rows(1), share), 0.0)
    for v in (0, 1):  # the log of the odds, from even odds
        p = y[x == v].mean()
        assert alone[v, 1] - alone[v, 0] == pytest.approx(np.log(p / (1 - p)), abs=0.02)
    one, two = fit_slopes([scores] * 2, toward, (rows(2), y), (rows(2), share), 1.0)
    np.testing.assert_allclose((one + two)[:, 1], alone[:, 1], atol=0.05)


def test_no_rows_and_no_scores_are_no_slopes():
    none = Rows(cells=np.zeros((1, 0), np.int32), weight=np.zeros(0))
    people = Rows(cells=np.zeros((1, 9), np.int32), weight=np.ones(9))
    seen, made = (people, np.zeros(9, np.int32)), (none, np.zeros((0, 2)))
    (found,) = fit_slopes([np.zeros((0, 1))], np.array([[0.0, 1.0]]), seen, made, 5.0)
    assert found.tolist() == [[0, 0]]
    (found,) = fit_slopes([np.zeros((0, 1))], np.zeros((0, 2)), seen, made, 5.0)
    assert found.tolist() == [[0, 0]]


def test_directions_that_are_turned_and_stretched_give_the_same_slopes():
    rng, n, groups = np.random.default_rng(11), 4000, 5
    cells = rng.integers(0, 3, (2, n)).astype(np.int32)
    scores = [np.array([[-1.0, 0.0, 1.3]]), np.array([[0.4, -0.9, 1.0], [0.0, 1.0, 0.0]])]
    chance = np.exp(0.3 * cells[0][:, None] * np.arange(groups) / 4)
    y = (rng.random((n, 1)) > (chance / chance.sum(1, keepdims=True)).cumsum(1)).sum(1)
    people = Rows(cells=cells, weight=np.ones(n)), y.astype(np.int32)
    made = Rows(cells=cells, weight=np.ones(n)), np.full((n, groups), 1 / groups)
    toward = np.stack([np.arange(groups) / 2.0 - 1, np.arange(groups) ** 2 / 6.0])
    turned = np.array([[3.0, 1.0], [-0.5, 0.2]]) @ toward
    plain, other = (fit_slopes(scores, t, people, made, 5.0) for t in (toward, turned))
    for a, b in zip(plain, other, strict=True):
        assert np.abs(a - b).max() < 0.02
    assert max(np.abs(a).max() for a in plain) > 0.2


def test_slopes_do_not_undo_what_one_column_says_of_another_for_sure():
    # five prices in each of 24 states: their regressions on each other would have slopes so steep
    # that the cut at +-2 left one row in eight with prices of one state; half have them
    rng = np.random.default_rng(0)
    state, base = rng.integers(0, 24, 800), rng.normal(size=(24, 6))
    one = np.round(100 + 20 * base[:, 0])
    prices = [np.round(one * (1 + 0.1 * i) + 3 * base[:, i + 1])[state] for i in range(5)]
    columns = {f"p{i}": p.astype(int) for i, p in enumerate(prices)}
    columns["age"] = rng.integers(20, 80, 800)
    schema = Schema(columns=tuple(Column(name=n, kind=Kind.INTEGER) for n in columns))
    data = Dataset(schema=schema, frame=pl.DataFrame(columns))
    made = model_of(data).sample(range(4000), Streams.from_seed(3)).frame.drop("age")
    real = set(data.frame.drop("age").iter_rows())
    assert np.mean([row in real for row in made.iter_rows()]) > 0.4


def test_a_slope_that_runs_away_is_held_and_takes_less_than_half_of_others_with_it():
    # where x is 1, y is 1 for sure; elsewhere the log of the odds is 0.8 z
    rng, n = np.random.default_rng(12), 6000
    x, z = (rng.random(n) < 0.3).astype(np.int32), rng.integers(0, 3, n).astype(np.int32)
    chance = np.where(x == 1, 1.0, 1 / (1 + np.exp(-0.8 * (z - 1.0))))
    y = (rng.random(n) < chance).astype(np.int32)
    rows = Rows(cells=np.stack([x, z]), weight=np.ones(n))
    scores = [np.array([[0.0, 1.0]]), np.array([[-1.0, 0.0, 1.0]])]
    given = scores, np.array([[0.0, 1.0]]), (rows, y), (rows, np.full((n, 2), 0.5)), 1.0
    steep, held = fit_slopes(*given), fit_slopes(*given, gentle=True)
    odds = [[s[:, 1] - s[:, 0] for s in slopes] for slopes in (steep, held)]
    assert odds[0][0][1] - odds[0][0][0] > 5
    assert odds[1][0][1] - odds[1][0][0] < 4
    by_z = [(of_z[2] - of_z[0]) / 2 for _, of_z in odds]
    assert by_z[0] == pytest.approx(0.8, abs=0.1)
    assert by_z[1] > 0.4
