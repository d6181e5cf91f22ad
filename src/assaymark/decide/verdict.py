"""Verdict: what one rule says of one measurement, and what a use's verdicts add up to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.core.measurement import Measurement
    from assaymark.decide.policy import Rule

__all__ = ["RuleVerdict", "UseStatus", "Verdict", "status_of"]


class Verdict(StrEnum):
    """The six verdicts; only PASS and WAIVED let a use through."""

    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_RUN = "NOT_RUN"
    STALE = "STALE"
    WAIVED = "WAIVED"


class UseStatus(StrEnum):
    """What a policy says of one use."""

    APPROVED = "approved"
    REFUSED = "refused"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVerdict:
    """One rule on one measurement for one use, with the numbers it was judged on."""

    rule: Rule
    use: str
    verdict: Verdict
    measurement: Measurement
    reason: str

    @property
    def blocks(self) -> bool:
        """Whether this verdict keeps the use from being approved."""
        return self.rule.severity == "block" and self.verdict not in {Verdict.PASS, Verdict.WAIVED}


def status_of(verdicts: Iterable[RuleVerdict]) -> UseStatus:
    """Add up one use's verdicts: any blocking FAIL refuses; else anything unproven blocks.

    A use with no blocking rule at all is inconclusive: an empty list approves nothing.
    """
    blocking = [v for v in verdicts if v.rule.severity == "block"]
    if any(v.verdict is Verdict.FAIL for v in blocking):
        return UseStatus.REFUSED
    if not blocking or any(v.blocks for v in blocking):
        return UseStatus.INCONCLUSIVE
    return UseStatus.APPROVED
