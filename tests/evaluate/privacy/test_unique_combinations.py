"""Unique combinations: copies of whole and of half records are caught, fresh rows are not."""

import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics

STREAMS = Streams.from_seed(5)


def measured(case):
    (found,) = metrics.build("unique_combinations").measure(case, STREAMS)
    return found


def mixed(schema, *frames):
    return Dataset(schema=schema, frame=pl.concat(frames))


@pytest.fixture(scope="module")
def parts(population):
    return [population(n, s) for n, s in ((2_500, 1), (1_000, 2), (500, 3), (2_500, 4))]


def test_ratios_by_hand(table, make_case):
    """Forty people of train and eighty of the holdout, each alone with the word; two are made."""
    train = table({"word": [f"t{i}" for i in range(40)]}, word="category")
    holdout = table({"word": [f"h{i}" for i in range(80)]}, word="category")
    made = table({"word": ["t1", "t7", "h3", "new"]}, word="category")
    found = measured(make_case(train, holdout, made))
    assert found.details["of_members"] == pytest.approx(2 / 40)
    assert found.details["of_unseen"] == pytest.approx(1 / 80)
    assert found.value == pytest.approx(2 / 40 - 1 / 80)
    assert found.n == 40


def test_fresh_rows_carry_over_as_much_of_anybody(parts, make_case):
    train, holdout, reference, fresh = parts
    found = measured(make_case(train, holdout, fresh, reference=reference))
    assert found.low <= 0 <= found.high
    assert found.high < 0.03
    assert found.limit_of_detection <= 0.08
    assert found.details["of_unseen"] > 0.1


def test_copies_of_anybody_are_caught(parts, make_case):
    train, holdout, reference, fresh = parts
    made = mixed(train.schema, train.frame[:125], fresh.frame[125:])
    assert measured(make_case(train, holdout, made, reference=reference)).low > 0.01


def test_copies_of_some_columns_are_caught(parts, make_case):
    """Five columns of a tenth of train, the other two of somebody else: no row is a copy."""
    train, holdout, reference, fresh = parts
    leak = train.frame[:250].select("age", "income", "region", "visit", "ill")
    made = pl.concat([fresh.frame[:250].with_columns(leak), fresh.frame[250:]])
    made = Dataset(schema=train.schema, frame=made)
    assert measured(make_case(train, holdout, made, reference=reference)).low > 0


def test_copies_of_unseen_people_are_no_leak_of_train(parts, make_case):
    train, holdout, reference, fresh = parts
    made = mixed(train.schema, holdout.frame[:250], fresh.frame[250:])
    assert measured(make_case(train, holdout, made, reference=reference)).high < 0


def test_persons_count_and_controls_are_shown(population, make_case):
    parts = [population(1_000, s, visits=5) for s in (1, 2)]
    found = measured(make_case(*parts, population(900, 3)))
    assert found.n == 200
    lines = found.details["controls"]
    assert {line["kind"] for line in lines} == {"planted", "null"}
    assert lines[-1]["caught"] <= 3


def test_people_who_are_never_alone_get_a_reason(table, make_case):
    parts = [table({"x": ["a", "b"] * 50}, x="category") for _ in range(3)]
    assert "have a combination that nobody else has" in measured(make_case(*parts)).reason
