"""Attacks and pairs as pictures, from the details of measurements."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from assaymark.release.pages.report_content import (
    AttackPicture,
    ControlLine,
    ExposureLine,
    PairLine,
    SecretLine,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
        value=m.value,
        low=m.low,
        high=m.high,
        chance=m.baseline or 0.0,
        meaning=str(d.get("meaning", "")),
        exposure=str(d.get("exposure", "")),
        curve=_curve(d.get("curve")),
        planted_curve=_curve(d.get("planted_curve")),
        null_curve=_curve(d.get("null_curve")),
        controls=tuple(c for line in _list(d.get("controls")) for c in _control(line)),
        exposed=tuple(g for line in _list(d.get("groups")) for g in _exposure(line)),
        hit=str(d.get("hit", "hit")),
        secret=_secret(d),
        limit_of_detection=m.limit_of_detection,
        records=m.n,
    )


def _control(line: Json) -> Iterator[ControlLine]:
    """Yield the control, nothing where a count is missing: a gap is not a zero."""
    if not isinstance(line, dict):
        return
    caught, of, size = (_number(line.get(k)) for k in ("caught", "of", "size"))
    if caught is None or of is None:
        return
    yield ControlLine(
        name=str(line.get("name", "")),
        kind="null" if line.get("kind") == "null" else "planted",
        caught=int(caught),
        of=int(of),
        size=size,
        note=str(line.get("note", "")),
    )


def _exposure(line: Json) -> Iterator[ExposureLine]:
    if not isinstance(line, dict):
        return
    value, low, high, n = (_number(line.get(k)) for k in ("value", "low", "high", "n"))
    if value is None or low is None or high is None or n is None:
        return
    yield ExposureLine(
        group=str(line.get("group", "")).replace("=", " = ", 1),
        value=value,
        low=low,
        high=high,
        n=int(n),
        exposed=bool(line.get("exposed")),
    )


def _secret(details: Mapping[str, Json]) -> SecretLine | None:
    """Return what is said of a secret, ``None`` where any of it is missing."""
    shares = ("guessed", "precision", "recall")
    names = (*shares, *(f"{s}_of_unseen" for s in shares), "alc")
    found = {n: x for n in names if (x := _number(details.get(n))) is not None}
    secret = details.get("secret")
    if not isinstance(secret, str) or len(found) < len(names):
        return None
    loss = found.pop("alc")
    return SecretLine(secret=secret, **found, loss=loss)


def _curve(points: Json) -> tuple[tuple[float, float], ...]:
    pairs = ([_number(x) for x in p] for p in _list(points) if isinstance(p, list))
    return tuple(
        (p[0], p[1]) for p in pairs if len(p) == 2 and p[0] is not None and p[1] is not None
    )


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _number(value: Json) -> float | None:
    """Return a finite number, ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
