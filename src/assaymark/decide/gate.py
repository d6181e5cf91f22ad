"""Gate: hold evidence against a policy; pure, deterministic, fail closed."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from statistics import NormalDist
from typing import TYPE_CHECKING

from assaymark.core.measurement import NO_SUBJECT, Measurement
from assaymark.core.threat import threat_of
from assaymark.decide.policy import Rule
from assaymark.decide.verdict import RuleVerdict, UseStatus, Verdict, status_of
from assaymark.decide.version import GATE, attacks_of
from assaymark.decide.waiver import counting, never_waived

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from assaymark.core.evidence import Evidence
    from assaymark.core.threat import ThreatModel
    from assaymark.core.waiver import Waiver
    from assaymark.decide.policy import Policy

__all__ = ["Judgement", "judge"]

Hypothesis = tuple[str, str] | tuple[str, float, float]

_CONDITION = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a policy says of one candidate: a status per requested use, and every verdict."""

    uses: dict[str, UseStatus]
    verdicts: tuple[RuleVerdict, ...]

    @property
    def approved(self) -> bool:
        """Whether every requested use is approved."""
        return bool(self.uses) and all(s is UseStatus.APPROVED for s in self.uses.values())

    def of(self, use: str) -> tuple[RuleVerdict, ...]:
        """Return the verdicts of one use."""
        return tuple(v for v in self.verdicts if v.use == use)


def judge(
    policy: Policy,
    evidence: Evidence,
    uses: Sequence[str],
    *,
    candidate: str,
    waivers: Sequence[Waiver] = (),
    gate: str = GATE,
) -> Judgement:
    """Judge ``evidence`` by ``policy`` for each of ``uses``.

    PASS needs the whole interval on the good side, enough n and, where the rule asks, a planted
    leak caught. FAIL needs the whole interval on the bad side and survives Holm's weighted
    procedure over all rules whose figures are beyond their thresholds; PASS is not adjusted, since
    approval needs every rule to pass. Evidence about other bytes than ``candidate`` is STALE. An
    attack that the threat model of the policy's profile requires, and that no blocking rule asks
    for, is NOT_RUN and blocks. A rule on any other metric that says itself that there is nothing to
    judge has no verdict. ``gate`` is the version that judges: that of a release, to repeat it.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure.
    Berger & Hsu (1996), Bioequivalence trials, intersection-union tests.
    """
    measured, required = evidence.values(), attacks_of(policy.profile, gate)
    waivers = counting(policy, waivers)
    rows = [
        (rule, m)
        for rule in policy.rule
        if set(rule.uses) & set(uses)
        for m in _matching(rule, measured, required)
    ]
    rejected = _holm([(rule, m) for rule, m in rows if rule.severity == "block"], gate)
    verdicts = []
    for rule, m in rows:
        if evidence.candidate != candidate:
            verdict, reason = Verdict.STALE, "the evidence is about other bytes"
        else:
            verdict, reason = _verdict(rule, m, confirmed=_hypothesis(rule, m, gate) in rejected)
        waived = any(w.covers(rule.id, m.subject) for w in waivers)
        if waived and verdict is not Verdict.PASS and not never_waived(policy, rule, verdict):
            verdict, reason = Verdict.WAIVED, f"was {verdict.value}: {reason}"
        verdicts += [
            RuleVerdict(rule=rule, use=use, verdict=verdict, measurement=m, reason=reason)
            for use in uses
            if use in rule.uses
        ]
    verdicts += _not_asked(policy, uses, required)
    return Judgement(
        uses={use: status_of(v for v in verdicts if v.use == use) for use in uses},
        verdicts=tuple(verdicts),
    )


def _not_asked(policy: Policy, uses: Sequence[str], required: Collection[str]) -> list[RuleVerdict]:
    """Return a blocking verdict for each attack of the threat model that the policy leaves out."""
    threat = threat_of(policy.profile)
    return [
        RuleVerdict(
            rule=_required(metric, use, threat),
            use=use,
            verdict=Verdict.NOT_RUN,
            measurement=Measurement.missing(metric, "no blocking rule of the policy asks for it"),
            reason="no blocking rule of the policy asks for it",
        )
        for use in uses
        for metric in required
        if not any(r.metric == metric and r.severity == "block" for r in policy.rules_for(use))
    ]


def _required(metric: str, use: str, threat: ThreatModel) -> Rule:
    return Rule.model_validate(
        {
            "id": f"required-{metric.replace('.', '-').replace('_', '-')}",
            "metric": metric,
            "direction": "at_most",
            "threshold": 0.0,
            "uses": (use,),
            "title": f"The policy asks for the attack {metric}",
            "why": f"Rows for {threat.recipient} are attacked on rung {threat.rung}, and this "
            "attack belongs to it.",
            "remedy": f'Add a rule on {metric!r} with severity = "block" to the policy, as in '
            f"the shipped one for profile {threat.profile.value!r}; or take a profile whose "
            "attacker knows less.",
            "origin": f"threat model of profile {threat.profile.value!r}",
        }
    )


def _matching(
    rule: Rule, measured: Sequence[Measurement], required: Collection[str]
) -> list[Measurement]:
    own = [m for m in measured if m.metric == rule.metric]
    found = [m for m in own if m.subject != NO_SUBJECT and fnmatchcase(m.subject, rule.subject)]
    if found:
        return found
    if len(own) == 1 and own[0].subject == NO_SUBJECT and rule.metric not in required:
        return []
    reasons = [m.reason for m in own if m.subject == "*"]
    reason = reasons[0] if reasons else "not measured"
    return [Measurement.missing(rule.metric, reason, rule.subject)]


