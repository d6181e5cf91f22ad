import numpy as np

from assaymark.core.measurement import NO_SUBJECT
from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.evaluate.fairness.disparity import Disparity

STREAMS = Streams.from_seed(0)


def rows(table, seed, *, broken=False, n=900):
    """y follows x in both groups; where broken, group b's y is noise."""
    rng = np.random.default_rng(seed)
    x, g = rng.normal(size=n), rng.random(n) < 0.4
    y = x + 0.3 * rng.normal(size=n) > 0
    y = np.where(g & broken, ~y, y)
    return table(
        {"x": x, "g": np.where(g, "b", "a"), "y": y},
        roles={"g": [Role.PROTECTED], "y": [Role.TARGET]},
        x="decimal",
        g="category",
        y="boolean",
    )


def measured(case):
    return {(m.metric, m.subject): m for m in Disparity().measure(case, STREAMS)}


def test_nothing_is_introduced_by_the_same_population(table, make_case):
    found = measured(make_case(rows(table, 1), rows(table, 2), rows(table, 3)))
    for m in (found["disparity.introduced", f"group:g={g}"] for g in "ab"):
        assert m.low <= 0 <= m.high
        assert m.high < 0.1


def test_a_group_that_the_synthetic_rows_get_wrong_is_named(table, make_case):
    found = measured(make_case(rows(table, 1), rows(table, 2), rows(table, 3, broken=True)))
    assert found["disparity.introduced", "group:g=b"].low > 0.5
    assert found["disparity.introduced", "group:g=a"].high < -0.5


def test_inequality_of_the_real_rows_is_not_held_against_the_synthetic(table, make_case):
    unequal = [rows(table, s, broken=True) for s in (1, 2, 3)]
    found = measured(make_case(*unequal))["disparity.introduced", "group:g=b"]
    assert found.low <= 0 <= found.high


def test_small_groups_are_named_apart_and_selection_needs_two_classes(population, make_case):
    parts = [population(400, s) for s in (1, 2, 3)]
    found = measured(make_case(*parts))
    assert ("disparity.introduced", "group:sex=f") in found
    assert any(name.endswith("_small") and "age" in s for name, s in found)


def test_where_no_group_is_small_there_is_nothing_to_judge(table, make_case):
    found = measured(make_case(rows(table, 1), rows(table, 2), rows(table, 3)))
    assert found["disparity.introduced_small", NO_SUBJECT].reason == "no group is small"
    assert found["disparity.introduced_selection_small", NO_SUBJECT].reason == "no group is small"
    assert {s for name, s in found if "small" not in name} == {"group:g=a", "group:g=b"}
