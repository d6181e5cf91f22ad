"""Verdicts put in order for reading: one block a rule, what did not pass first and in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import Scale, axis, figure, interval, scale_of
from assaymark.release.pages.report_words import (
    BADGES,
    ORDER,
    SEVERITIES,
    STAGES,
    Badge,
    allowed,
    listed,
    measured,
    spoken_subject,
    spoken_use,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from markupsafe import Markup

    from assaymark.core.measurement import Measurement
    from assaymark.release.pages.report_content import ReportContent, VerdictLine

__all__ = [
    "Row",
    "RuleBlock",
    "Told",
    "UseCell",
    "badness",
    "rule_blocks",
    "tally",
    "telling",
    "told_apart",
    "uses_in_order",
]

_MOST_DRAWN = 60
_MOST_TELLING = 6
_PASSED = ORDER.index("PASS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One subject of a rule; ``drawing`` is empty where there is no value or too many rows."""

    subject: str
    badge: Badge
    measurement: Measurement
    drawing: Markup | str
    words: str
    reason: str
    only_for: str
    stage: str
    telling: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCell:
    """What one rule says for one use: the worst verdict, and how many subjects passed."""

    badge: Badge
    passed: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBlock:
    """One rule with all its subjects, for every use it applies to."""

    anchor: str
    line: VerdictLine
    badge: Badge
    uses: tuple[str, ...]
    cells: Mapping[str, UseCell]
    severity: str
    allowed: str
    judged_on: str
    unit: str
    meaning: str
    axis: Markup | str
    worst: Row
    open_rows: tuple[Row, ...]
    passed_rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether every subject passed."""
        return not self.open_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one rule says of the uses that it says the same of, and the worst line for them."""

    badge: Badge
    uses: tuple[str, ...]
    worst: VerdictLine


def rule_blocks(content: ReportContent) -> tuple[RuleBlock, ...]:
    """Return one block a rule: required ones that did not pass, other such ones, what passed."""
    by_rule: dict[str, list[VerdictLine]] = {}
    for line in content.verdicts:
        by_rule.setdefault(line.rule, []).append(line)
    ranked = sorted(
        by_rule.values(),
        key=lambda ls: (_rank(ls) == _PASSED, ls[0].severity != "block", _rank(ls)),
    )
    order = uses_in_order(content)
    return tuple(_block(lines, f"rule-{i}", order) for i, lines in enumerate(ranked, 1))


def uses_in_order(content: ReportContent) -> tuple[str, ...]:
    """Return the uses that rules apply to, in the order in which the answer names them."""
    judged = dict.fromkeys(v.use for v in content.verdicts)
    named = [u.use for u in content.uses if u.use in judged]
    return tuple(dict.fromkeys((*named, *judged)))


def told_apart(content: ReportContent) -> tuple[Told, ...]:
    """Return the worst verdict of each rule, apart for uses that it says different things of.

    What passes comes last.
    """
    found = []
    for block in rule_blocks(content):
        alike: dict[Badge, list[str]] = {}
        for use in block.uses:
            alike.setdefault(block.cells[use].badge, []).append(use)
        for badge, uses in alike.items():
            lines = [v for v in content.verdicts if v.rule == block.line.rule and v.use in uses]
            found.append(Told(badge=badge, uses=tuple(uses), worst=min(lines, key=_goodness)))
    return tuple(sorted(found, key=lambda t: t.worst.verdict == "PASS"))


def tally(verdicts: Iterable[VerdictLine]) -> list[tuple[Badge, int]]:
    """Count verdicts of each kind, a rule and subject once however many uses it serves."""
    seen = {(v.rule, v.measurement.subject, v.verdict) for v in verdicts}
    counts = {name: sum(verdict == name for _, _, verdict in seen) for name in reversed(ORDER)}
    return [(BADGES[name], count) for name, count in counts.items() if count]


def telling(m: Measurement) -> tuple[str, ...]:
    """Return the columns a measurement names as most telling, best first.

    They are in ``details["top"]``: a list of records with a ``column``.
    """
    found = m.details.get("top")
    records = found if isinstance(found, list) else []
    names = [r.get("column") for r in records if isinstance(r, dict)]
    return tuple(n for n in names if isinstance(n, str))[:_MOST_TELLING]


def _rank(lines: Sequence[VerdictLine]) -> int:
    return min(ORDER.index(v.verdict) for v in lines)


def _goodness(line: VerdictLine) -> tuple[int, float]:
    return ORDER.index(line.verdict), -badness(line)


def _block(lines: Sequence[VerdictLine], anchor: str, order: Sequence[str]) -> RuleBlock:
    first = lines[0]
    scale = scale_of((v.measurement for v in lines), first.threshold, first.direction)
    merged: dict[tuple[object, ...], list[VerdictLine]] = {}
    for line in lines:
        m = line.measurement
        merged.setdefault((m.subject, line.verdict, line.reason, m.value, line.stage), []).append(
            line
        )
    uses = tuple(sorted({v.use for v in lines}, key=order.index))
    ordered = sorted(merged.values(), key=lambda vs: _goodness(vs[0]))
    rows = [_row(vs, scale, uses, drawn=i < _MOST_DRAWN) for i, vs in enumerate(ordered)]
    open_count = sum(vs[0].verdict != "PASS" for vs in ordered)
    quantity = first.quantity
    return RuleBlock(
        anchor=anchor,
        line=first,
        badge=BADGES[ORDER[_rank(lines)]],
        uses=uses,
        cells={use: _cell([v for v in lines if v.use == use]) for use in uses},
        severity=SEVERITIES[first.severity],
        allowed=allowed(first.threshold, first.direction),
        judged_on=listed([STAGES.get(s, s) for s in dict.fromkeys(v.stage for v in lines) if s]),
        unit=quantity.unit if quantity else "",
        meaning=quantity.meaning if quantity else "",
        axis=axis(scale) if any(v.measurement.value is not None for v in lines) else "",
        worst=rows[0],
        open_rows=tuple(rows[:open_count]),
        passed_rows=tuple(rows[open_count:]),
    )


def _cell(lines: Sequence[VerdictLine]) -> UseCell:
    return UseCell(
        badge=BADGES[ORDER[_rank(lines)]],
        passed=sum(v.verdict == "PASS" for v in lines),
        of=len(lines),
    )


def _row(lines: Sequence[VerdictLine], scale: Scale, uses: tuple[str, ...], *, drawn: bool) -> Row:
    line = lines[0]
    m = line.measurement
    subject = spoken_subject(m.subject)
    words = f"Measured {measured(m)}. Allowed is {allowed(line.threshold, line.direction)}."
    if m.floor is not None:
        words += f" Sampling noise alone gives {figure(m.floor)}."
    if m.baseline is not None:
        words += f" The trivial baseline gives {figure(m.baseline)}."
    here = tuple(dict.fromkeys(v.use for v in lines))
    return Row(
        subject=subject,
        badge=BADGES[line.verdict],
        measurement=m,
        drawing=interval(m, scale, title=subject, words=words)
        if drawn and m.value is not None
        else "",
        words=words,
        reason=line.reason,
        only_for=listed([spoken_use(u) for u in here]) if set(here) != set(uses) else "",
        stage=line.stage,
        telling=telling(m),
    )


def badness(line: VerdictLine) -> float:
    """How close a value is to the threshold, or how far beyond; larger is worse."""
    m = line.measurement
    if m.value is None:
        return float("inf")
    if line.direction == "at_least":
        return line.threshold - m.value
    if line.direction == "within":
        return abs(m.value) - abs(line.threshold)
    return m.value - line.threshold
