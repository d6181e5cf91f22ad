"""Self-test: a policy says of its fixtures what it must, and every rule of it can block.

References
----------
DeMillo, Lipton & Sayward (1978), Hints on test data selection (mutation of what is tested).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from assaymark.core.document import Document
from assaymark.core.evidence import Evidence, MeasurementRecord
from assaymark.core.measurement import Measurement
from assaymark.core.threat import threat_of
from assaymark.decide.fixture import fixture_measurements
from assaymark.decide.gate import judge
from assaymark.decide.policy import USES
from assaymark.decide.verdict import UseStatus, Verdict
from assaymark.decide.watch_trial import WatchResult, watch_trials
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from assaymark.core.measurement import Quantity
    from assaymark.decide.fixture import Fixture
    from assaymark.decide.gate import Judgement
    from assaymark.decide.policy import Policy, Rule

__all__ = ["MUTATIONS", "FixtureResult", "RuleResult", "SelfTest", "self_test"]

NOT_ASKED = "not asked"
"""Outcome of a mutation of something that the rule does not ask for."""
UNREADABLE = "not readable"
"""Outcome of a mutation that no evidence can have."""

_CANDIDATE, _OTHER = "c" * 64, "d" * 64


class FixtureResult(Document):
    """What the policy said of one fixture, and what is wrong with that."""

    name: str
    expected: str
    uses: dict[str, str]
    problems: tuple[str, ...]


class RuleResult(Document):
    """What each mutation made of one rule, and what is wrong with that."""

    rule: str
    severity: str
    fixture: str
    outcomes: dict[str, str]
    problems: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The rule as a row of a table: how many mutations took its PASS away, of how many."""
        asked = {k: v for k, v in self.outcomes.items() if v != NOT_ASKED}
        stopped = sum(v != Verdict.PASS.value for v in asked.values())
        passed_over = ", ".join(k for k, v in self.outcomes.items() if v == NOT_ASKED)
        return self.rule, self.severity, f"{stopped} of {len(asked)}", passed_over


