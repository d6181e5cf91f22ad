"""Drawing of a timeline: the evidence for a change after each look, with the line of an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["draw_timeline"]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 220, 78, 16, 14, 30
_LEAST, _MOST = -6.0, 6.0


def draw_timeline(evidence: Sequence[float], times: Sequence[str]) -> Markup:
    """Return the picture: looks along, evidence (log10 over its threshold) up, alarm at 0.

    What lies beyond 6 powers of ten either way is drawn at the edge.
    """
    n = len(evidence)
    points = [(_x(i, n), _y(value)) for i, value in enumerate(evidence)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    zero = _y(0.0)
    parts = [
        f'<rect class="beyond" x="{_LEFT}" y="{_TOP}" width="{_WIDTH - _LEFT - _RIGHT}" '
        f'height="{zero - _TOP:.1f}"/>',
        f'<path class="limit" d="M{_LEFT} {zero:.1f}H{_WIDTH - _RIGHT}"/>',
        f'<text x="{_WIDTH - _RIGHT}" y="{zero - 5:.1f}" text-anchor="end">alarm</text>',
        f'<polyline class="line found" points="{line}"/>',
    ]
    parts += [
        f'<circle class="{"over" if value >= 0 else "under"}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
        for (x, y), value in zip(points, evidence, strict=True)
        if n <= 60 or value >= 0
    ]
    for value, words in ((_LEAST, "1/1,000,000"), (-3.0, "1/1,000"), (0.0, "1"), (3.0, "1,000")):
        parts.append(
            f'<text x="{_LEFT - 6}" y="{_y(value) + 4:.1f}" text-anchor="end">{words}</text>'
        )
    shown = sorted({0, n // 2, n - 1})
    for i, when in zip(shown, _apart([times[i] for i in shown]), strict=True):
        anchor = "middle" if n == 1 else "start" if i == 0 else "end" if i == n - 1 else "middle"
        said = escape(when)
        parts.append(
            f'<text x="{_x(i, n):.1f}" y="{_HEIGHT - 8}" text-anchor="{anchor}">{said}</text>'
        )
    over = sum(value >= 0 for value in evidence)
    label = f"Evidence for a change after each of {n} looks; {over} at or over the line of an alarm"
    return Markup(  # noqa: S704 - numbers and escaped text
        f'<svg class="timeline" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        + "".join(parts)
        + "</svg>"
    )


def _apart(times: Sequence[str]) -> list[str]:
    """Return days, or where two are alike the minutes too, or the seconds."""
    for digits in (10, 16, 19):
        said = [t[:digits].replace("T", " ") for t in times]
        if len(set(said)) == len(said):
            break
    return said


def _x(i: int, n: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (i / (n - 1) if n > 1 else 0.5)


def _y(value: float) -> float:
    share = (min(max(value, _LEAST), _MOST) - _LEAST) / (_MOST - _LEAST)
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * share
