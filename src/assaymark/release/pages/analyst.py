"""Analyst: what the report tells somebody who computes estimates from the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.coverage import ESTIMANDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.measurement import Measurement

__all__ = ["AnalystView", "EstimateLine", "analyst_view"]

_DIFFERENCES = (
    "inference.difference",
    "inference.difference_sparse",
    "inference.model_difference",
)
_COVERAGE = ("inference.coverage", "inference.model_coverage")
_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateLine:
    """One estimate: its name, the difference, and the overlap of intervals, if it was measured."""

    name: str
    measurement: Measurement
    overlap: Measurement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalystView:
    """Estimates, those furthest off first, the coverage of each kind, and counting queries."""

    shown: tuple[EstimateLine, ...]
    rest: tuple[EstimateLine, ...]
    missing: tuple[tuple[str, str], ...]
    coverage: tuple[tuple[str, Measurement], ...]
    queries: tuple[tuple[str, Measurement], ...]


def analyst_view(measured: Sequence[Measurement]) -> AnalystView | None:
    """Return what to show of these measurements; ``None`` where no estimate was compared."""
    overlaps = {m.subject: m for m in measured if m.metric == "inference.overlap"}
    differences = [m for m in measured if m.metric in _DIFFERENCES and m.subject[:4] != "none"]
    lines = [
        EstimateLine(name=_named(m.subject), measurement=m, overlap=overlaps.get(m.subject))
        for m in differences
        if m.value is not None
    ]
    if not lines:
        return None
    lines.sort(key=lambda line: -abs(line.measurement.value or 0.0))
    return AnalystView(
        shown=tuple(lines[:_SHOWN]),
        rest=tuple(lines[_SHOWN:]),
        missing=tuple((_named(m.subject), m.reason) for m in differences if m.value is None),
        coverage=tuple(
            (ESTIMANDS.get(m.subject.partition(":")[2], m.subject), m)
            for m in measured
            if m.metric in _COVERAGE and m.subject.startswith("estimand:")
        ),
        queries=tuple(
            (m.subject.partition(":")[2], m)
            for m in measured
            if m.metric == "queries.relative_error" and m.value is not None
        ),
    )


def _named(subject: str) -> str:
    name, _, term = subject.removeprefix("estimand:").partition(",term:")
    if term:
        return f"{term} in {name}"
    kind, _, column = name.partition(" ")
    said = {"proportion": "share of the most frequent value of", "mean": "mean of"}.get(kind)
    return f"{said} {column}" if column and said else name
