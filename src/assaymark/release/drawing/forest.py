"""Picture of one claim's figure: real above synthetic, each with its interval, and the margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import element, figure, percent, picture

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Effect", "draw_effect", "effect_words", "told"]

_EDGE = 5.0
_REAL, _SYNTHETIC, _HEIGHT = 11, 24, 35


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An estimate (value, low, high) on either side, in its own unit, and the margin."""

    title: str
    unit: str
    real: tuple[float, float, float]
    synthetic: tuple[float, float, float]
    margin: float


def told(x: float, unit: str) -> str:
    """Return a number in its unit: shares as per cent."""
    return percent(x) if unit.startswith("share") else figure(x)


def effect_words(effect: Effect) -> str:
    """Say both estimates and the margin."""
    sides = (
        f"{name} {told(x[0], effect.unit)}, {told(x[1], effect.unit)} to {told(x[2], effect.unit)}"
        for name, x in (("Real", effect.real), ("synthetic", effect.synthetic))
    )
    return f"{'; '.join(sides)}; margin {told(effect.margin, effect.unit)}."


def draw_effect(effect: Effect) -> Markup:
    """Draw the margin as a band around the real estimate, and both intervals on one axis."""
    value = effect.real[0]
    points = [*effect.real, *effect.synthetic, value - effect.margin, value + effect.margin]
    start, end = min(points), max(points)

    def at(x: float) -> float:
        share = (x - start) / (end - start) if end > start else 0.5
        return _EDGE + (100 - 2 * _EDGE) * share

    left, right = at(value - effect.margin), at(value + effect.margin)
    marks = [
        element(
            "rect",
            x=f"{left:.1f}%",
            y=0,
            width=f"{right - left:.1f}%",
            height=_HEIGHT,
            class_="margin",
        )
    ]
    if start < 0 < end:
        zero = f"{at(0.0):.1f}%"
        marks.append(element("line", x1=zero, x2=zero, y1=0, y2=_HEIGHT, class_="zero"))
    for (middle, low, high), y, name in (
        (effect.real, _REAL, "real"),
        (effect.synthetic, _SYNTHETIC, "synth"),
    ):
        ends = {"x1": f"{at(low):.1f}%", "x2": f"{at(high):.1f}%"}
        marks.append(element("line", y1=y, y2=y, class_=name, **ends))
        marks.append(element("circle", cx=f"{at(middle):.1f}%", cy=y, r=4.5, class_=name))
    return picture(effect.title, effect_words(effect), *marks, class_="forest", height=_HEIGHT)
