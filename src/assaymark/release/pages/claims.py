"""Claims page: what the rows are meant to show, real beside synthetic, for an economist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.release.drawing.forest import Effect, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from assaymark.core.measurement import Json, Measurement
    from assaymark.release.pages.report_content import ReportContent

__all__ = ["ClaimBlock", "ClaimRow", "SpreadRow", "claim_blocks"]

_PARTS = {
    "": "",
    "total": "total change",
    "winners": "share who gain",
    "losers": "share who lose",
    "share": "share of all rows",
}
_KINDS = {
    "mean": "mean",
    "share": "share",
    "total": "total",
    "ratio": "ratio",
    "ranking": "order of groups",
    "contrast": "effect",
    "tail": "tail",
    "scenario": "scenario",
}
_FIRST = {"scenario": "mean change"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadRow:
    """A quantile of a scenario's change, real and synthetic, each with its interval."""

    name: str
    real: str
    synthetic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One figure of a claim; ``effect`` is what is drawn, absent for an order of groups."""

    name: str
    verdict: str
    effect: Effect | None
    real: str
    synthetic: str
    margin: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimBlock:
    """One claim: its figures for everybody, then by group."""

    name: str
    kind: str
    where: str
    proposed: bool
    rows: tuple[ClaimRow, ...]
    groups: tuple[ClaimRow, ...]
    spread: tuple[SpreadRow, ...] = ()

    @property
    def open(self) -> tuple[str, ...]:
        """Names of figures that the real data itself cannot resolve."""
        return tuple(r.name or self.kind for r in (*self.rows, *self.groups) if r.note)


def claim_blocks(content: ReportContent) -> tuple[ClaimBlock, ...]:
    """Return the claims in the order they were measured, from details that are not sealed."""
    verdicts = {
        (v.measurement.metric, v.measurement.subject): v.verdict
        for v in content.verdicts
        if v.use == "policy_simulation"
    }
    judged = [v.measurement for v in content.verdicts]
    every = [*content.pictured, *judged, *content.measurements]
    once: dict[tuple[str, str], Measurement] = {}
    for m in every:
        if m.metric.startswith("claims.difference") and "claim" in m.details:
            once.setdefault((m.metric, m.subject), m)
    by_claim: dict[str, list[Measurement]] = {}
    for m in once.values():
        by_claim.setdefault(str(m.details["claim"]), []).append(m)
    return tuple(_block(name, found, verdicts) for name, found in by_claim.items())


def _block(
    name: str, found: Sequence[Measurement], verdicts: Mapping[tuple[str, str], str]
) -> ClaimBlock:
    first = found[0].details
    rows = [(m, _row(m, verdicts.get((m.metric, m.subject), ""))) for m in found]
    return ClaimBlock(
        name=name,
        kind=_KINDS.get(str(first.get("claim_kind")), "claim"),
        where=str(first.get("where") or ""),
        proposed=bool(first.get("proposed")),
        rows=tuple(r for m, r in rows if not m.details.get("group")),
        groups=tuple(r for m, r in rows if m.details.get("group")),
        spread=tuple(_spread(found)),
    )


def _row(m: Measurement, verdict: str) -> ClaimRow:
    d = m.details
    unit, part = str(d.get("unit", "")), str(d.get("part", ""))
    group = str(d.get("group", "")).replace("=", " = ", 1)
    said = _PARTS.get(part, part) or _FIRST.get(str(d.get("claim_kind")), "")
    name = f"{group}: {said}" if group and said else group or said
    real, made = _three(d.get("real")), _three(d.get("synthetic"))
    note = "" if d.get("resolved", True) else "the real data itself cannot resolve this"
    margin = d.get("margin")
    size = float(margin) if isinstance(margin, int | float) else 0.0
    if real is None or made is None or d.get("claim_kind") == "ranking":
        return ClaimRow(
            name=name or "pairs in the same order",
            verdict=verdict,
            effect=None,
            real="1 clear pair" if d.get("pairs") == 1 else f"{d.get('pairs', 0)} clear pairs",
            synthetic="" if made is None else told(made[0], "share"),
            margin=told(size, "share"),
            note=note,
        )
    return ClaimRow(
        name=name,
        verdict=verdict,
        effect=Effect(title=m.subject, unit=unit, real=real, synthetic=made, margin=size),
        real=_interval(real, unit),
        synthetic=_interval(made, unit),
        margin=told(size, unit) + ("" if d.get("declared_margin") and not part else " (default)"),
        note=note,
    )


def _spread(found: Sequence[Measurement]) -> Iterable[SpreadRow]:
    for m in found:
        lines = m.details.get("quantiles")
        for line in lines if isinstance(lines, list) else []:
            if not isinstance(line, dict):
                continue
            real, made, q = (
                _three(line.get("real")),
                _three(line.get("synthetic")),
                line["quantile"],
            )
            if real is not None and made is not None and isinstance(q, int | float):
                yield SpreadRow(
                    name=f"{100 * q:g} of 100 change by at most",
                    real=_interval(real, ""),
                    synthetic=_interval(made, ""),
                )


def _three(values: Json) -> tuple[float, float, float] | None:
    if not isinstance(values, list) or len(values) != 3:
        return None
    numbers = [float(x) for x in values if isinstance(x, int | float)]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def _interval(x: tuple[float, float, float], unit: str) -> str:
    return f"{told(x[0], unit)} ({told(x[1], unit)} to {told(x[2], unit)})"
