import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.core.notice import Answer, Finding, Observation, Withdrawal
from assaymark.decide.lifecycle import TRANSITIONS, Status
from assaymark.decide.standing import standing

TODAY = date(2026, 11, 25)
WITHDRAWAL = Withdrawal(
    release="r", name="n", reason="privacy", why="w", instruct="stop", successor="", made_at="t"
)


def finding(i):
    claim = f"claim {i}"
    return f"f{i}", Finding(
        release="r", claim=claim, method="m", evidence="", public="0" * 64, made_at="t"
    )


def answered(i, outcome):
    made = Answer(release="r", finding=f"f{i}", outcome=outcome, reason="because", made_at="t")
    return f"a{i}{outcome}", made


def observed(then, uses=()):
    made = Observation(
        release="r", name="n", watch="w", policy="p", observe="column", seen=("age moved",),
        method="m", then=then, verdicts=("learning",) if uses else (), uses=uses, made_at="t",
    )  # fmt: skip
    return f"o{then}{uses}", made


EVENTS = [
    observed("degraded"),
    observed("stale", ("analytics",)),
    *map(finding, range(4)),
    *(answered(i, o) for i in range(4) for o in ("upheld", "refuted")),
]


def status(*notices, expires=""):
    return standing(notices, expires=expires, today=TODAY).status


def test_a_finding_contests_until_it_is_answered():
    assert status() is Status.RELEASED
    assert status(finding(1)) is Status.CONTESTED
    assert status(finding(1), answered(1, "refuted")) is Status.RELEASED
    assert status(finding(1), answered(1, "upheld")) is Status.DEGRADED
    assert status(finding(1), finding(2), answered(1, "refuted")) is Status.CONTESTED
    assert status(answered(1, "upheld")) is Status.RELEASED


def test_a_withdrawal_is_final_and_expiry_follows_the_date():
    assert status(("w", WITHDRAWAL), finding(1)) is Status.WITHDRAWN
    assert status(expires="2026-11-24") is Status.EXPIRED
    assert status(expires="2026-11-25") is Status.RELEASED
    assert status(("w", WITHDRAWAL), expires="2026-01-01") is Status.WITHDRAWN


def test_an_observation_degrades_or_makes_a_use_stale():
    assert status(observed("degraded")) is Status.DEGRADED
    assert status(observed("degraded"), finding(1), answered(1, "refuted")) is Status.DEGRADED
    assert status(finding(1), observed("degraded")) is Status.CONTESTED
    assert status(finding(1), observed("degraded"), answered(1, "refuted")) is Status.DEGRADED
    asked = standing([observed("recommend_withdrawal")], expires="", today=TODAY)
    assert asked.words == "DEGRADED: withdrawal is recommended: age moved"
    now = standing([observed("stale", ("analytics",))] * 2, expires="", today=TODAY)
    assert (now.status, [s.use for s in now.stale]) == (Status.RELEASED, ["analytics"])
    assert now.words == (
        "RELEASED; STALE for analytics: the verdict of learning is STALE since age moved"
    )


def expected(events):
    """Say the same in another way: look at the whole story instead of replaying it."""
    if any(isinstance(n, Withdrawal) for _, n in events):
        return Status.WITHDRAWN
    left, upheld = set(), False
    for digest, notice in events:
        if isinstance(notice, Finding):
            left.add(digest)
        elif isinstance(notice, Observation):
            upheld |= notice.then == "degraded"
        elif notice.finding in left:
            left.discard(notice.finding)
            upheld |= notice.outcome == "upheld"
    return Status.CONTESTED if left else Status.DEGRADED if upheld else Status.RELEASED


@pytest.mark.slow
@settings(max_examples=2_000, deadline=None)
@given(st.integers(0, 2**32))
def test_no_sequence_of_notices_reaches_an_illegal_state(seed):
    rng = random.Random(seed)
    events = rng.choices([*EVENTS, ("w", WITHDRAWAL)], [1] * len(EVENTS) + [0.05], k=50)
    assert status(*events) is expected(events)
    before = Status.RELEASED
    for n in range(1, 51):
        now = status(*events[:n]) if n % 25 == 0 else None
        if now is not None:
            reachable = now is before or _reaches(before, now)
            assert reachable, f"{before} to {now}"
            before = now


def _reaches(start, end):
    seen, todo = {start}, [start]
    while todo:
        for then in TRANSITIONS[todo.pop()] - seen:
            seen.add(then)
            todo.append(then)
    return end in seen
