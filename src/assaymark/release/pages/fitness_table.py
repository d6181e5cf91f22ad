"""Fitness table: which use is fit for which group, as a report shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.release.pages.report_words import Badge, spoken_use

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.release.pages.report_content import FitnessLine

__all__ = ["FITNESS", "FitnessRow", "FitnessTable", "fitness_table"]

FITNESS = {
    "not fit": Badge(mark="✕", word="Not fit", tone="bad"),
    "not enough evidence": Badge(mark="?", word="Not enough evidence", tone="open"),
    "fit": Badge(mark="✓", word="Fit", tone="good"),
}
_MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class FitnessRow:
    """One group: a badge a use, and why it is not fit where it is not, each reason once."""

    group: str
    badges: tuple[Badge, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FitnessTable:
    """Rows of the groups that come first: whatever is not fit, and up to twelve in all."""

    uses: tuple[str, ...]
    shown: tuple[FitnessRow, ...]
    rest: tuple[FitnessRow, ...]
    words: str


def fitness_table(lines: Sequence[FitnessLine]) -> FitnessTable | None:
    """Return the table of ``lines``, the least fit groups first; ``None`` without groups."""
    if not lines:
        return None
    uses = tuple(dict.fromkeys(line.use for line in lines))
    by_group: dict[str, dict[str, FitnessLine]] = {}
    for line in lines:
        by_group.setdefault(line.group, {})[line.use] = line
    rank = list(FITNESS)
    rows = [_row(group, [cells[u] for u in uses]) for group, cells in by_group.items()]
    rows.sort(key=lambda r: min(rank.index(f) for f in FITNESS if FITNESS[f] in r.badges))
    counts = [
        f"{sum(line.fitness == f for line in lines)} {f}"
        for f in FITNESS
        if any(line.fitness == f for line in lines)
    ]
    least = sum(FITNESS["not fit"] in r.badges for r in rows)
    cut = max(_MOST, min(least, 2 * _MOST))
    return FitnessTable(
        uses=tuple(spoken_use(u) for u in uses),
        shown=tuple(rows[:cut]),
        rest=tuple(rows[cut:]),
        words=f"Of {len(lines)} pairs of a use and a group: {', '.join(counts)}.",
    )


def _row(group: str, cells: Sequence[FitnessLine]) -> FitnessRow:
    return FitnessRow(
        group=group.replace("=", " = ", 1),
        badges=tuple(FITNESS[c.fitness] for c in cells),
        why=tuple(f"{spoken_use(c.use)}: {c.why}" for c in cells if c.why),
    )
