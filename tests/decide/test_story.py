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
from assaymark.decide.story import Committed, Made, Measured, Opened, Story, advance
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
