"""Pictures of learning: scores after real and synthetic training, and curves against real rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import element, figure, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

__all__ = [
    "CurvePoint",
    "FamilyLine",
    "GroupScore",
    "LearningPicture",
    "draw_family",
    "draw_learning",
    "family_words",
]

_MIDDLE, _EDGE = 11, 6.0
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 420, 230, 46, 14, 12, 36


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyLine:
    """One kind of model: its score after real and after synthetic training, with intervals."""

    name: str
    real: float
    synthetic: float
    low: float
    high: float
    loss: float
    loss_low: float
    loss_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScore:
    """One group of people: the mean score of models after real and after synthetic training."""

    group: str
    real: float
    synthetic: float
    loss: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """Scores at one number of real rows: these alone, and with synthetic rows added."""

    rows: int
    real: float
    both: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningPicture:
    """What a model learns from the rows; ``points`` is empty where no curve was measured.

    ``sentences`` are about all families, ``worth`` about the curve; ``controls`` have a name and
    a gain, from and to; ``unscored`` are groups of people with too few to be scored.
    """

    target: str
    score: str
    families: tuple[FamilyLine, ...] = ()
    groups: tuple[GroupScore, ...] = ()
    unscored: tuple[str, ...] = ()
    points: tuple[CurvePoint, ...] = ()
    sentences: tuple[str, ...] = ()
    worth: tuple[str, ...] = ()
    controls: tuple[tuple[str, float, float, float], ...] = ()

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest score that are drawn, with a little room."""
        scores = [x for f in self.families for x in (f.real, f.synthetic, f.low, f.high)]
        low, high = min(scores), max(scores)
        room = 0.08 * ((high - low) or 1.0)
        return low - room, high + room


def family_words(line: FamilyLine) -> str:
    """Say both scores of a kind of model."""
    return (
        f"After real training {figure(line.real)}, after synthetic training "
        f"{figure(line.synthetic)} ({figure(line.low)} to {figure(line.high)})."
    )


def draw_family(line: FamilyLine, ends: tuple[float, float]) -> Markup:
    """Draw a hollow mark for real and a full one for synthetic training, with its interval."""

    def at(x: float) -> str:
        share = (x - ends[0]) / (ends[1] - ends[0])
        return f"{_EDGE + (100 - 2 * _EDGE) * min(1.0, max(0.0, share)):.1f}%"

    level = {"y1": _MIDDLE, "y2": _MIDDLE}
    marks = [
        element("line", x1="0%", x2="100%", class_="rail", **level),
        element("line", x1=at(line.low), x2=at(line.high), class_="gap", **level),
        element("circle", cx=at(line.synthetic), cy=_MIDDLE, r=4.5, class_="synth"),
        element("circle", cx=at(line.real), cy=_MIDDLE, r=5.5, class_="real"),
    ]
    return picture(line.name, family_words(line), *marks, class_="group", height=22)


def draw_learning(points: Sequence[CurvePoint]) -> Markup:
    """Draw score against real rows, their axis logarithmic: alone, and with synthetic rows."""
    scores = [x for p in points for x in (p.real, p.both)]
    low, high = min(scores), max(scores)
    room = 0.1 * ((high - low) or 0.1)
    low, high = low - room, high + room
    first, last = math.log(points[0].rows), math.log(points[-1].rows)

    def at(rows: int, score: float) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * (math.log(rows) - first) / ((last - first) or 1.0)
        y = _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - score) / (high - low)
        return x, y

    def line(name: str, ends: Sequence[tuple[float, float]]) -> Markup:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in ends)
        return element("polyline", points=path, class_=f"line {name}")

    marks = [
        element("text", figure(s), x=_LEFT - 6, y=at(points[0].rows, s)[1] + 4, text_anchor="end")
        for s in (min(scores), max(scores))
    ]
    for i, p in enumerate(points):
        anchor = "start" if i == 0 else "end" if i == len(points) - 1 else "middle"
        x = at(p.rows, low)[0]
        marks.append(
            element("text", f"{p.rows:,}", x=x, y=_HEIGHT - _BOTTOM + 18, text_anchor=anchor)
        )
    marks.append(line("null", [at(p.rows, p.real) for p in points]))
    marks.append(line("found", [at(p.rows, p.both) for p in points]))
    words = "; ".join(
        f"{p.rows:,} real rows: {figure(p.real)} alone, {figure(p.both)} with synthetic rows"
        for p in points
    )
    return picture(
        "Learning curve", words, *marks, class_="curve", viewBox=f"0 0 {_WIDTH} {_HEIGHT}"
    )
