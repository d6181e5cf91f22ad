"""Pictures for an analyst: how far an estimate is off, and how often intervals hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import element, figure, percent, picture

if TYPE_CHECKING:
    from markupsafe import Markup

    from assaymark.core.measurement import Measurement

__all__ = ["coverage_words", "draw_coverage", "draw_estimate", "estimate_words"]

_MIDDLE, _HEIGHT, _REACH = 11, 22, 2.0
_FIRST = 0.5  # coverage is drawn from one half on
_NOMINAL = 0.95


def estimate_words(m: Measurement) -> str:
    """Say how far an estimate is off, in shares of the margin that would change a decision."""
    return (
        f"Off by {figure(m.value)} of the margin, 95 % interval {figure(m.low)} to "
        f"{figure(m.high)}; beyond 1 a decision would change."
    )


def draw_estimate(m: Measurement) -> Markup:
    """Draw the interval of a difference over the band that changes no decision, -1 to 1."""
    low, value, high = (_at(x or 0.0) for x in (m.low, m.value, m.high))
    band = {"x": f"{_at(-1):.1f}%", "width": f"{_at(1) - _at(-1):.1f}%"}
    middle = f"{_at(0):.1f}%"
    marks = [
        element("rect", y=2, height=_HEIGHT - 4, class_="rail", **band),
        element("line", x1=middle, x2=middle, y1=2, y2=_HEIGHT - 2, class_="chance"),
        element("line", x1=f"{low:.1f}%", x2=f"{high:.1f}%", y1=_MIDDLE, y2=_MIDDLE, class_="gap"),
        element("circle", cx=f"{value:.1f}%", cy=_MIDDLE, r=4.5, class_="synth"),
    ]
    return picture("Difference", estimate_words(m), *marks, class_="group", height=_HEIGHT)


def coverage_words(m: Measurement) -> str:
    """Say how often intervals held the truth in simulations."""
    return (
        f"{percent(m.value)} of intervals held the truth ({percent(m.low)} to {percent(m.high)}); "
        f"{percent(_NOMINAL)} is what they promise."
    )


def draw_coverage(m: Measurement) -> Markup:
    """Draw the share of intervals that held the truth on an axis from one half to all."""

    def at(x: float) -> float:
        return 4 + 92 * min(1.0, max(0.0, (x - _FIRST) / (1 - _FIRST)))

    low, value, high = (at(x or 0.0) for x in (m.low, m.value, m.high))
    promised = f"{at(_NOMINAL):.1f}%"
    marks = [
        element("line", x1="4%", x2="96%", y1=_MIDDLE, y2=_MIDDLE, class_="rail"),
        element("line", x1=promised, x2=promised, y1=2, y2=_HEIGHT - 2, class_="chance"),
        element("line", x1=f"{low:.1f}%", x2=f"{high:.1f}%", y1=_MIDDLE, y2=_MIDDLE, class_="gap"),
        element("circle", cx=f"{value:.1f}%", cy=_MIDDLE, r=4.5, class_="synth"),
    ]
    return picture("Coverage", coverage_words(m), *marks, class_="group", height=_HEIGHT)


def _at(x: float) -> float:
    return 50 + 46 * min(_REACH, max(-_REACH, x)) / _REACH
