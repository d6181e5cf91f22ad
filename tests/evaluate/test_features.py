import datetime as dt

import numpy as np

from assaymark.core.schema import Role
from assaymark.evaluate.features import (
    doubled_ranks,
    encoder_of,
    measured_columns,
    numbers_of,
    why_incomparable,
)


def test_dates_are_days_and_times_are_seconds(table):
    data = table(
        {"d": [dt.date(1970, 1, 3), None], "t": [dt.datetime(1970, 1, 1, 0, 1), None]},  # noqa: DTZ001
        d="date",
        t="datetime",
    )
    assert numbers_of(data.frame["d"])[0] == 2.0
    assert numbers_of(data.frame["t"])[0] == 60.0
    assert np.isnan(numbers_of(data.frame["t"])[1])


def test_identifiers_keys_and_text_are_not_measured(table):
    data = table(
        {"who": ["a"], "note": ["b"], "x": [1]},
        roles={"who": [Role.DIRECT_IDENTIFIER]},
        who="category",
        note="text",
        x="integer",
    )
    assert [c.name for c in measured_columns(data)] == ["x"]


def test_new_categories_share_one_code_and_missing_is_nan(table):
    seen = table({"x": ["b", "a", "b", None]}, x="category")
    new = table({"x": ["c", "a", None, "d"]}, x="category")
    encoder = encoder_of(seen.schema.columns, [seen])
    assert encoder.ordinal(seen)[:, 0].tolist()[:3] == [0.0, 1.0, 0.0]
    codes = encoder.ordinal(new)[:, 0]
    assert codes[:2].tolist() == [2.0, 1.0]
    assert np.isnan(codes[2])
    dense = encoder.dense(new)
    assert not np.isnan(dense).any()
    assert dense[2].tolist() == [1.0, 0.0, 0.0, 0.0]  # missing flag alone


def test_too_few_persons_is_a_reason(population, make_case):
    one = population(4, visits=4)
    assert "1 persons" in why_incomparable(make_case(population(9), one, population(9)))
    assert why_incomparable(make_case(population(9), population(9), population(9))) == ""


def test_ranks_count_ties_half():
    seen = np.array([1.0, 2.0, 2.0, 5.0])
    # below plus not above: 0 + 0, 1 + 3, 3 + 3, 3 + 4, 4 + 4; a missing number comes last
    asked = np.array([0.0, 2.0, 3.0, 5.0, 9.0, np.nan])
    assert doubled_ranks(seen, asked).tolist() == [0, 4, 6, 7, 8, 8]
    assert doubled_ranks(seen, asked[[4, 1, 0]]).tolist() == [8, 4, 0]
    assert doubled_ranks(seen[:0], asked).tolist() == [0] * 6
