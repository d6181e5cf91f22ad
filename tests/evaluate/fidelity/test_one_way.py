import numpy as np
import pytest

from assaymark.core.streams import Streams
from assaymark.evaluate.fidelity.one_way import OneWay

STREAMS = Streams.from_seed(0)


def by_subject(case):
    return {(m.metric, m.subject): m for m in OneWay().measure(case, STREAMS)}


def test_known_distance_is_found(table, make_case):
    """Real 50/50, synthetic 80/20: the distance is 0.3."""

    def rows(n, share):
        return table({"x": ["a"] * int(n * share) + ["b"] * (n - int(n * share))}, x="category")

    found = by_subject(make_case(rows(4000, 0.5), rows(4000, 0.5), rows(4000, 0.8)))
    one = found["one_way.distance", "column:x"]
    assert one.value == pytest.approx(0.3, abs=0.005)
    assert 0.27 < one.low < 0.3 < one.high < 0.33
    assert one.n == 4000
    assert one.details["real"] == [0.5, 0.5]
    assert one.details["synthetic"] == [0.8, 0.2]


def test_same_population_is_near_zero_and_a_shift_is_not(population, make_case):
    case = make_case(population(3000, 1), population(3000, 2), population(3000, 3))
    good = by_subject(case)["one_way.mean", "table"]
    assert good.low == 0.0
    assert good.high < 0.05
    older = case.synthetic.frame.with_columns(case.synthetic.frame["age"] + 15)
    shifted = type(case.synthetic)(schema=case.schema, frame=older)
    bad = by_subject(make_case(case.train, case.holdout, shifted))["one_way.distance", "column:age"]
    assert bad.low > 0.1


def test_a_copy_of_train_is_judged_against_the_holdout(population, make_case):
    """Copying train cannot look better than train itself does against the holdout."""
    train = population(500, 1)
    for m in OneWay().measure(make_case(train, population(500, 2), train), STREAMS):
        assert m.value == pytest.approx(m.floor)


def test_losing_missing_values_is_seen(table, make_case):
    some = table({"x": [None] * 300 + list(range(700))}, x="integer")
    none = table({"x": list(range(700))}, x="integer")
    found = by_subject(make_case(some, some, none))["one_way.distance", "column:x"]
    assert found.low > 0.15
    assert found.details["missing_real"] == pytest.approx(0.3)
    assert found.details["missing_synthetic"] == 0.0


def test_shares_on_few_rows_are_withheld(table, make_case):
    rows = table({"x": ["a"] * 994 + ["b"] * 6}, x="category")
    details = by_subject(make_case(rows, rows, rows))["one_way.distance", "column:x"].details
    assert details["real"] == [0.994, None]


def test_two_rows_prove_nothing(population, make_case):
    few = population(2, 1)
    high = [m.high for m in OneWay().measure(make_case(few, few, population(2, 2)), STREAMS)]
    assert np.median(high) > 0.5