def _verdict(rule: Rule, m: Measurement, *, confirmed: bool) -> tuple[Verdict, str]:
    if m.value is None:
        few = 0 < m.n < rule.minimum_n
        return (Verdict.INCONCLUSIVE if few else Verdict.NOT_RUN), m.reason
    low, high = _interval(m)
    if _wholly_bad(rule, low, high):
        if confirmed or rule.severity != "block":
            return Verdict.FAIL, "the whole interval is on the wrong side of the threshold"
        return Verdict.INCONCLUSIVE, "beyond the threshold, but not after adjusting for all rules"
    missing = _missing_proof(rule, m, low, high)
    if missing:
        return Verdict.INCONCLUSIVE, missing
    return Verdict.PASS, "the whole interval is on the good side of the threshold"


def _missing_proof(rule: Rule, m: Measurement, low: float, high: float) -> str:
    """Say what keeps a measurement that is not bad from being a PASS; empty where nothing does."""
    if not (rule.good(low) and rule.good(high)):
        return "the interval reaches across the threshold"
    if m.confidence < rule.confidence:
        return f"measured at confidence {m.confidence:g} only"
    if m.n < rule.minimum_n:
        return f"n = {m.n}, and the rule needs {rule.minimum_n}"
    caught = m.limit_of_detection
    if rule.detect is not None and (caught is None or caught > rule.detect):
        shown = "none" if caught is None else f"{caught:g}"
        return (
            f"a planted leak of size {rule.detect:g} was not shown to be caught "
            f"(smallest caught: {shown})"
        )
    return ""


def _interval(m: Measurement) -> tuple[float, float]:
    assert m.value is not None  # noqa: S101
    return (m.value if m.low is None else m.low), (m.value if m.high is None else m.high)


def _wholly_bad(rule: Rule, low: float, high: float) -> bool:
    if rule.direction == "within":
        return low > rule.threshold or high < -rule.threshold
    return not rule.good(low) and not rule.good(high)


def _hypothesis(rule: Rule, m: Measurement, gate: str) -> Hypothesis:
    """Return what a measurement tests: its subject, or for a gap the pair of mirrored intervals.

    Where there are two groups, one's gap is the other's turned round: one hypothesis, not two
    (from version 2 of the gate).
    """
    if gate == "1" or rule.direction != "within" or m.value is None:
        return rule.id, m.subject
    low, high = _interval(m)
    return rule.id, *min((low, high), (-high, -low))


def _holm(rows: Sequence[tuple[Rule, Measurement]], gate: str) -> frozenset[Hypothesis]:
    """Return the hypotheses "the threshold is kept" that Holm's weighted procedure rejects.

    What lies on the good side of its threshold is no candidate for a FAIL and takes no power from
    those that are: p-values above one half are left out, the others doubled, since of figures that
    lie on their thresholds chance alone brings half beyond them. Every rule that is left has the
    same weight, shared by its hypotheses: a rule about forty columns does not take from the power
    of one about the whole table. One-sided, so that a gate whose thresholds are all kept has a
    false FAIL in at most 5 % of cases. Version 1 of the gate neither left out nor doubled.

    References
    ----------
    Ellis, Pecanka & Goeman (2020), Gaining power in multiple testing of interval hypotheses via
    conditionalization.
    """
    tested: dict[Hypothesis, tuple[float, float]] = {}
    most = 1.0 if gate == "1" else _CONDITION
    for rule, m in rows:
        p = 2.0 if m.value is None else _p_value(rule, m)
        if p <= most:
            tested[_hypothesis(rule, m, gate)] = (p / most, 1 - rule.confidence)
    each = Counter(rule for rule, *_ in tested)
    ranked = sorted((p * each[key[0]], key, alpha) for key, (p, alpha) in tested.items())
    left = float(len(each))
    rejected = []
    for p_over_weight, key, alpha in ranked:
        if p_over_weight > alpha / left:
            break
        rejected.append(key)
        left -= 1 / each[key[0]]
    return frozenset(rejected)


def _p_value(rule: Rule, m: Measurement) -> float:
    """One-sided p-value of "the threshold is kept", from the interval's bad-side half-width.

    What must stay small is compared on the scale of square roots, where the spread of a small
    share does not depend on the share.

    References
    ----------
    Freeman & Tukey (1950), Transformations related to the angular and the square root.
    """
    assert m.value is not None  # noqa: S101
    if rule.good(m.value):
        return 1.0
    low, high = _interval(m)
    below = rule.direction == "at_least" or (rule.direction == "within" and m.value < 0)
    threshold = -rule.threshold if rule.direction == "within" and below else rule.threshold
    end, value = (high if below else low), m.value
    if rule.direction == "at_most" and min(end, threshold) >= 0:
        end, value, threshold = math.sqrt(end), math.sqrt(value), math.sqrt(threshold)
    half = abs(value - end)
    if half <= 0:
        return 0.0
    z = NormalDist().inv_cdf(0.5 + m.confidence / 2)
    return 1 - NormalDist().cdf(abs(value - threshold) / (half / z))
