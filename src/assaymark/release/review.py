"""Review: the words that a person is shown before signing, the same for the same content."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assaymark.release.pages.report_rules import tally
from assaymark.release.pages.report_words import answer, listed, must_know, use_card

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.rights import Rights
    from assaymark.release.pages.report_content import ReportContent

__all__ = ["review_text"]


def review_text(content: ReportContent, rights: Rights, decision: str) -> str:
    """Return what was asked, what was found, what must be known first, and what is signed."""
    text = "\n".join(_lines(content, rights, decision))
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text) + "\n"


def _lines(content: ReportContent, rights: Rights, decision: str) -> Iterator[str]:
    yield f"{content.title}\n"
    yield answer(replace(content, mode="evaluation")).headline  # nothing is released yet
    yield "\nUses"
    for use in content.uses:
        said = use_card(content, use)
        yield f"  {said.use}: {' '.join([said.sentence, *said.reasons])}"
    yield "\nKnow this first"
    yield from (f"  - {s}" for s in must_know(content))
    counted = [f"{count} {badge.word.lower()}" for badge, count in tally(content.verdicts)]
    yield f"\nPolicy: {content.policy_name}; {listed(counted)}"
    if content.threat is not None:
        yield f"For: {content.threat.recipient}"
        yield f"Attacker knows: {content.threat.knowledge}"
        yield f"Not covered: {content.threat.not_covered}"
        yield f"Accepted: {content.threat.residual_risk}"
    yield f"Source: {rights.owner}; {rights.licence or rights.basis}"
    if rights.expires or rights.prohibited:
        never = f"; never for {listed(rights.prohibited)}" if rights.prohibited else ""
        yield f"Terms: until {rights.expires or 'no date'}{never}"
    yield "\nLimits"
    yield from (f"  - {s}" for s in content.limits)
    yield "\nNot shown by anything here: that the measurements are true, and attacks outside the"
    yield "threat model. Rows and report are beside this text; read the report before you sign."
    yield f"\nYou sign: decision {decision}"
    yield f"rows {content.candidate}, policy {content.policy_digest}"
