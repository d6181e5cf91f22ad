"""The plane of a comparison: what is recognised across, closeness upwards, cost as size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from assaymark.release.comparison_words import cost_words, leak_words, score_words
from assaymark.release.drawing import element, percent, picture, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from assaymark.core.comparison import Comparison, Contender

__all__ = ["draw_plane", "shown_in_plane"]

_HEIGHT, _TOP, _BOTTOM = 380, 18, 330
_LEFT, _RIGHT = 9.0, 96.0  # per cent of the width
_LEAST, _AROUND = -0.05, -0.001  # what lies further left is drawn at the edge
_TICKS = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
_SMALLEST, _LARGEST = 5.0, 16.0
_LINE = 15
_CLASSES = {"leaks": "leaks", "held": "held", "not shown": "open", "not measured": "open"}


def shown_in_plane(found: Comparison) -> list[Contender]:
    """Return the recipes that have both a closeness and an attack's figure."""
    return [
        c
        for c in found.contenders
        if c.closeness.value is not None
        and c.worst is not None
        and c.worst.figure.value is not None
    ]


def draw_plane(found: Comparison) -> Markup:
    """Draw each recipe where its most successful attack and its closeness put it.

    The axis of what is recognised is one of square roots, so that small leaks can be told apart
    beside large ones.
    """
    shown = shown_in_plane(found)
    ends = [x for c in shown if c.worst for x in (c.worst.figure.low, c.worst.figure.high)]
    known = [x for x in ends if x is not None]
    reach = (max(_LEAST, min([_AROUND, *known])), min(1.0, max([0.1, *known])))
    marks = _frame(found, reach)
    spots = sorted(((_spot(c, reach), c) for c in shown), key=lambda s: s[0][1])
    for (x, y), c in spots:
        marks += _spread(c, x, y, reach)
    for (x, y), c in spots:
        marks.append(
            element("circle", cx=f"{x:.1f}%", cy=y, r=_radius(c), class_=f"spot {_CLASSES[c.held]}")
        )
    marks += _names([(x, y, c) for (x, y), c in spots])
    words = " ".join(
        f"{c.name}: closeness {score_words(c.closeness)}; {leak_words(c.worst)}; a fit takes "
        f"{cost_words(c)}."
        for c in shown
    )
    return picture(
        "Closeness, leak and cost of each recipe", words, *marks, class_="plane", height=_HEIGHT
    )


def _frame(found: Comparison, reach: tuple[float, float]) -> list[Markup]:
    box = {"x": f"{_LEFT}%", "width": f"{_RIGHT - _LEFT}%"}
    marks = [element("rect", **box, y=str(_TOP), height=str(_BOTTOM - _TOP), class_="frame")]
    for tick in (t for t in _TICKS if t <= reach[1]):
        x = _across(tick, reach)
        at = f"{x:.1f}%"
        marks.append(element("line", x1=at, x2=at, y1=_TOP, y2=_BOTTOM, class_="grid"))
        marks.append(_text(percent(tick), x, _BOTTOM + 17, "middle"))
    for score in (0.0, 0.25, 0.5, 0.75, 1.0):
        marks.append(_level(_up(score), "grid"))
        marks.append(_text(f"{score:g}", _LEFT - 1, _up(score) + 4, "end"))
    middle = (_LEFT + _RIGHT) / 2
    marks.append(_text("recognised beyond chance", middle, _BOTTOM + 38, "middle"))
    marks.append(_text("closeness", _LEFT, _TOP - 6, "middle"))
    if found.ceiling.value is not None:
        y = _up(found.ceiling.value)
        marks += [_level(y, "ceiling"), _text("real rows", _RIGHT - 0.7, y - 5, "end")]
    return marks


def _level(y: float, name: str) -> Markup:
    return element("line", x1=f"{_LEFT}%", x2=f"{_RIGHT}%", y1=y, y2=y, class_=name)


def _text(words: str, x: float, y: float, anchor: str) -> Markup:
    return element("text", words, x=f"{x:.1f}%", y=y, text_anchor=anchor)


def _spread(c: Contender, x: float, y: float, reach: tuple[float, float]) -> list[Markup]:
    """Draw the intervals of both figures."""
    marks = []
    f = c.worst.figure if c.worst else c.closeness
    if f.low is not None and f.high is not None:
        left, right = (f"{_across(v, reach):.1f}%" for v in (f.low, f.high))
        marks.append(element("line", x1=left, x2=right, y1=y, y2=y, class_="whisker"))
    low, high = c.closeness.low, c.closeness.high
    if low is not None and high is not None:
        at = f"{x:.1f}%"
        marks.append(element("line", x1=at, x2=at, y1=_up(low), y2=_up(high), class_="whisker"))
    return marks


def _names(spots: Sequence[tuple[float, float, Contender]]) -> list[Markup]:
    """Write each name beside its spot, lower where it would run into the one above."""
    marks, last = [], {"start": -math.inf, "end": -math.inf}
    for x, y, c in spots:
        side = "end" if x > 60 else "start"
        at = max(y + 4, last[side] + _LINE)
        last[side] = at
        step = _radius(c) + 6
        marks.append(
            element(
                "text",
                shortened(c.name, 28),
                x=f"{x:.1f}%",
                dx=-step if side == "end" else step,
                y=at,
                text_anchor=side,
                class_="name",
            )
        )
    return marks


def _spot(c: Contender, reach: tuple[float, float]) -> tuple[float, float]:
    leak = c.worst.figure.value if c.worst else None
    return _across(leak or 0.0, reach), _up(c.closeness.value or 0.0)


def _across(share: float, reach: tuple[float, float]) -> float:
    """Return where a share lies, in per cent of the width, on an axis of square roots."""
    low, high = (_root(x) for x in reach)
    part = (_root(min(max(share, reach[0]), reach[1])) - low) / (high - low)
    return _LEFT + (_RIGHT - _LEFT) * part


def _root(x: float) -> float:
    return math.copysign(math.sqrt(abs(x)), x)


def _up(score: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * 0.96 * min(1.0, max(0.0, score))


def _radius(c: Contender) -> float:
    """Return a radius that grows with the logarithm of the seconds of a fit."""
    seconds = c.fit_seconds or 0.0
    return min(_LARGEST, _SMALLEST + 2.5 * math.log10(1 + 10 * seconds))