class SelfTest(Document):
    """All fixtures and rules; ``problems`` are what is wrong with the policy, in words.

    ``notes`` name what is not wrong, and ought to be known.
    """

    policy: str
    fixtures: tuple[FixtureResult, ...]
    rules: tuple[RuleResult, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    watches: tuple[WatchResult, ...] = ()


def self_test(policy: Policy, quantities: Mapping[str, Quantity]) -> SelfTest:
    """Hold ``policy`` against its fixtures, and mutate what each rule judges.

    Mutations start from a fixture that must be approved and in which the rule PASSes. Each must
    take the PASS away, and the approval too where the rule's severity is ``block``.
    """
    samples = fixture_measurements(policy.fixture)
    judged = {f.name: _judged(policy, samples[f.name], _uses(policy, f)) for f in policy.fixture}
    fixtures = tuple(_fixture(f, judged[f.name]) for f in policy.fixture)
    approved = [
        (f, samples[f.name])
        for f in policy.fixture
        if f.expect == "approved" and judged[f.name].approved
    ]
    rules = tuple(_rule(policy, r, approved, judged, quantities.get(r.metric)) for r in policy.rule)
    problems = [*_lacking(policy.fixture)]
    problems += [f"fixture {f.name!r}: {p}" for f in fixtures for p in f.problems]
    problems += [f"rule {r.rule!r}: {p}" for r in rules for p in r.problems]
    watches = watch_trials(policy)
    problems += [f"watch {w.watch!r}: {p}" for w in watches for p in w.problems]
    return SelfTest(
        policy=policy.name,
        fixtures=fixtures,
        rules=rules,
        problems=tuple(problems),
        notes=_unproven(policy),
        watches=watches,
    )


def _unproven(policy: Policy) -> tuple[str, ...]:
    required = threat_of(policy.profile).attacks
    return tuple(
        f"rule {r.id!r} is about an attack that the threat model requires, and asks for no planted "
        "leak: it PASSes also where nothing shows that a leak would have been seen (detect)"
        for r in policy.rule
        if r.metric in required and r.severity == "block" and r.detect is None
    )


def _lacking(fixtures: Sequence[Fixture]) -> list[str]:
    there = {f.expect == "approved" for f in fixtures}
    said = {
        True: 'there is no [[fixture]] with expect = "approved": what the rules must let through',
        False: 'there is no [[fixture]] with expect = "refused" or "inconclusive": what they must '
        "stop",
    }
    return [words for kind, words in said.items() if kind not in there]


def _uses(policy: Policy, fixture: Fixture) -> tuple[str, ...]:
    return fixture.uses or tuple(u for u in USES if policy.rules_for(u))


def _judged(
    policy: Policy,
    measurements: Iterable[Measurement],
    uses: Sequence[str],
    *,
    about: str = _CANDIDATE,
) -> Judgement:
    evidence = Evidence.of(measurements, candidate=about, stage="development", suite="fixture")
    return judge(policy, evidence, uses, candidate=_CANDIDATE)


def _fixture(fixture: Fixture, judged: Judgement) -> FixtureResult:
    problems = []
    for use, status in judged.uses.items():
        if status.value != fixture.expect:
            problems.append(f"{use} must be {fixture.expect}, and is {status.value}")
            problems += [
                f"{v.rule.id} ({v.measurement.subject}) is {v.verdict.value}: {v.reason}"
                for v in judged.of(use)
                if v.blocks
            ]
    blocking = {v.rule.id for v in judged.verdicts if v.blocks}
    problems += [
        f"{rule!r} must block, and does not" for rule in fixture.rules if rule not in blocking
    ]
    return FixtureResult(
        name=fixture.name,
        expected=fixture.expect,
        uses={u: s.value for u, s in judged.uses.items()},
        problems=tuple(dict.fromkeys(problems)),
    )


def _rule(
    policy: Policy,
    rule: Rule,
    approved: Sequence[tuple[Fixture, tuple[Measurement, ...]]],
    judged: Mapping[str, Judgement],
    quantity: Quantity | None,
) -> RuleResult:
    for fixture, measurements in approved:
        verdicts = [v.verdict for v in judged[fixture.name].verdicts if v.rule.id == rule.id]
        if verdicts and all(v is Verdict.PASS for v in verdicts):
            uses = tuple(u for u in _uses(policy, fixture) if u in rule.uses)
            found = _Tried(policy, rule, measurements, uses, _end(rule, quantity)).outcomes()
            return RuleResult(
                rule=rule.id,
                severity=rule.severity,
                fixture=fixture.name,
                outcomes={name: said for name, (said, _) in found.items()},
                problems=tuple(p for _, p in found.values() if p),
            )
    said = (
        "it PASSes in no fixture that must be approved, so nothing shows that it lets anything "
        "through, or that it can block"
    )
    return RuleResult(
        rule=rule.id, severity=rule.severity, fixture="", outcomes={}, problems=(said,)
    )


def _end(rule: Rule, quantity: Quantity | None) -> float | None:
    """Return a value on the bad side of the threshold that the quantity can take, if any."""
    unit = "" if quantity is None else quantity.unit
    lowest, highest = None, None
    if unit == "AUC":
        lowest, highest = 0.0, 1.0
    elif unit.startswith(("share of", "difference of")):
        lowest, highest = -1.0, 1.0
    limit, edge = rule.threshold, lowest if rule.direction == "at_least" else highest
    away = -1 if rule.direction == "at_least" else 1
    if edge is None:
        return limit + away * max(1.0, abs(limit))
    return (limit + edge) / 2 if (edge - limit) * away > 0 else None


@dataclass(frozen=True, slots=True)
class _Tried:
    """One rule, what it judges in a fixture, and a value beyond its threshold."""

    policy: Policy
    rule: Rule
    measurements: tuple[Measurement, ...]
    uses: tuple[str, ...]
    beyond: float | None

    def outcomes(self) -> dict[str, tuple[str, str]]:
        """Return for each mutation what came of it, and what is wrong with that."""
        return {name: mutate(self) for name, mutate in MUTATIONS.items()}

    def with_first(self, change: Callable[[Measurement], Measurement | None]) -> tuple[str, str]:
        """Change one of the measurements that the rule judges, and judge."""
        first = next(m for m in self.measurements if self.judges(m))
        changed = change(first)
        rest = tuple(m for m in self.measurements if m is not first)
        return self.said(rest if changed is None else (*rest, changed))

    def judges(self, m: Measurement) -> bool:
        """Whether the rule is about this measurement."""
        return m.metric == self.rule.metric and fnmatchcase(m.subject, self.rule.subject)

    def said(self, measurements: Iterable[Measurement], about: str = _CANDIDATE) -> tuple[str, str]:
        """Return the rule's worst verdict, and the problem where it did not take effect."""
        judged = _judged(self.policy, measurements, self.uses, about=about)
        verdicts = [v.verdict for v in judged.verdicts if v.rule.id == self.rule.id]
        worst = next((v for v in verdicts if v is not Verdict.PASS), Verdict.PASS)
        if worst is Verdict.PASS:
            return worst.value, "it still PASSes"
        if self.rule.severity == "block" and UseStatus.APPROVED in judged.uses.values():
            return worst.value, f"it is {worst.value}, and a use is approved all the same"
        return worst.value, ""


def _crossed(tried: _Tried) -> tuple[str, str]:
    x = tried.beyond
    if x is None:
        return Verdict.PASS.value, "no value that its metric can take is beyond the threshold"
    said, problem = tried.with_first(lambda m: replace(m, value=x, low=x, high=x))
    if not problem and said != Verdict.FAIL.value:
        problem = f"a value beyond the threshold ends {said}, not FAIL"
    return said, problem


def _touched(tried: _Tried) -> tuple[str, str]:
    x = tried.beyond
    if x is None:
        return NOT_ASKED, ""

    def reaching(m: Measurement) -> Measurement:
        ends = [x, *(e for e in (m.value, m.low, m.high) if e is not None)]
        return replace(m, low=min(ends), high=max(ends))

    return tried.with_first(reaching)


def _missing(tried: _Tried) -> tuple[str, str]:
    return tried.with_first(lambda m: Measurement.missing(m.metric, "mutated", m.subject))


def _dropped(tried: _Tried) -> tuple[str, str]:
    return tried.said(m for m in tried.measurements if not tried.judges(m))


def _renamed(tried: _Tried) -> tuple[str, str]:
    return tried.said(
        replace(m, metric=f"{m.metric}_") if tried.judges(m) else m for m in tried.measurements
    )


def _stale(tried: _Tried) -> tuple[str, str]:
    return tried.said(tried.measurements, about=_OTHER)


def _not_a_number(tried: _Tried) -> tuple[str, str]:
    first = next(m for m in tried.measurements if tried.judges(m))
    record = MeasurementRecord.of(first)
    for key in ("value", "low", "high", "confidence", "limit_of_detection"):
        try:
            m = record.model_copy(update={key: "nan"}).measurement()
        except IntegrityError:
            continue
        said, problem = tried.said(m if n is first else n for n in tried.measurements)
        if problem:
            return said, f"{key} = nan: {problem}"
    return UNREADABLE, ""


def _blind(tried: _Tried) -> tuple[str, str]:
    if tried.rule.detect is None:
        return NOT_ASKED, ""
    return tried.with_first(lambda m: replace(m, limit_of_detection=None))


def _few(tried: _Tried) -> tuple[str, str]:
    few = tried.rule.minimum_n - 1
    return tried.with_first(lambda m: replace(m, n=few)) if few >= 0 else (NOT_ASKED, "")


def _unsure(tried: _Tried) -> tuple[str, str]:
    return tried.with_first(lambda m: replace(m, confidence=tried.rule.confidence - 0.01))


MUTATIONS: dict[str, Callable[[_Tried], tuple[str, str]]] = {
    "threshold crossed": _crossed,
    "interval across": _touched,
    "value missing": _missing,
    "metric missing": _dropped,
    "metric renamed": _renamed,
    "not a number": _not_a_number,
    "other bytes": _stale,
    "control failed": _blind,
    "too few": _few,
    "confidence low": _unsure,
}
"""What is changed in what a rule judges; each gives the outcome and the problem, if any."""
