"""Picture of a guarantee: the most any attacker can tell, and what noise costs small groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.zcdp import best_success, best_tpr
from assaymark.release.drawing.marks import element, percent, picture

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["GroupError", "PrivacyPicture", "ceiling_words", "draw_ceiling"]

_SIDE, _LEFT, _TOP = 240, 58, 10
_STEPS = 60
_RATES = (0.001, 0.01, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupError:
    """How far a group's columns are off, 0 to 1, with its interval; or why that is not said."""

    group: str
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPicture:
    """A guarantee as somebody reads it who has never heard of epsilon.

    ``groups`` are the protected groups, smallest first; ``looks`` how many looks were paid for;
    ``said`` what the audit says, empty where there was none.
    """

    epsilon: float
    delta: float
    whose: str
    looks: int
    covers: str
    promised_not: tuple[str, ...]
    assumes: tuple[str, ...]
    groups: tuple[GroupError, ...] = ()
    said: str = ""

    @property
    def right(self) -> float:
        """How often the best attacker is right at even odds."""
        return best_success(self.epsilon, self.delta)

    @property
    def ceilings(self) -> tuple[tuple[float, float], ...]:
        """Pairs: share of strangers named wrongly, and of members found at most."""
        return tuple((x, best_tpr(self.epsilon, self.delta, x)) for x in _RATES)

    @property
    def costly(self) -> str:
        """Say that small groups pay most, where figures show it."""
        known = [g for g in self.groups if g.value is not None]
        if len(known) < 2:
            return ""
        least, most = known[0], known[-1]
        if (least.low or 0.0) <= (most.high or 0.0):
            return (
                "The same noise is added for all, so that small groups lose most; here the "
                "smallest group that could be measured is not shown to be further off than the "
                "largest."
            )
        return (
            "The same noise is added for all, so that small groups lose most: the columns of "
            f"{least.group} are {percent(least.value or 0.0)} off, those of {most.group} "
            f"{percent(most.value or 0.0)}."
        )


def ceiling_words(p: PrivacyPicture) -> str:
    """Say what the best attacker reaches, at even odds and when he may seldom be wrong."""
    found = "; ".join(
        f"{percent(tpr)} of the members if he may wrongly name {percent(fpr)} of strangers"
        for fpr, tpr in p.ceilings
    )
    return (
        f"Whoever bets at even odds on whether one {p.whose} was in the source is right at most "
        f"{percent(p.right)} of the time, where a coin is right half of the time. He finds at "
        f"most {found}."
    )


def draw_ceiling(p: PrivacyPicture) -> Markup:
    """Draw members found at most against strangers named wrongly; what is above is impossible."""
    rates = [i / _STEPS for i in range(_STEPS + 1)]
    points = [(0.0, 0.0), *((x, best_tpr(p.epsilon, p.delta, x)) for x in rates), (1.0, 1.0)]
    width, height = _LEFT + _SIDE + 14, _TOP + _SIDE + 42
    marks = [element("rect", x=_LEFT, y=_TOP, width=_SIDE, height=_SIDE, class_="frame")]
    for x, anchor in ((0.0, "middle"), (0.5, "middle"), (1.0, "end")):
        marks += [
            element("text", percent(x), x=_at(x, 0)[0], y=_TOP + _SIDE + 16, text_anchor=anchor),
            element("text", percent(x), x=_LEFT - 6, y=_at(0, x)[1] + 4, text_anchor="end"),
        ]
    closed = [*points, (1.0, 0.0)]
    marks.append(element("polygon", points=_path(closed), class_="within"))
    marks.append(element("polyline", points=_path([(0, 0), (1, 1)]), class_="line guess"))
    marks.append(element("polyline", points=_path(points), class_="line found"))
    middle = _LEFT + _SIDE / 2
    turned = f"translate(11 {_TOP + _SIDE / 2:g}) rotate(-90)"
    marks += [
        element("text", "strangers named wrongly", x=middle, y=height - 4, text_anchor="middle"),
        element("text", "members found", x=0, y=0, text_anchor="middle", transform=turned),
    ]
    return picture(
        f"The most that any attacker can do at epsilon {p.epsilon:g}",
        ceiling_words(p),
        *marks,
        class_="curve",
        viewBox=f"0 0 {width} {height}",
    )


def _at(x: float, y: float) -> tuple[float, float]:
    return _LEFT + _SIDE * x, _TOP + _SIDE * (1 - y)


def _path(points: list[tuple[float, float]]) -> str:
    return " ".join("{:.1f},{:.1f}".format(*_at(x, y)) for x, y in points)
