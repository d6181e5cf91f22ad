"""Affecting: what a release needs besides, where its use affects people's rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.decide.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assaymark.decide.policy import Policy
    from assaymark.decide.verdict import RuleVerdict

__all__ = ["lacking_for_rights"]

_FAIR = ("disparity.", "representation.")


def lacking_for_rights(
    policy: Policy,
    uses: Sequence[str],
    verdicts: Sequence[RuleVerdict],
    *,
    reviewed: bool,
    waived: bool,
) -> tuple[str, ...]:
    """Say what keeps rows from a use that affects people's rights, as care, credit or work do.

    Needed are a second person, no waiver, a rule on disparity or on representation for each use,
    and that rules which otherwise only warn pass too.
    """
    return tuple(_lacking(policy, uses, verdicts, reviewed=reviewed, waived=waived))


def _lacking(
    policy: Policy,
    uses: Sequence[str],
    verdicts: Sequence[RuleVerdict],
    *,
    reviewed: bool,
    waived: bool,
) -> Iterator[str]:
    why = "the use affects people's rights"
    if not reviewed:
        yield f"{why}, and no second person is registered: `assaymark people add`"
    if waived:
        yield f"{why}, and a rule was waived: nothing may be waived there"
    for use in uses:
        metrics = [r.metric for r in policy.rules_for(use) if r.severity != "info"]
        if not any(m.startswith(_FAIR) for m in metrics):
            yield f"{why}, and the policy has no rule on disparity or representation for {use}"
    weak = sorted(
        {
            f"{v.rule.id} is {v.verdict.value} ({v.measurement.subject})"
            for v in verdicts
            if v.use in uses and v.rule.severity == "warn" and v.verdict is not Verdict.PASS
        }
    )
    for said in weak:
        yield f"{why}, and a rule that else only warns must pass: {said}"
