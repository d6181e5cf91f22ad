"""The curve of a dial: members recognised across, closeness upwards, one spot a setting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from assaymark.release.dial_words import notch_tone, recognised_words
from assaymark.release.drawing import element, percent, picture

if TYPE_CHECKING:
    from markupsafe import Markup

    from assaymark.core.dial import Dialled, Notch

__all__ = ["draw_dial", "shown_on_dial"]

_HEIGHT, _TOP, _BOTTOM = 380, 18, 330
_LEFT, _RIGHT = 9.0, 96.0  # per cent of the width
_CHANCE, _SPOT = 0.01, 8.0


def shown_on_dial(found: Dialled) -> list[Notch]:
    """Return the settings that have both a closeness and an attack's figure."""
    return [
        n for n in found.notches if n.closeness.value is not None and n.isolated.high is not None
    ]


def draw_dial(found: Dialled) -> Markup:
    """Draw each setting where the attack on the most isolated and its closeness put it."""
    shown = shown_on_dial(found)
    highest = [n.isolated.high for n in shown if n.isolated.high is not None]
    reach = min(1.0, 1.15 * max([2.2 * _CHANCE, found.at_most, *highest]))
    up = _Upwards(_foot(shown))
    marks = _frame(found, reach, up)
    spots = [
        (_across(n.isolated.value or 0.0, reach), up.at(n.closeness.value or 0.0)) for n in shown
    ]
    for (x, y), (x2, y2) in pairwise(spots):
        ends = {"x1": f"{x:.1f}%", "x2": f"{x2:.1f}%"}
        marks.append(element("line", **ends, y1=y, y2=y2, class_="curve"))
    for (x, y), n in zip(spots, shown, strict=True):
        marks += _spread(n, (x, y), reach, up)
        tone = notch_tone(n, found)
        marks.append(element("circle", cx=f"{x:.1f}%", cy=y, r=_SPOT, class_=f"spot {tone}"))
        anchor, dx = ("end", -12) if x > 75 else ("start", 12)
        marks.append(
            element(
                "text", n.name, x=f"{x:.1f}%", dx=dx, y=y - 7, text_anchor=anchor, class_="name"
            )
        )
    words = " ".join(
        f"{n.name}: closeness {n.closeness.value:.2f}, {recognised_words(n.isolated)} of the most "
        "isolated recognised."
        for n in shown
    )
    title = "Closeness of each setting, and how well it is attacked"
    return picture(title, words, *marks, class_="plane", height=_HEIGHT)


def _frame(found: Dialled, reach: float, up: _Upwards) -> list[Markup]:
    marks = [
        element(
            "rect",
            x=f"{_LEFT}%",
            width=f"{_RIGHT - _LEFT}%",
            y=_TOP,
            height=_BOTTOM - _TOP,
            class_="frame",
        )
    ]
    for i in range(5):
        score = up.foot + i * (1 - up.foot) / 4
        marks.append(_level(up.at(score), "grid"))
        marks.append(_text(f"{score:.4g}", _LEFT - 1, up.at(score) + 4, "end"))
    for share, name in ((_CHANCE, "chance"), (found.at_most, "limit")):
        at = f"{_across(share, reach):.1f}%"
        line = "grid" if name == "chance" else "bound"
        marks.append(element("line", x1=at, x2=at, y1=_TOP, y2=_BOTTOM, class_=line))
        label = f"{percent(share)}, {name}"
        marks.append(_text(label, _across(share, reach), _BOTTOM + 17, "middle"))
    middle = (_LEFT + _RIGHT) / 2
    marks.append(_text("most isolated members recognised", middle, _BOTTOM + 38, "middle"))
    marks.append(_text("closeness", _LEFT, _TOP - 6, "middle"))
    if found.ceiling.value is not None:
        y = up.at(found.ceiling.value)
        marks += [_level(y, "ceiling"), _text("real rows", _RIGHT - 0.7, y - 5, "end")]
    return marks


def _spread(n: Notch, at: tuple[float, float], reach: float, up: _Upwards) -> list[Markup]:
    x, y = at
    f, c = n.isolated, n.closeness
    marks = []
    if f.low is not None and f.high is not None:
        left, right = (f"{_across(v, reach):.1f}%" for v in (f.low, f.high))
        marks.append(element("line", x1=left, x2=right, y1=y, y2=y, class_="whisker"))
    if c.low is not None and c.high is not None:
        across = f"{x:.1f}%"
        ends = {"y1": up.at(c.low), "y2": up.at(c.high)}
        marks.append(element("line", x1=across, x2=across, **ends, class_="whisker"))
    return marks


def _level(y: float, name: str) -> Markup:
    return element("line", x1=f"{_LEFT}%", x2=f"{_RIGHT}%", y1=y, y2=y, class_=name)


def _text(words: str, x: float, y: float, anchor: str) -> Markup:
    return element("text", words, x=f"{x:.1f}%", y=y, text_anchor=anchor)


def _across(share: float, reach: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * min(max(share, 0.0), reach) / reach


def _foot(shown: list[Notch]) -> float:
    """Return the quarter at or below the lowest score, where the axis begins."""
    lowest = min(n.closeness.value or 0.0 for n in shown)
    return min(0.75, math.floor(4 * lowest) / 4)


@dataclass(frozen=True, slots=True)
class _Upwards:
    """The axis of closeness, which begins at ``foot``."""

    foot: float

    def at(self, score: float) -> float:
        """Return the height of a score."""
        share = (min(1.0, max(self.foot, score)) - self.foot) / (1 - self.foot)
        return _BOTTOM - (_BOTTOM - _TOP) * 0.96 * share
