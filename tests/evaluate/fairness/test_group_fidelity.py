import numpy as np

from assaymark.core.measurement import NO_SUBJECT
from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.evaluate.fairness.group_fidelity import GroupFidelity

STREAMS = Streams.from_seed(0)


def rows(table, seed, *, alike=False, n=3_000):
    """Group b, a fifth of the rows, has another x and y; where ``alike``, it is like all others."""
    rng = np.random.default_rng(seed)
    g = rng.random(n) < 0.2
    shift = np.where(g & (not alike), 1.5, 0.0)
    return table(
        {
            "g": np.where(g, "b", "a"),
            "x": rng.normal(size=n) + shift,
            "y": rng.normal(size=n) - shift,
        },
        roles={"g": [Role.PROTECTED]},
        g="category",
        x="decimal",
        y="decimal",
    )


def measured(case):
    return {(m.metric, m.subject): m for m in GroupFidelity().measure(case, STREAMS)}


def test_the_same_population_is_within_the_noise_of_each_group(table, make_case):
    found = measured(make_case(*(rows(table, s) for s in (1, 2, 3))))
    for g in "ab":
        m = found["group_fidelity.mean", f"group:g={g}"]
        assert m.low == 0
        assert m.high < 0.1
        assert m.floor < 0.05
    assert found["group_fidelity.mean", "group:g=b"].n <= 650


def test_a_group_drawn_like_everyone_else_is_seen(table, make_case):
    found = measured(make_case(*(rows(table, s) for s in (1, 2)), rows(table, 3, alike=True)))
    m = found["group_fidelity.mean", "group:g=b"]
    assert m.low > 0.1
    assert m.details["worst_column"] in {"x", "y"}
    assert found["group_fidelity.mean", "group:g=a"].high < 0.1


def test_small_groups_have_a_name_of_their_own_and_the_smallest_a_reason(table, make_case):
    found = measured(make_case(*(rows(table, s, n=600) for s in (1, 2, 3))))
    assert found["group_fidelity.mean_small", "group:g=b"].value is not None
    tiny = measured(make_case(*(rows(table, s, n=100) for s in (1, 2, 3))))
    assert "fewer than 30" in tiny["group_fidelity.mean_small", "group:g=b"].reason


def test_without_a_protected_column_there_is_nothing_to_judge(table, make_case):
    plain = [table({"x": list(range(50))}, x="integer")] * 3
    assert {s for _, s in measured(make_case(*plain))} == {NO_SUBJECT}
