"""Waiver: which findings nobody may waive, and how many may be waived at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.threat import threat_of
from assaymark.decide.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.waiver import Waiver
    from assaymark.decide.policy import Policy, Rule

__all__ = ["counting", "never_waived"]


def never_waived(policy: Policy, rule: Rule, verdict: Verdict) -> str:
    """Say why this finding cannot be waived, or nothing where it can.

    An attack of the threat model that succeeded, or that was not tried, is never waived; one that
    too few people leave open may be. Nor is evidence about other bytes, or what the policy lists.
    """
    if rule.id in policy.never_waived:
        return f"policy {policy.name!r} lists {rule.id!r} in never_waived"
    if verdict is Verdict.STALE:
        return "the evidence is about other bytes"
    attack = rule.metric in threat_of(policy.profile).attacks
    if attack and verdict in {Verdict.FAIL, Verdict.NOT_RUN}:
        return f"{rule.id!r} is about an attack that the threat model requires, and {verdict.value}"
    return ""


def counting(policy: Policy, waivers: Sequence[Waiver]) -> tuple[Waiver, ...]:
    """Return the waivers that count: all of them, or none where the policy allows fewer."""
    return tuple(waivers) if len({w.rule for w in waivers}) <= policy.waivers_at_most else ()
