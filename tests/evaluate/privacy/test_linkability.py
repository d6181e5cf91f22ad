"""Linkability: copies link the halves of a record; fresh rows link nobody more than others."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics
from assaymark.evaluate.risk import random_link

STREAMS = Streams.from_seed(5)


def measured(case):
    return {m.metric: m for m in metrics.build("linkability").measure(case, STREAMS)}


def mixed(schema, *frames):
    return Dataset(schema=schema, frame=pl.concat(frames))


@pytest.fixture(scope="module")
def parts(population):
    return [population(n, s) for n, s in ((1_500, 1), (800, 2), (400, 3), (1_500, 4))]


def test_everybody_copied_is_everybody_linked(table, make_case):
    """Two columns, each of distinct numbers: both halves of a copied person lead to the copy.

    Nobody of the holdout has values near to anything made, in the second column all are as far.
    """
    rng = np.random.default_rng(0)
    train = table(
        {"x": rng.permutation(200).tolist(), "y": rng.permutation(200).tolist()},
        x="integer",
        y="integer",
    )
    holdout = table(
        {"x": rng.permutation(200).tolist(), "y": rng.permutation(200).tolist()},
        x="integer",
        y="integer",
    )
    found = measured(make_case(train, holdout, train))
    rate, excess = found["linkability.rate"], found["linkability.excess"]
    assert rate.value == 1.0
    assert rate.baseline == pytest.approx(1 / 200)
    assert excess.value == pytest.approx(1.0 - excess.details["of_unseen"])
    assert excess.details["of_unseen"] < 0.05
    assert excess.details["residual"][0] == pytest.approx(1.0)


def test_fresh_rows_link_nobody_more_than_others(parts, make_case):
    train, holdout, reference, fresh = parts
    found = measured(make_case(train, holdout, fresh, reference=reference))
    for name in ("linkability.excess", "linkability.excess_near"):
        m = found[name]
        assert m.low <= 0 <= m.high
        assert m.limit_of_detection <= 0.1
        assert m.details["of_unseen"] >= m.details["by_chance"] / 2
        lines = m.details["controls"]
        assert {line["kind"] for line in lines} == {"planted", "null"}
        assert lines[-1]["caught"] <= 3
    assert found["linkability.excess"].details["by_chance"] == random_link(1_500, 1)


def test_planted_copies_are_caught(parts, make_case):
    train, holdout, reference, fresh = parts
    made = mixed(train.schema, train.frame[:150], fresh.frame[150:])
    found = measured(make_case(train, holdout, made, reference=reference))
    assert found["linkability.excess"].low > 0
    assert found["linkability.excess_near"].low > 0


def test_copies_of_unseen_people_are_no_leak_of_train(parts, make_case):
    train, holdout, reference, fresh = parts
    made = mixed(train.schema, holdout.frame[:300], fresh.frame[300:])
    found = measured(make_case(train, holdout, made, reference=reference))
    assert found["linkability.excess"].high < 0


def test_a_person_with_many_rows_counts_once(population, make_case):
    train, holdout = (population(1_000, s, visits=5) for s in (1, 2))
    for m in measured(make_case(train, holdout, population(300, 3))).values():
        assert m.n == 200


def test_one_column_has_no_halves(table, make_case):
    parts = [table({"x": list(range(k, k + 90))}, x="integer") for k in range(3)]
    for m in measured(make_case(*parts)).values():
        assert "no two halves" in m.reason
