"""Each attack catches a planted leak, leaves fresh rows alone and counts people once."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics
from assaymark.evaluate.neighbours import nearest, space_of

STREAMS = Streams.from_seed(3)
ATTACKS = ("membership", "copies", "singling_out")


def measured(name, case):
    found = metrics.build(name).measure(case, STREAMS)
    return {(m.metric, m.subject): m for m in found}


@pytest.fixture(scope="module")
def parts(population):
    return [population(n, s) for n, s in ((1000, 1), (500, 2), (300, 3), (1000, 4))]


def test_nearest_equals_brute_force(population):
    a, b = population(80, 1), population(120, 2)
    space = space_of([a, b])
    x, y = space.points(a), space.points(b)
    brute = np.sqrt(np.square(x[:, None, :].astype(float) - y[None]).sum(axis=2))
    found = nearest(x, y, k=3)
    assert found == pytest.approx(np.sort(brute, axis=1)[:, :3], abs=4e-3)


@pytest.mark.parametrize("name", ATTACKS)
def test_train_itself_as_synthetic_is_caught(name, parts, make_case):
    train, holdout, reference, _ = parts
    found = measured(name, make_case(train, holdout, train, reference=reference))
    assert name != "copies" or found.pop(("copies.most_repeated", "table")).value == 1
    for m in found.values():
        nothing = 0.5 if m.metric.endswith("auc") else 0.0
        assert m.low > nothing, m


@pytest.mark.parametrize("name", ATTACKS)
def test_fresh_rows_are_not_accused(name, parts, make_case):
    """At a seed where no interval happens to miss: 2.5 % a figure would by chance."""
    train, holdout, reference, fresh = parts
    for m in measured(name, make_case(train, holdout, fresh, reference=reference)).values():
        if m.low is not None:
            assert m.low <= (0.5 if m.metric.endswith("auc") else 0.0)


@pytest.mark.parametrize("name", ATTACKS)
def test_every_figure_comes_with_a_planted_leak_caught_and_a_null_control_that_is_not(
    name, parts, make_case
):
    train, holdout, reference, fresh = parts
    for m in measured(name, make_case(train, holdout, fresh, reference=reference)).values():
        if m.low is None:  # a reason, or a plain count
            continue
        controls = m.details["controls"]
        planted = [c for c in controls if c["kind"] == "planted"]
        (null,) = [c for c in controls if c["kind"] == "null"]
        assert planted[-1]["caught"] == planted[-1]["of"] == 14, m
        assert null["of"] == 14
        assert null["caught"] <= 3, m  # more than 3 of 14 by chance: once in 2,500


def test_singling_out_does_not_fade_where_train_is_larger_than_the_holdout(population, make_case):
    """All of train is released: about as many are alone with a holdout a fifth as large."""
    train = population(800, 1)
    found = [
        measured("singling_out", make_case(train, population(n, 2), train))[
            "singling_out.excess", "table"
        ].value
        for n in (800, 160)
    ]
    assert found[0] > 0.4
    assert found[1] == pytest.approx(found[0], abs=0.15)


def test_an_overlap_of_train_and_holdout_shows(parts, make_case):
    train, holdout, reference, fresh = parts
    mixed = Dataset(schema=train.schema, frame=pl.concat([train.frame[:100], holdout.frame[100:]]))
    found = measured("hygiene", make_case(train, mixed, fresh, reference=reference))
    shared = found["hygiene.shared_rows", "table"]
    assert shared.value == pytest.approx(0.2)
    assert shared.low > 0.1


def test_a_shifted_holdout_proves_nothing(parts, make_case):
    train, holdout, _, fresh = parts
    moved = Dataset(schema=holdout.schema, frame=holdout.frame.with_columns(pl.col("age") + 60))
    for m in measured("membership", make_case(train, moved, fresh)).values():
        if m.value is not None:
            assert m.limit_of_detection is None
            assert m.low <= (0.5 if m.metric.endswith("auc") else 0.0)


def test_people_with_many_rows_count_once(population, make_case):
    visits = [population(1000, s, visits=5) for s in (1, 2)]
    found = measured("membership", make_case(*visits, population(500, 3)))
    assert found["membership.auc", "table"].n == 200
