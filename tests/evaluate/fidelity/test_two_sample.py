import numpy as np
import pytest

from assaymark.core.streams import Streams
from assaymark.evaluate.fidelity.two_sample import TwoSample

STREAMS = Streams.from_seed(0)


def auc(case):
    (found,) = TwoSample().measure(case, STREAMS)
    return found


def test_same_population_cannot_be_told_apart(population, make_case):
    """Five draws: an interval of 95 % misses 0.5 in two of five once in 40 times."""
    found = [auc(make_case(*(population(300, 3 * s + k) for k in range(3)))) for s in range(5)]
    assert sum(m.low <= 0.5 <= m.high for m in found) >= 4
    assert all(m.high < 0.65 for m in found)
    assert {m.n for m in found} == {300}


def test_a_changed_column_is_found_and_named(population, make_case):
    made = population(600, 3)
    odd = made.frame.with_columns(made.frame["age"] * 2)
    case = make_case(
        population(600, 1), population(600, 2), type(made)(schema=made.schema, frame=odd)
    )
    found = auc(case)
    assert found.low > 0.6
    assert found.details["top"][0]["column"] == "age"


def test_a_lost_relation_is_found(table, make_case):
    def rows(seed, related=True):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=500)
        y = x if related else rng.permutation(x)
        return table({"x": x, "y": y}, x="decimal", y="decimal")

    found = auc(make_case(rows(1), rows(2), rows(3, related=False)))
    assert found.value > 0.9
    assert found.baseline > 0.9
    assert found.floor == pytest.approx(0.5, abs=0.06)


def test_what_two_dates_are_about_is_their_difference(table, make_case):
    def rows(seed, related=True):
        rng = np.random.default_rng(seed)
        came, stay = rng.integers(0, 900, 1000), rng.integers(1, 40, 1000)
        cost = 180 * (stay if related else rng.permutation(stay)) + rng.integers(0, 900, 1000)
        columns = {"came": came, "left": came + stay, "cost": cost}
        return table(columns, came="integer", left="integer", cost="integer")

    lost, kept = (auc(make_case(rows(1), rows(2), rows(3, related=r))) for r in (False, True))
    assert lost.low > 0.85
    assert "left" in lost.details["top"][0]["column"] or lost.details["top"][0]["column"] == "cost"
    assert kept.low < 0.52


def test_few_rows_are_a_reason(population, make_case):
    found = auc(make_case(population(100, 1), population(12, 2), population(100, 3)))
    assert found.value is None
    assert found.n == 12
