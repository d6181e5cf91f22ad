"""The curve of a dial: members recognised across, closeness upwards, one spot a setting."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from assaymark.release.drawing.field import HEIGHT, Field, names
from assaymark.release.drawing.marks import element, percent, picture
from assaymark.release.pages.dial_words import most_recognised, notch_tone, recognised_words

if TYPE_CHECKING:
    from markupsafe import Markup

    from assaymark.core.dial import Dialled, Notch

__all__ = ["draw_dial", "shown_on_dial"]

_CHANCE, _SPOT = 0.01, 8.0


def shown_on_dial(found: Dialled) -> list[Notch]:
    """Return the settings that have both a closeness and an attack's figure."""
    return [
        n
        for n in found.notches
        if n.closeness.value is not None and most_recognised(n).high is not None
    ]


def draw_dial(found: Dialled) -> Markup:
    """Draw each setting where its closeness and the attack that finds most put it."""
    shown = shown_on_dial(found)
    field = _field(found, shown)
    marks = field.frame(found.ceiling, "members recognised, of all or of the most isolated")
    marks += field.upright(_CHANCE, f"{percent(_CHANCE)}, chance")
    marks += field.upright(found.at_most, f"{percent(found.at_most)}, limit", "bound")
    spots = [
        (field.across(most_recognised(n).value or 0.0), field.up(n.closeness.value or 0.0))
        for n in shown
    ]
    for (x, y), (x2, y2) in pairwise(spots):
        ends = {"x1": f"{x:.1f}%", "x2": f"{x2:.1f}%"}
        marks.append(element("line", **ends, y1=y, y2=y2, class_="curve"))
    for (x, y), n in zip(spots, shown, strict=True):
        marks += field.whiskers(most_recognised(n), n.closeness, (x, y))
        tone = notch_tone(n, found)
        marks.append(element("circle", cx=f"{x:.1f}%", cy=y, r=_SPOT, class_=f"spot {tone}"))
    marks += names([(n.name, at, _SPOT) for at, n in zip(spots, shown, strict=True)])
    words = " ".join(
        f"{n.name}: closeness {n.closeness.value:.2f}, {recognised_words(most_recognised(n))} of "
        "members recognised."
        for n in shown
    )
    title = "Closeness of each setting, and how well it is attacked"
    return picture(title, words, *marks, class_="plane", height=HEIGHT)


def _field(found: Dialled, shown: list[Notch]) -> Field:
    """Return a field that reaches beyond every interval; scores begin at a quarter below all."""
    highest = [most_recognised(n).high or 0.0 for n in shown]
    reach = min(1.0, 1.15 * max([2.2 * _CHANCE, found.at_most, *highest]))
    lowest = min(n.closeness.value or 0.0 for n in shown)
    return Field(
        share=lambda x: min(max(x, 0.0), reach) / reach,
        foot=min(0.75, math.floor(4 * lowest) / 4),
    )
