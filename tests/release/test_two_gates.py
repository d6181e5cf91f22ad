"""The gate is written twice, and has versions: both say the same of the same evidence."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.core.evidence import Evidence
from assaymark.core.measurement import NO_SUBJECT, Measurement
from assaymark.core.threat import Profile, threat_of
from assaymark.core.waiver import Waiver
from assaymark.decide.gate import judge
from assaymark.decide.policy import parse_policy
from assaymark.decide.version import GATE, GATES
from assaymark.errors import IntegrityError
from assaymark.flow.decide.verdicts import controls
from assaymark.release.alone.gate import caught, matching_rows
from assaymark.release.alone.gate import judge as alone
from assaymark.release.alone.pieces import Broken

USES = ["analytics", "pretraining"]
METRICS = (*threat_of(Profile.ENCLAVE).attacks, "one_way.distance", "disparity.introduced")
CANDIDATE = "c" * 64
ENDS = ((-0.3, 0.1), (-0.1, 0.2), (0.01, 0.02), (0.1, 0.3), (0.4, 0.1))


@st.composite
def rules(draw, metric, n):
    lines = [
        "[[rule]]",
        f'id = "r{n}"',
        f'metric = "{metric}"',
        f'subject = "{draw(st.sampled_from(["*", "table", "a*"]))}"',
        f'direction = "{draw(st.sampled_from(["at_most", "at_least", "within"]))}"',
        f"threshold = {draw(st.sampled_from([0.0, 0.05, 0.2]))}",
        f"uses = {draw(st.sampled_from([USES, USES[:1], USES[1:]]))}",
        f'severity = "{draw(st.sampled_from(["block", "block", "block", "warn", "info"]))}"',
        f"minimum_n = {draw(st.sampled_from([0, 300]))}",
        'title = "t"\nwhy = "w"\nremedy = "r"',
    ]
    if draw(st.booleans()):
        lines.append("detect = 0.1")
    return "\n".join(lines)


@st.composite
def policies(draw):
    never = draw(st.sampled_from(["", 'never_waived = ["r0"]\n', "waivers_at_most = 1\n"]))
    metrics = [*METRICS, *draw(st.lists(st.sampled_from(METRICS), max_size=3))]
    kept = [m for m in metrics if m not in METRICS[:1] or draw(st.integers(0, 9))]
    text = [draw(rules(m, n)) for n, m in enumerate(kept)]
    return f'name = "p"\nprofile = "enclave"\n{never}' + "\n\n".join(text)


@st.composite
def measured(draw, metric):
    if draw(st.integers(0, 19)) == 0:
        n = draw(st.sampled_from([0, 20]))
        subject = draw(st.sampled_from(["*", "table", NO_SUBJECT]))
        return Measurement(metric=metric, subject=subject, value=None, n=n, reason="no")
    at, half = draw(
        st.sampled_from([(-0.3, 0.1), (-0.1, 0.2), (0.01, 0.02), (0.1, 0.3), (0.4, 0.1)])
    )
    at += draw(st.sampled_from([0.0, 0.001]))
    sides = {} if draw(st.integers(0, 9)) == 0 else {"low": at - half, "high": at + half}
    return Measurement(
        metric=metric,
        subject=draw(st.sampled_from(["table", "a", "ab"])),
        value=at,
        n=draw(st.sampled_from([50, 400, 400])),
        baseline=0.0,
        confidence=draw(st.sampled_from([0.95, 0.95, 0.9])),
        limit_of_detection=draw(st.sampled_from([None, 0.05, 0.3])),
        **sides,
    )


@st.composite
def bodies(draw):
    found = {}
    for metric in [*METRICS, *draw(st.lists(st.sampled_from(METRICS), max_size=4))]:
        m = draw(measured(metric))
        found.setdefault((metric, m.subject), m)
    return [*found.values()]


@given(policy=policies(), ms=bodies(), waived=st.lists(st.integers(0, 9), max_size=3))
@settings(max_examples=120, deadline=None)
@pytest.mark.parametrize("gate", GATES)
def test_both_gates_say_the_same(gate, policy, ms, waived):
    evidence = Evidence.of(ms, candidate=CANDIDATE, stage="confirmation", suite="s")
    waivers = [
        Waiver(
            rule=f"r{n}",
            reason="r",
            control="c",
            signer="k",
            expires="2099-12-31",
            role="privacy",
            candidate=CANDIDATE,
            policy="p",
        )
        for n in waived
    ]
    read, plain = parse_policy(policy.encode()), tomllib.loads(policy)
    ours = judge(read, evidence, USES, candidate=CANDIDATE, waivers=waivers, gate=gate)
    told = [w.plain() for w in waivers]
    assert alone(plain, evidence.plain(), USES, told, gate) == {
        u: s.value for u, s in ours.uses.items()
    }
    rows = matching_rows(plain, evidence.plain(), USES, told, gate)
    said = sorted((r["id"], m["subject"], u, v) for r, m, v in rows for u in USES if u in r["uses"])
    assert said == sorted(
        (v.rule.id, v.measurement.subject, v.use, v.verdict.value)
        for v in ours.verdicts
        if not v.rule.id.startswith("required-")
    )
    decided = {"stages": [{"stage": "confirmation", "uses": dict.fromkeys(USES, "")}]}
    both = caught(plain, {"confirmation": evidence.plain()}, decided)
    assert both == controls(policy.encode(), evidence.canonical(), USES)


RULES = "".join(
    f'\n[[rule]]\nid = "r{n}"\nmetric = "m{n}.x"\ndirection = "at_most"\nthreshold = 0.1\n'
    'uses = ["analytics"]\ntitle = "t"\nwhy = "w"\nremedy = "r"\n'
    for n in range(8)
)


def test_a_decision_is_judged_again_by_the_version_that_made_it():
    """One broken rule among eight that are kept: beyond chance for version 2, not for version 1."""
    policy = f'name = "p"\nprofile = "enclave"\n{RULES}'
    ms = [Measurement(metric="m0.x", value=0.2, low=0.105, high=0.295, n=400, baseline=0.0)]
    ms += [
        Measurement(metric=f"m{n}.x", value=0.0, low=-0.05, high=0.05, n=400, baseline=0.0)
        for n in range(1, 8)
    ]
    evidence = Evidence.of(ms, candidate=CANDIDATE, stage="confirmation", suite="s")
    read, uses = parse_policy(policy.encode()), ["analytics"]
    said = {
        gate: judge(read, evidence, uses, candidate=CANDIDATE, gate=gate).uses["analytics"].value
        for gate in GATES
    }
    assert said == {"1": "inconclusive", "2": "refused"}
    for gate, status in said.items():
        assert alone(tomllib.loads(policy), evidence.plain(), uses, [], gate) == {uses[0]: status}


def test_a_version_of_the_gate_that_is_not_known_is_named_as_such():
    read = parse_policy(f'name = "p"\nprofile = "enclave"\n{RULES}'.encode())
    evidence = Evidence.of([], candidate=CANDIDATE, stage="confirmation", suite="s")
    with pytest.raises(IntegrityError, match="version '3' of the gate") as told:
        judge(read, evidence, USES, candidate=CANDIDATE, gate="3")
    assert f"knows 1, {GATE}" in str(told.value)
    assert "newer assaymark" in str(told.value)
    with pytest.raises(Broken, match="version '3' of the gate"):
        alone({"profile": "enclave", "rule": []}, evidence.plain(), USES, [], "3")
