"""No order of valid statements releases what ought not to be released."""

import importlib.util
import random
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from assaymark.decide import story as module
from assaymark.decide.lifecycle import NEEDS, Status
from assaymark.decide.story import (
    Approved,
    Committed,
    Judged,
    Made,
    Measured,
    Offered,
    Opened,
    Story,
    advance,
)
from assaymark.errors import IntegrityError


def bench():
    path = Path(__file__).parents[2] / "bench" / "lifecycle.py"
    spec = importlib.util.spec_from_file_location("bench_lifecycle", path)
    found = importlib.util.module_from_spec(spec)
    sys.modules["bench_lifecycle"] = found
    spec.loader.exec_module(found)
    return found


BENCH = bench()
GROUPS = BENCH.alphabet()


class Lifecycle(RuleBasedStateMachine):
    """Put statements to a story in any order; the oracle looks at the whole history."""

    @initialize(count=st.integers(0, 4))
    def begin(self, count):
        self.count, self.history, self.said = count, [], ""
        self.story = Story(
            candidate=BENCH.CANDIDATE,
            author=BENCH.key(BENCH.AUTHOR).id,
            today=BENCH.TODAY,
            people=BENCH.people(count),
        )

    @rule(data=st.data(), onward=st.booleans())
    def put(self, data, onward):
        names = BENCH.ONWARD.get(self.story.status, ()) if onward else ()
        group = data.draw(st.sampled_from(names or sorted(GROUPS)))
        rng = random.Random(data.draw(st.integers(0, 2**32)))
        item = BENCH.likely(group, GROUPS[group], self.story, self.history, rng)
        if item is None or self.story.status is Status.RELEASED:
            return
        try:
            after = advance(item.statement, self.story)
        except IntegrityError:
            return
        self.history.append(item)
        self.said = BENCH.wrong(self.story, after, self.history, self.count)
        self.story = after

    @invariant()
    def nothing_is_wrong(self):
        assert not getattr(self, "said", "")


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestLifecycle = pytest.mark.slow(TestLifecycle)


@pytest.mark.slow
def test_thousands_of_transitions_reach_every_status_and_none_that_is_illegal():
    counts, illegal = BENCH.walk(random.Random(1), GROUPS, 10_000)
    assert illegal == []
    assert counts["released"] > 10
    assert counts["READY to RELEASED"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("guard", "instead", "said"),
    [
        ("Story.in_time", lambda self, policy: True, "was not there before"),
        ("Story.check_approved", lambda self, decision: None, "released"),
        ("check_inclusion", lambda *a: None, "without the log proof"),
        ("_check_waiver", lambda *a: None, "neither passes nor is validly waived"),
        ("lacking", lambda *a: (), "quorum"),
    ],
)
def test_the_oracle_sees_what_happens_without_each_guard(monkeypatch, guard, instead, said):
    monkeypatch.setattr(f"{module.__name__}.{guard}", instead)
    _, illegal = BENCH.walk(random.Random(1), GROUPS, 20_000, until=said)
    assert any(said in i for i in illegal)


def story(*statements):
    told = Story(candidate=BENCH.CANDIDATE, author="a", today=BENCH.TODAY)
    for s in statements:
        told = advance(s, told)
    return told


def test_a_policy_is_in_time_until_the_sealed_people_are_looked_at():
    assert story(Made()).in_time("p")
    told = story(Committed(policy="p"), Made(), Opened(), Committed(policy="q"))
    assert told.in_time("p")
    assert not told.in_time("q")


def test_evidence_on_sealed_people_needs_their_opening_and_nothing_comes_before_the_rows():
    with pytest.raises(IntegrityError, match="not written down"):
        story(Made(), Measured(evidence=BENCH.evidence("confirmation")))
    with pytest.raises(IntegrityError, match="another candidate"):
        story(Made(), Measured(evidence=BENCH.evidence("development", candidate="d" * 64)))
    with pytest.raises(IntegrityError, match="not made"):
        story(Opened())
    with pytest.raises(IntegrityError, match="DRAFT cannot become EVALUATED"):
        story(Measured(evidence=BENCH.evidence("development")))
    with pytest.raises(IntegrityError, match="str is nothing that is said"):
        story("released")


