"""Pictures of an attack: what it finds on the candidate, on planted leaks and on clean data."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import element, percent, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from assaymark.release.pages.report_content import AttackPicture

__all__ = ["attack_words", "draw_curve"]

_SIDE = 240
_LEFT, _TOP = 58, 10
_SHOWN_RATES = ((0.01, 100), (0.1, 10))


def attack_words(attack: AttackPicture) -> str:
    """Say how many members the attack names when it may wrongly name few strangers."""
    said = []
    for rate, one_in in _SHOWN_RATES:
        found = _height(attack.curve, rate)
        if found is not None:
            said.append(
                f"If it may wrongly name one stranger in {one_in}, it finds {percent(found)} of "
                f"the people whose records were used; guessing finds {percent(rate)}."
            )
    return " ".join(said) or "No curve was recorded."


def draw_curve(attack: AttackPicture) -> Markup:
    """Draw found members against wrongly named strangers, with both controls and the guess.

    Both axes are logarithmic from 0.1 % on: what counts is whom the attack finds while it wrongly
    names hardly anybody.
    """
    width, height = _LEFT + _SIDE + 14, _TOP + _SIDE + 42
    ticks = [_tick(x) for x in (0.001, 0.01, 0.1, 1.0)]
    lines = [_path([(0.001, 0.001), (1, 1)], "guess")]
    for points, name in (
        (attack.null_curve, "null"),
        (attack.planted_curve, "planted"),
        (attack.curve, "found"),
    ):
        if shown := [p for p in points if max(p) > 0]:
            lines.append(_path(shown, name))
    middle = _LEFT + _SIDE / 2
    words = [
        element("text", "strangers named wrongly", x=middle, y=height - 4, text_anchor="middle"),
        element(
            "text",
            "members found",
            x=0,
            y=0,
            text_anchor="middle",
            transform=f"translate(11 {_TOP + _SIDE / 2:g}) rotate(-90)",
        ),
    ]
    frame = element("rect", x=_LEFT, y=_TOP, width=_SIDE, height=_SIDE, class_="frame")
    return picture(
        f"Curve of the attack: {attack.title}",
        attack_words(attack),
        frame,
        *[mark for pair in ticks for mark in pair],
        *lines,
        *words,
        class_="curve",
        viewBox=f"0 0 {width} {height}",
    )


def _tick(x: float) -> tuple[Markup, Markup]:
    label = f"{100 * x:g} %"
    at = _LEFT + _SIDE * _unit(x)
    anchor = "end" if x == 1 else "middle"
    return (
        element("text", label, x=at, y=_TOP + _SIDE + 16, text_anchor=anchor),
        element("text", label, x=_LEFT - 6, y=_TOP + _SIDE * (1 - _unit(x)) + 4, text_anchor="end"),
    )


def _path(points: Sequence[tuple[float, float]], name: str) -> Markup:
    steps = " ".join(
        f"{_LEFT + _SIDE * _unit(x):.1f},{_TOP + _SIDE * (1 - _unit(y)):.1f}" for x, y in points
    )
    return element("polyline", points=steps, class_=f"line {name}")


def _height(points: Sequence[tuple[float, float]], x: float) -> float | None:
    """Return the curve's height at ``x``, on the straight line between its points."""
    ordered = sorted(points)
    if not ordered or not ordered[0][0] <= x <= ordered[-1][0]:
        return None
    for (x0, y0), (x1, y1) in itertools.pairwise(ordered):
        if x0 <= x <= x1:
            return y1 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return ordered[0][1]


def _unit(x: float) -> float:
    """Return where on a logarithmic axis from 0.1 % to 100 % a share is, in [0, 1]."""
    return min(1.0, 1 + math.log10(max(x, 1e-3)) / 3)
