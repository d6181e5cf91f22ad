"""Decide: development verdicts first, the sealed holdout only for what passed; or one cross-fit."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from assaymark.core.evidence import Evidence
from assaymark.decide.fitness import fitness_of, matrix_of
from assaymark.decide.gate import judge
from assaymark.decide.policy import check_policy, parse_policy
from assaymark.decide.verdict import UseStatus
from assaymark.decide.version import GATE
from assaymark.flow.evaluate.measure import quantities
from assaymark.flow.source.population import OPENINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assaymark.core.evidence import Stage
    from assaymark.core.waiver import Waiver
    from assaymark.decide.fitness import Cell
    from assaymark.decide.gate import Judgement
    from assaymark.decide.policy import Policy
    from assaymark.decide.verdict import RuleVerdict
    from assaymark.flow.evaluate.assess import Assessment

__all__ = [
    "Decision",
    "StageDecision",
    "cells_again",
    "controls",
    "decide",
    "decide_at_once",
    "judged",
    "needed_approvals",
    "read_policy",
    "refitness",
    "rejudge",
    "verdicts_again",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDecision:
    """What the policy says of one body of evidence."""

    assessment: Assessment
    judgement: Judgement

    @property
    def name(self) -> Stage:
        """Which stage this is."""
        return self.assessment.evidence.stage

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Which use is fit for which group, by this evidence alone."""
        return fitness_of(self.judgement.uses, self.judgement.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The stages and what they add up to; ``why`` says what a status cannot show by itself.

    ``development`` is ``None`` where the recipe was cross-fitted, ``confirmation`` is the sealed
    look: at the confirmation holdout, or the cross-fit. What was not looked at is ``None``.
    """

    uses: dict[str, UseStatus]
    development: StageDecision | None
    confirmation: StageDecision | None
    why: dict[str, str]

    @property
    def stages(self) -> tuple[StageDecision, ...]:
        """What was judged, in order."""
        return tuple(s for s in (self.development, self.confirmation) if s is not None)

    @property
    def verdicts(self) -> tuple[RuleVerdict, ...]:
        """What decided on each use: the verdicts of the last stage that it reached."""
        return _deciding([s.judgement for s in self.stages])

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Which use is fit for which group."""
        return fitness_of(self.uses, self.verdicts)


def read_policy(raw: bytes) -> Policy:
    """Read a policy and refuse one that names what nothing measures."""
    policy = parse_policy(raw)
    check_policy(policy, quantities())
    return policy


def decide(
    policy: Policy,
    uses: Sequence[str],
    development: Assessment,
    confirm: Callable[[], Assessment] | None,
    *,
    openings_left: int = OPENINGS,
    waivers: Sequence[Waiver] = (),
) -> Decision:
    """Judge the development evidence, and confirm what it approves.

    ``confirm`` measures on the confirmation holdout; it is called once at most, and only for
    uses whose development verdicts all pass. Without it nothing is approved.
    """
    first = judged(policy, uses, development, waivers)
    statuses = dict(first.judgement.uses)
    passed = [u for u in uses if statuses[u] is UseStatus.APPROVED]
    why: dict[str, str] = {}
    second = None
    if passed and confirm is not None and openings_left > 0:
        second = judged(policy, passed, confirm(), waivers)
        statuses.update(second.judgement.uses)
    elif passed:
        said = (
            "passed on the development holdout; the confirmation holdout was left closed, and "
            "only it can approve"
            if confirm is None
            else f"passed on the development holdout, but the confirmation holdout of these "
            f"persons was opened {OPENINGS} times already; new data is needed to confirm"
        )
        statuses.update(dict.fromkeys(passed, UseStatus.INCONCLUSIVE))
        why = dict.fromkeys(passed, said)
    return Decision(uses=statuses, development=first, confirmation=second, why=why)


def decide_at_once(
    policy: Policy,
    uses: Sequence[str],
    look: Callable[[], Assessment] | None,
    *,
    openings_left: int = OPENINGS,
    waivers: Sequence[Waiver] = (),
) -> Decision:
    """Judge a cross-fit: everybody is held out once, so that there is one look and no rehearsal.

    ``look`` measures; it is called once at most, and not where these persons were looked at for
    three other candidates already. Without it nothing is approved.
    """
    if look is not None and openings_left > 0:
        only = judged(policy, uses, look(), waivers)
        return Decision(uses=dict(only.judgement.uses), development=None, confirmation=only, why={})
    said = (
        "not measured: a cross-fit is a look at everybody, and it was left closed"
        if look is None
        else f"not measured: these persons were looked at for {OPENINGS} candidates already; new "
        "data is needed"
    )
    return Decision(
        uses=dict.fromkeys(uses, UseStatus.INCONCLUSIVE),
        development=None,
        confirmation=None,
        why=dict.fromkeys(uses, said),
    )


def rejudge(
    policy: bytes,
    evidence: bytes,
    uses: Sequence[str],
    candidate: str,
    waivers: Sequence[Waiver] = (),
    gate: str = GATE,
) -> dict[str, str]:
    """Judge published evidence again, from bytes; what ``verify`` compares a decision with."""
    read = parse_policy(policy)
    found = judge(
        read, Evidence.parse(evidence), uses, candidate=candidate, waivers=waivers, gate=gate
    )
    return {use: status.value for use, status in found.uses.items()}


def refitness(
    policy: bytes,
    evidence: Sequence[tuple[bytes, Sequence[str]]],
    uses: Mapping[str, str],
    candidate: str,
    waivers: Sequence[Waiver] = (),
    gate: str = GATE,
) -> dict[str, dict[str, str]]:
    """Say again, from bytes, which use is fit for which group; see :func:`cells_again`."""
    return matrix_of(cells_again(policy, evidence, uses, candidate, waivers, gate))


def cells_again(
    policy: bytes,
    evidence: Sequence[tuple[bytes, Sequence[str]]],
    uses: Mapping[str, str],
    candidate: str,
    waivers: Sequence[Waiver] = (),
    gate: str = GATE,
) -> tuple[Cell, ...]:
    """Judge again, from bytes, which use is fit for which group.

    ``evidence`` has each stage's bytes and the uses that it was judged for, ``uses`` what all
    stages came to.
    """
    statuses = {use: UseStatus(status) for use, status in uses.items()}
    return fitness_of(statuses, verdicts_again(policy, evidence, candidate, waivers, gate))


def verdicts_again(
    policy: bytes,
    evidence: Sequence[tuple[bytes, Sequence[str]]],
    candidate: str,
    waivers: Sequence[Waiver] = (),
    gate: str = GATE,
) -> tuple[RuleVerdict, ...]:
    """Judge again, from bytes, and return the verdicts that decided on each use."""
    read = parse_policy(policy)
    return _deciding(
        [
            judge(read, Evidence.parse(raw), asked, candidate=candidate, waivers=waivers, gate=gate)
            for raw, asked in evidence
        ]
    )


def _deciding(judgements: Sequence[Judgement]) -> tuple[RuleVerdict, ...]:
    last = {use: j for j in judgements for use in j.uses}
    return tuple(v for use, j in last.items() for v in j.of(use))


def controls(policy: bytes, evidence: bytes, uses: Sequence[str]) -> tuple[int, int]:
    """Return how many planted leaks the blocking rules ask for, and how many were caught."""
    rules = [r for r in parse_policy(policy).rule if r.severity == "block"]
    limits = [
        m.limit_of_detection is not None and m.limit_of_detection <= r.detect
        for r in rules
        if r.detect is not None and set(r.uses) & set(uses)
        for m in Evidence.parse(evidence).values()
        if m.value is not None and m.metric == r.metric and fnmatchcase(m.subject, r.subject)
    ]
    return len(limits), sum(limits)


def needed_approvals(policy: bytes) -> dict[str, int]:
    """Return how many persons of each role a policy asks for, from bytes."""
    return {str(role): n for role, n in parse_policy(policy).approvals.items()}


def judged(
    policy: Policy,
    uses: Sequence[str],
    assessment: Assessment,
    waivers: Sequence[Waiver] = (),
) -> StageDecision:
    """Judge one body of evidence by itself."""
    evidence = assessment.evidence
    judgement = judge(policy, evidence, uses, candidate=evidence.candidate, waivers=waivers)
    return StageDecision(assessment=assessment, judgement=judgement)
