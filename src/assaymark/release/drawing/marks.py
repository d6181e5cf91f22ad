"""Drawing: SVG elements, a number as people read it, and the interval bar of one measurement.

Pictures are strings made here: no script, no font, no outside resource. Horizontal positions are
percentages, so a picture is as wide as its place and its text keeps its size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assaymark.core.measurement import Measurement

__all__ = [
    "Scale",
    "axis",
    "element",
    "figure",
    "interval",
    "percent",
    "picture",
    "scale_of",
    "shortened",
]

Direction = Literal["at_most", "at_least", "within"]

_EDGE = 4.0  # per cent of the width kept free on both sides
_MIDDLE = 13


def element(tag: str, *inside: str, **attributes: float | str) -> Markup:
    """Return one SVG element; text and attributes are escaped, ``Markup`` inside is kept."""
    parts = [
        f' {name.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for name, value in attributes.items()
    ]
    body = Markup("").join(inside)
    return Markup(f"<{tag}{''.join(parts)}>{body}</{tag}>")  # noqa: S704


def picture(title: str, description: str, *inside: str, **attributes: float | str) -> Markup:
    """Return an ``<svg>`` that a screen reader announces by its title and description."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *inside,
        role="img",
        aria_label=f"{title}. {description}",
        **attributes,
    )


def figure(x: float | None) -> str:
    """Return ``x`` with about three significant digits and a real minus sign."""
    if x is None:
        return "none"
    if x == 0:
        return "0"
    size = math.floor(math.log10(abs(x)))
    text = f"{x:,.{min(6, max(0, 2 - size))}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text in {"0", "-0"}:
        return "under 0.000001" if x > 0 else "above −0.000001"
    return text.replace("-", "−")


def percent(x: float | None) -> str:
    """Return a share in [0, 1] as a percentage; ``None`` is a share that is withheld.

    Whole per cents have no decimal: real shares come rounded, and must not look more exact.
    """
    if x is None:
        return "withheld"
    if abs(100 * x - round(100 * x)) < 1e-9:
        return f"{round(100 * x)}\u00a0%".replace("-", "−")
    text = f"{100 * x:.1f}"
    if text in {"0.0", "100.0"}:
        text = "<\u00a00.1" if text == "0.0" else ">\u00a099.9"
    return f"{text}\u00a0%".replace("-", "−")


def shortened(text: str, length: int) -> str:
    """Cut ``text`` to ``length`` characters, with an ellipsis where something is lost."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A linear axis shared by the bars of one rule; ``start`` to ``end`` in the metric's unit."""

    start: float
    end: float
    threshold: float
    direction: Direction

    def at(self, x: float) -> float:
        """Return the position of ``x`` in per cent of the width, kept inside the picture."""
        share = (x - self.start) / (self.end - self.start)
        return min(100.0, max(0.0, _EDGE + (100 - 2 * _EDGE) * share))

    @property
    def good(self) -> tuple[float, float]:
        """Left and right end of the good side, in per cent of the width."""
        if self.direction == "at_most":
            return 0.0, self.at(self.threshold)
        if self.direction == "at_least":
            return self.at(self.threshold), 100.0
        return self.at(-abs(self.threshold)), self.at(abs(self.threshold))

    @property
    def limits(self) -> tuple[float, ...]:
        """The thresholds, as values."""
        if self.direction == "within":
            return -abs(self.threshold), abs(self.threshold)
        return (self.threshold,)


def scale_of(measurements: Iterable[Measurement], threshold: float, direction: Direction) -> Scale:
    """Return the axis that shows threshold, values, intervals and floors; baselines if near."""
    rows = [m for m in measurements if m.value is not None]
    points = [threshold, -threshold] if direction == "within" else [threshold]
    points += [x for m in rows for x in (m.value, m.low, m.high, m.floor) if x is not None]
    low, high = min(points), max(points)
    if 0 < low < 0.7 * high:
        low = 0.0
    span = (high - low) or abs(high) or 1.0
    near = [m.baseline for m in rows if m.baseline is not None]
    near = [b for b in near if low - span <= b <= high + span]
    low, high = min([low, *near]), max([high, *near])
    pad = 0.06 * ((high - low) or abs(high) or 1.0)
    start = low if low == 0 and direction != "within" else low - pad
    return Scale(start=start, end=high + pad, threshold=threshold, direction=direction)


def interval(m: Measurement, scale: Scale, *, title: str, words: str) -> Markup:
    """Draw one measurement: good side, threshold, noise floor, baseline, interval and value.

    ``title`` and ``words`` say the same for those who do not see the picture.
    """
    left, right = scale.good
    marks: list[Markup] = [
        element("rect", x=f"{left:.1f}%", y=0, width=f"{right - left:.1f}%", height=26, class_="ok")
    ]
    marks += [_upright(scale.at(t), 0, 26, "limit") for t in scale.limits]
    if m.baseline is not None and scale.start <= m.baseline <= scale.end:
        marks.append(_upright(scale.at(m.baseline), 7, 19, "base"))
    if m.floor is not None:
        marks.append(_upright(scale.at(m.floor), 5, 21, "floor"))
    if m.value is not None:
        low = scale.at(m.value if m.low is None else m.low)
        high = scale.at(m.value if m.high is None else m.high)
        marks.append(_level(low, high, "span"))
        marks += [_upright(x, 9, 17, "span") for x in (low, high)]
        marks.append(element("circle", cx=f"{scale.at(m.value):.1f}%", cy=_MIDDLE, r=4.5))
    return picture(title, words, *marks, class_="bar", height=26)


def axis(scale: Scale, *, labels: Sequence[str] = ()) -> Markup:
    """Draw the head of a column of bars: the threshold's value and the good side's name."""
    texts = labels or tuple(figure(t) for t in scale.limits)
    marks = []
    for value, text in zip(scale.limits, texts, strict=True):
        x = scale.at(value)
        marks.append(element("text", escape(text), x=f"{x:.1f}%", y=11, text_anchor=anchor_at(x)))
        marks.append(_upright(x, 14, 20, "limit"))
    return element("svg", *marks, class_="bar axis", height=20, aria_hidden="true")


def anchor_at(x: float) -> str:
    """Return the text anchor that keeps a label at ``x`` per cent inside the picture."""
    if x < 15:
        return "start"
    return "end" if x > 85 else "middle"


def _upright(x: float, top: float, bottom: float, name: str) -> Markup:
    at = f"{x:.1f}%"
    return element("line", x1=at, x2=at, y1=top, y2=bottom, class_=name)


def _level(left: float, right: float, name: str) -> Markup:
    return element(
        "line", x1=f"{left:.1f}%", x2=f"{right:.1f}%", y1=_MIDDLE, y2=_MIDDLE, class_=name
    )


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
