"""Attacks and pairs as pictures, from the details of measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.report_content import AttackPicture, ControlLine, PairLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.measurement import Json, Measurement

__all__ = ["attacks_of", "pairs_of"]


def pairs_of(measured: Sequence[Measurement]) -> tuple[PairLine, ...]:
    """Return the pairs of columns whose two-way distance was measured."""
    lines = []
    for m in measured:
        first, comma, second = m.subject.removeprefix("pair:").partition(",")
        if m.subject.startswith("pair:") and comma and m.value is not None:
            lines.append(PairLine(first=first, second=second, distance=m.value, floor=m.floor))
    return tuple(lines)


def attacks_of(measured: Sequence[Measurement]) -> tuple[AttackPicture, ...]:
    """Return the attacks whose measurement carries a curve or controls in its details."""
    return tuple(_attack(m) for m in measured if {"curve", "controls"} & set(m.details))


def _attack(m: Measurement) -> AttackPicture:
    d = m.details
    return AttackPicture(
        name=m.metric,
        title=str(d.get("title", m.metric)),
        meaning=str(d.get("meaning", "")),
        curve=_curve(d.get("curve")),
        planted_curve=_curve(d.get("planted_curve")),
        null_curve=_curve(d.get("null_curve")),
        controls=tuple(_control(c) for c in _list(d.get("controls")) if isinstance(c, dict)),
        limit_of_detection=m.limit_of_detection,
        records=m.n,
    )


def _control(c: dict[str, Json]) -> ControlLine:
    size = c.get("size")
    return ControlLine(
        name=str(c.get("name", "")),
        kind="null" if c.get("kind") == "null" else "planted",
        caught=int(_number(c.get("caught"))),
        of=int(_number(c.get("of"))),
        size=None if size is None else _number(size),
        note=str(c.get("note", "")),
    )


def _curve(points: Json) -> tuple[tuple[float, float], ...]:
    pairs = [p for p in _list(points) if isinstance(p, list) and len(p) == 2]
    return tuple((_number(p[0]), _number(p[1])) for p in pairs)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