def test_every_status_says_what_it_needs():
    assert set(NEEDS) == set(Status)


def ready(*more, count=3, policy="plain", **changed):
    """Return a story that was judged on passing, sealed evidence and offered for review."""
    rules = BENCH.policies()[policy]
    body = BENCH.evidence("confirmation")
    told = Story(
        candidate=BENCH.CANDIDATE,
        author=BENCH.key(BENCH.AUTHOR).id,
        today=BENCH.TODAY,
        people=BENCH.people(count),
    )
    said = {"decision": "d", "digest": policy, "policy": rules, "evidence": body}
    judged = Judged(**{**said, "uses": {"analytics": "approved"}, **changed})
    before = [Committed(policy=policy), Made(), Opened(), Measured(evidence=body)]
    for s in (*before, judged, *more):
        told = advance(s, told)
    return told


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"digest": "late"}, "first used after"),
        ({"evidence": BENCH.evidence("cross-fit")}, "was not entered"),
        ({"uses": {"analytics": "refused"}}, "judging the evidence again"),
    ],
)
def test_a_decision_that_does_not_follow_is_refused(changed, said):
    with pytest.raises(IntegrityError, match=said):
        ready(**changed)


def test_a_release_needs_its_decision_its_people_and_sealed_evidence():
    with pytest.raises(IntegrityError, match="nobody is registered"):
        ready(Offered(decision="d"), count=1)
    with pytest.raises(IntegrityError, match="not the last decision"):
        ready(Offered(decision="e"))
    with pytest.raises(IntegrityError, match="asks for a second person"):
        ready(count=1, policy="strict").check_approved("d")
    with pytest.raises(IntegrityError, match="not offered for review"):
        ready().check_approved("d")
    with pytest.raises(IntegrityError, match="is missing"):
        ready(Offered(decision="d")).check_approved("d")
    ready(count=1).check_approved("d")
    approval = BENCH._approval("d", "privacy", "approve")
    yes = Approved(signed=(BENCH.key("ben").id, approval))
    ready(Offered(decision="d"), yes).check_approved("d")
    with pytest.raises(IntegrityError, match="no decision that waits"):
        ready(yes)
    other = Approved(signed=(yes.signed[0], approval.model_copy(update={"decision": "e"})))
    with pytest.raises(IntegrityError, match="of another decision"):
        ready(Offered(decision="d"), other)


def test_a_waiver_counts_only_from_who_may_and_for_this_candidate_and_policy():
    kinds = {kind: given for given, kind in BENCH.waivers("plain", "m.x")}
    with pytest.raises(IntegrityError, match="nobody waives alone"):
        ready(waivers=kinds["valid"], count=1)
    with pytest.raises(IntegrityError, match="about something else"):
        ready(waivers=kinds["other"])
    with pytest.raises(IntegrityError, match="by who made the decision"):
        ready(waivers=kinds["own"])
    assert ready(waivers=kinds["valid"]).status is Status.DECIDED


def test_the_log_proof_is_checked_and_only_a_use_that_was_approved_is_released():
    good = {"decision": "d", "index": 3, "size": 7, "root": BENCH.tree_hash(BENCH.DEALT)}
    path = tuple(BENCH.inclusion_proof(BENCH.DEALT, 3))
    entered = BENCH.Entered(leaf=BENCH.DEALT[3], path=path, **good)
    assert ready(entered, count=1).status is Status.RELEASED
    with pytest.raises(IntegrityError, match="does not lead to the root"):
        ready(BENCH.Entered(leaf=BENCH.DEALT[4], path=path, **good), count=1)
    body = BENCH.evidence("confirmation", m__x=0.5)
    refused = {"evidence": body, "uses": {"analytics": "refused"}}
    told = ready()
    told = advance(Measured(evidence=body), told)
    said = {"decision": "f", "digest": "plain", "policy": BENCH.policies()["plain"]}
    told = advance(Judged(**said, **refused), told)
    with pytest.raises(IntegrityError, match="no use is approved"):
        told.check_approved("f")
    early = BENCH.evidence("development")
    told = advance(Measured(evidence=early), told)
    told = advance(Judged(**said, evidence=early, uses={"analytics": "approved"}), told)
    with pytest.raises(IntegrityError, match="only verdicts on sealed people"):
        told.check_approved("f")
