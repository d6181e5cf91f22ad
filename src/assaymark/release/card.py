"""Card: a short Markdown description of a release; every number comes from the same content."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assaymark.release.drawing import figure, percent
from assaymark.release.report_rules import rule_blocks, tally
from assaymark.release.report_words import (
    answer,
    listed,
    measured,
    must_know,
    spoken_subject,
    spoken_use,
    together,
    use_card,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.release.report_content import ReportContent

__all__ = ["card", "escaped"]

_CODE = re.compile("(`[^`|\n\r]+`)")
_IN_CODE = str.maketrans({"\n": " ", "\r": " "})
_ESCAPED = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>|#"} | {"\n": " ", "\r": " "})


def card(content: ReportContent) -> str:
    """Return the data card of a release as Markdown: same content, same text.

    Raises
    ------
    ValueError
        When the content is not of a release: refused rows and drafts have no card.
    """
    if content.mode != "release":
        raise ValueError(f"only a release has a card, this content is a {content.mode}")
    parts = [
        f"# {escaped(content.title)}",
        "Synthetic data. "
        f"{escaped(answer(content).headline)} Made {escaped(content.made_at)} by assaymark.",
        _section("Uses", _uses(content)),
        _section("Know this before you use it", [f"- {escaped(s)}" for s in must_know(content)]),
        _section("What was measured", _rules(content)),
        _section("Groups", _groups(content)),
        _section("Threat model", _threat(content)),
        _section("How it was made", _made(content)),
        _section("Limits", [f"- {escaped(s)}" for s in content.limits]),
        _section("Attribution", [f"- {escaped(s)}" for s in content.attribution]),
        _section("How to verify", _verify(content)),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def _section(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"## {title}\n\n{body}" if body else ""


def _uses(content: ReportContent) -> list[str]:
    lines = []
    for use in content.uses:
        said = use_card(content, use)
        words = " ".join([said.sentence, *said.reasons])
        if said.next_action:
            words += f" Next: {said.next_action}"
        lines.append(f"- **{escaped(said.use)}**: {escaped(words)}")
    return lines


def _rules(content: ReportContent) -> list[str]:
    blocks = rule_blocks(content)
    if not blocks:
        return []
    counted = [f"{count} {badge.word.lower()}" for badge, count in tally(content.verdicts)]
    lines = [
        f"{escaped(content.policy_name or 'The policy')}: {listed(counted)}. "
        "The worst of each rule:",
        "",
        "| Rule | Verdict | For | Worst | Measured | Allowed | n |",
        "|---|---|---|---|---|---|---|",
    ]
    for b in blocks:
        cells = [
            b.line.title,
            b.badge.word,
            listed([spoken_use(u) for u in b.uses]),
            b.worst.subject,
            measured(b.worst.measurement),
            b.allowed,
            str(b.worst.measurement.n),
        ]
        lines.append(f"| {' | '.join(escaped(c) for c in cells)} |")
    return lines


def _groups(content: ReportContent) -> list[str]:
    judged = {
        spoken_subject(v.measurement.subject): v.verdict
        for v in content.verdicts
        if v.measurement.subject.startswith("group:") and v.verdict != "PASS"
    }
    lines = [
        f"- {escaped(group.title)}: "
        + "; ".join(
            f"{escaped(g.name)} real {percent(g.real)}, synthetic {percent(g.synthetic)}"
            for g in group.levels
        )
        for group in content.groups
    ]
    if judged:
        lines.append(f"- Not shown to hold for: {escaped(listed(sorted(judged)))}")
    return lines


def _threat(content: ReportContent) -> list[str]:
    threat = content.threat
    if threat is None:
        return []
    return [
        f"- Profile: {escaped(threat.profile.value)}, rung {threat.rung}",
        f"- Recipients: {escaped(threat.recipient)}",
        f"- The attacker knows: {escaped(threat.knowledge)}",
        f"- Tried: {escaped(listed(threat.goals))}",
        f"- {escaped(together(threat))}",
        f"- Not covered: {escaped(threat.not_covered)}",
        f"- Accepted: {escaped(threat.residual_risk)}",
        *[
            f"- {escaped(a.title)}: smallest planted leak caught "
            f"{figure(a.limit_of_detection) if a.limit_of_detection is not None else 'none'}"
            for a in content.attacks
        ],
    ]


def _made(content: ReportContent) -> list[str]:
    lines = [f"- {escaped(label)}: {escaped(value)}" for label, value in content.provenance]
    if content.rows is not None:
        lines.append(f"- Synthetic rows: {content.rows}")
    lines += [
        f"- Changed before the fit: {escaped(t.what)} ({escaped(', '.join(t.columns))})"
        + (f": {escaped(t.why)}" if t.why else "")
        for t in content.transformations
    ]
    lines += [f"- {escaped(s.name)}: {escaped(s.result)}" for s in content.stages]
    if content.attempts:
        lines.append(f"- Attempts for the same people: {len(content.attempts)}")
    return lines


def _verify(content: ReportContent) -> list[str]:
    lines = ["Offline, in this folder:", "", f"    {content.verify_command}", ""]
    if content.candidate:
        lines.append(f"- Digest of the rows: `{content.candidate}`")
    if content.policy_digest:
        lines.append(f"- Digest of the policy: `{content.policy_digest}`")
    return lines


def escaped(text: str) -> str:
    """Escape what Markdown or HTML would read as markup; code between backquotes stays code."""
    parts = _CODE.split(text)
    return "".join(part.translate(_IN_CODE if i % 2 else _ESCAPED) for i, part in enumerate(parts))
