import math

import pytest

from assaymark.core.measurement import NO_SUBJECT
from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.evaluate.fairness.representation import Representation

STREAMS = Streams.from_seed(0)


def rows(table, n, share):
    k = round(n * share)
    return table({"g": ["a"] * k + ["b"] * (n - k)}, roles={"g": [Role.PROTECTED]}, g="category")


def measured(case):
    return {(m.metric, m.subject): m for m in Representation().measure(case, STREAMS)}


def test_log_odds_ratio_by_hand(table, make_case):
    """One half against four fifths: odds 1 and 4, so log 4; the other group is its mirror."""
    half, more = rows(table, 5000, 0.5), rows(table, 5000, 0.8)
    found = measured(make_case(half, half, more))
    up = found["representation.log_disparity", "group:g=a"]
    down = found["representation.log_disparity", "group:g=b"]
    assert up.value == pytest.approx(math.log(4), abs=0.001)
    assert down.value == pytest.approx(-up.value)
    # Woolf: 1/5000 + 1/5000 (both real parts) + 1/4000 + 1/1000
    assert up.high - up.value == pytest.approx(1.96 * math.sqrt(0.0004 + 0.00125), rel=0.01)
    assert up.floor == 0.0


def test_groups_too_small_for_a_narrow_margin_have_a_name_of_their_own(table, make_case):
    part = rows(table, 1000, 0.1)
    found = measured(make_case(part, part, part))
    assert found["representation.log_disparity_small", "group:g=a"].n == 200
    assert found["representation.log_disparity", NO_SUBJECT].reason == "no group is large"


def test_a_vanished_group_is_a_large_number_not_a_crash(table, make_case):
    found = measured(make_case(*[rows(table, 1000, 0.1)] * 2, rows(table, 1000, 0.0)))
    gone = found["representation.log_disparity_small", "group:g=a"]
    assert gone.value < -4
    assert gone.high < -1


def test_few_people_and_no_groups_are_reasons(table, make_case):
    part = rows(table, 600, 0.006)
    found = measured(make_case(part, part, part))
    assert found["representation.log_disparity_small", "group:g=rare or new"].value is None
    plain = table({"x": [1, 2, 3]}, x="integer")
    alone = measured(make_case(plain, plain, plain))
    assert "no protected column" in alone["representation.log_disparity", "group:*"].reason
