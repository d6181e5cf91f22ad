"""What a decision found: of the sealed holdout only what somebody was entitled to."""

import pytest

from assaymark.core.actor import Actor
from assaymark.core.document import sha256
from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.threat import Profile, threat_of
from assaymark.flow.decide.found import found_called
from assaymark.flow.decide.waivers import decided_called
from assaymark.store.workspace import Workspace

CANDIDATE = "c" * 64
ATTACKS = threat_of(Profile.CONTROLLED).attacks
RULE = """
[[rule]]
id = "%s"
metric = "%s"
direction = "at_most"
threshold = 0.5
uses = [%s]
title = "t"
why = "w"
remedy = "r"
"""
POLICY = (
    'name = "p"\nprofile = "controlled"\n'
    + RULE % ("one", "m.one", '"analytics"')
    + RULE % ("both", "m.both", '"analytics", "pretraining"')
    + "".join(RULE % (a.replace("_", "-"), a, '"analytics", "pretraining"') for a in ATTACKS)
).encode()


def measured(stage, **values):
    """Return evidence in which every attack finds nothing, and ``m.one`` and ``m.both`` are so."""
    made = [
        Measurement(metric=f"m.{m}", subject=f"column:{stage}", value=v, low=v, high=v, n=999)
        for m, v in values.items()
    ]
    made += [Measurement(metric=a, value=0.0, low=0.0, high=0.0, n=999) for a in ATTACKS]
    return Evidence.of(made, candidate=CANDIDATE, stage=stage, suite="1").canonical()


@pytest.fixture
def decided(tmp_path):
    """Return a maker of a refused decision: its uses, how many sealed verdicts, its evidence."""
    workspace = Workspace.open(tmp_path / "ws")
    actor = Actor(key=workspace.key().fingerprint)

    def make(uses, verdicts, **evidence):
        for stage, raw in evidence.items():
            body = {"stage": stage.replace("_", "-"), "evidence": workspace.put(raw)}
            workspace.ledger.append("evidence", CANDIDATE, body, actor)
        body = {"name": "stays", "uses": uses, "policy": workspace.put(POLICY), "blocked": []}
        workspace.ledger.append("refusal", CANDIDATE, {**body, "verdicts": verdicts}, actor)
        return {(f.rule, f.subject) for f in found_called(workspace, "stays").findings}

    return make


UNLIKE = {"analytics": "refused", "pretraining": "refused"}


def test_the_sealed_holdout_tells_nothing_of_a_use_that_failed_before(decided):
    # analytics fails m.one in development: of it the sealed m.one (which fails too) is not told
    first = measured("development", one=0.9, both=0.1)
    sealed = measured("confirmation", one=0.9, both=0.9)
    assert decided(UNLIKE, 20, development=first, confirmation=sealed) == {
        ("one", "column:development"),
        ("both", "column:confirmation"),
    }


def test_a_sealed_look_that_the_decision_does_not_rest_on_is_not_told(decided):
    first, sealed = (measured(s, one=0.1, both=0.1) for s in ("development", "confirmation"))
    bad = measured("confirmation", one=0.9, both=0.9)
    assert decided(UNLIKE, 0, development=first, confirmation=bad) == set()
    assert decided(UNLIKE, 20, confirmation=sealed) == set()
    assert decided(UNLIKE, 20, confirmation=bad) == {
        ("one", "column:confirmation"),
        ("both", "column:confirmation"),
    }


def test_a_cross_fit_is_the_one_look(decided):
    only = measured("cross-fit", one=0.9, both=0.1)
    assert decided(UNLIKE, 0, cross_fit=only) == set()
    assert decided(UNLIKE, 20, cross_fit=only) == {("one", "column:cross-fit")}


def test_of_a_name_the_last_decision_is_read(tmp_path):
    workspace = Workspace.open(tmp_path / "ws")
    actor, policy = Actor(key=workspace.key().fingerprint), workspace.put(POLICY)
    for kind, subject in (("refusal", "a"), ("ready", "b"), ("refusal", "c"), ("release", "d")):
        body = {"name": "stays", "policy": policy, "uses": {}, "blocked": [subject]}
        workspace.ledger.append(kind, sha256(subject.encode()), body, actor)
        found = found_called(workspace, "stays")
        assert (found.refused, found.blocked) == (kind == "refusal", (subject,))
    assert found_called(workspace, "nothing") is None
    assert decided_called(workspace, "stays").subject == sha256(b"c")
    workspace.ledger.append("ready", sha256(b"e"), {"name": "stays"}, actor)
    assert decided_called(workspace, "stays").subject == sha256(b"e")
