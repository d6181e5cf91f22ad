"""The plane of a comparison: what is recognised across, closeness upwards, cost as size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from assaymark.release.drawing.field import HEIGHT, Field, names
from assaymark.release.drawing.marks import element, percent, picture
from assaymark.release.pages.comparison_words import cost_words, leak_words, score_words

if TYPE_CHECKING:
    from markupsafe import Markup

    from assaymark.core.comparison import Comparison, Contender

__all__ = ["draw_plane", "shown_in_plane"]

_LEAST, _AROUND = -0.05, -0.001  # what lies further left is drawn at the edge
_TICKS = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
_SMALLEST, _LARGEST = 5.0, 16.0
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
    field = Field(share=lambda x: _part(x, reach))
    marks = field.frame(found.ceiling, "recognised beyond chance")
    for tick in (t for t in _TICKS if t <= reach[1]):
        marks += field.upright(tick, percent(tick))
    spots = [(_spot(c, field), c) for c in shown]
    for spot, c in spots:
        leak = c.worst.figure if c.worst else c.closeness
        marks += field.whiskers(leak, c.closeness, spot)
    for (x, y), c in spots:
        marks.append(
            element("circle", cx=f"{x:.1f}%", cy=y, r=_radius(c), class_=f"spot {_CLASSES[c.held]}")
        )
    marks += names([(c.name, at, _radius(c)) for at, c in spots])
    words = " ".join(
        f"{c.name}: closeness {score_words(c.closeness)}; {leak_words(c.worst)}; a fit takes "
        f"{cost_words(c)}."
        for c in shown
    )
    return picture(
        "Closeness, leak and cost of each recipe", words, *marks, class_="plane", height=HEIGHT
    )


def _spot(c: Contender, field: Field) -> tuple[float, float]:
    leak = c.worst.figure.value if c.worst else None
    return field.across(leak or 0.0), field.up(c.closeness.value or 0.0)


def _part(share: float, reach: tuple[float, float]) -> float:
    """Return where a share lies between the ends, on an axis of square roots."""
    low, high = (_root(x) for x in reach)
    return (_root(min(max(share, reach[0]), reach[1])) - low) / (high - low)


def _root(x: float) -> float:
    return math.copysign(math.sqrt(abs(x)), x)


def _radius(c: Contender) -> float:
    """Return a radius that grows with the logarithm of the seconds of a fit."""
    seconds = c.fit_seconds or 0.0
    return min(_LARGEST, _SMALLEST + 2.5 * math.log10(1 + 10 * seconds))
