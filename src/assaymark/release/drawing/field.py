"""A field: closeness upwards, what an attacker recognises across, spots with whiskers on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import element, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markupsafe import Markup

    from assaymark.core.comparison import Figure

__all__ = ["HEIGHT", "Field", "names", "text"]

HEIGHT = 380
_TOP, _BOTTOM = 18, 330
_LEFT, _RIGHT = 9.0, 96.0  # per cent of the width
_LINE, _LONGEST = 15, 28
_WIDTH, _LETTER = 800.0, 8.0
_STEPS = 0, 1, -1, 2, -2, 3  # lines that a name may be written below its spot


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Where figures lie: ``share`` puts what is recognised on [0, 1]; scores begin at ``foot``."""

    share: Callable[[float], float]
    foot: float = 0.0

    def across(self, recognised: float) -> float:
        """Return where a share of people lies, in per cent of the width."""
        return _LEFT + (_RIGHT - _LEFT) * self.share(recognised)

    def up(self, score: float) -> float:
        """Return the height of a score."""
        part = (min(1.0, max(self.foot, score)) - self.foot) / (1 - self.foot)
        return _BOTTOM - (_BOTTOM - _TOP) * 0.96 * part

    def frame(self, ceiling: Figure, recognised: str) -> list[Markup]:
        """Draw the frame, the scores, the line of the real rows, and what the axes are."""
        box = {"x": f"{_LEFT}%", "width": f"{_RIGHT - _LEFT}%"}
        marks = [element("rect", **box, y=str(_TOP), height=str(_BOTTOM - _TOP), class_="frame")]
        for i in range(6):
            score = self.foot + i * (1 - self.foot) / 5
            marks.append(_level(self.up(score), "grid"))
            marks.append(text(f"{score:.4g}", _LEFT - 1, self.up(score) + 4, "end"))
        middle = (_LEFT + _RIGHT) / 2
        marks.append(text(recognised, middle, _BOTTOM + 38, "middle"))
        marks.append(text("closeness", _LEFT, _TOP - 6, "middle"))
        if ceiling.value is not None:
            y = self.up(ceiling.value)
            marks += [_level(y, "ceiling"), text("real rows", _RIGHT - 0.7, y - 5, "end")]
        return marks

    def upright(self, recognised: float, label: str, name: str = "grid") -> list[Markup]:
        """Draw a line at a share of people, with its label below."""
        x = self.across(recognised)
        at = f"{x:.1f}%"
        line = element("line", x1=at, x2=at, y1=_TOP, y2=_BOTTOM, class_=name)
        return [line, text(label, x, _BOTTOM + 17, "middle")]

    def whiskers(
        self, recognised: Figure, closeness: Figure, at: tuple[float, float]
    ) -> list[Markup]:
        """Draw the intervals of a spot that lies ``at``."""
        x, y = at
        marks = []
        if recognised.low is not None and recognised.high is not None:
            left, right = (f"{self.across(v):.1f}%" for v in (recognised.low, recognised.high))
            marks.append(element("line", x1=left, x2=right, y1=y, y2=y, class_="whisker"))
        if closeness.low is not None and closeness.high is not None:
            ends = {"y1": self.up(closeness.low), "y2": self.up(closeness.high)}
            at_x = f"{x:.1f}%"
            marks.append(element("line", x1=at_x, x2=at_x, **ends, class_="whisker"))
        return marks


def names(spots: Sequence[tuple[str, tuple[float, float], float]]) -> list[Markup]:
    """Write each name beside its spot, where it covers the fewest spots and names.

    Parameters
    ----------
    spots
        A name, where its spot lies (per cent of the width, height) and the spot's radius.
    """
    marks: list[Markup] = []
    taken = [_Box.of_spot(at, radius) for _, at, radius in spots]
    for name, at, radius in sorted(spots, key=lambda s: s[1][1]):
        said = shortened(name, _LONGEST)
        sides = ("end", "start") if at[0] > 60 else ("start", "end")
        places = [(side, at[1] - 7 + _LINE * step) for step in _STEPS for side in sides]
        side, y = min(places, key=lambda p: _Box.of_name(said, at[0], radius, p).cost(taken))
        taken.append(_Box.of_name(said, at[0], radius, (side, y)))
        step = -radius - 3 if side == "end" else radius + 3
        where: dict[str, float | str] = {"x": f"{at[0]:.1f}%", "dx": step, "y": y}
        marks.append(element("text", said, **where, text_anchor=side, class_="name"))
    return marks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """What a spot or a name covers, about, where the drawing is as wide as it mostly is."""

    left: float
    right: float
    top: float
    bottom: float

    @classmethod
    def of_spot(cls, at: tuple[float, float], radius: float) -> _Box:
        x, y = at[0] * _WIDTH / 100, at[1]
        return cls(left=x - radius, right=x + radius, top=y - radius, bottom=y + radius)

    @classmethod
    def of_name(cls, name: str, x: float, radius: float, place: tuple[str, float]) -> _Box:
        side, y = place
        near, long = x * _WIDTH / 100, radius + 3 + _LETTER * len(name)
        left, right = (
            (near - long, near - radius) if side == "end" else (near + radius, near + long)
        )
        return cls(left=left, right=right, top=y - 10, bottom=y + 2)

    def cost(self, taken: Sequence[_Box]) -> int:
        """Return how many others it covers; one that is outside the drawing counts more."""
        outside = self.left < 0 or self.right > _WIDTH or self.top < 0 or self.bottom > _BOTTOM
        return sum(self._covers(other) for other in taken) + 9 * outside

    def _covers(self, other: _Box) -> bool:
        beside = self.right <= other.left or other.right <= self.left
        return not (beside or self.bottom <= other.top or other.bottom <= self.top)


def text(words: str, x: float, y: float, anchor: str) -> Markup:
    """Write ``words`` at ``x`` per cent of the width."""
    return element("text", words, x=f"{x:.1f}%", y=y, text_anchor=anchor)


def _level(y: float, name: str) -> Markup:
    return element("line", x1=f"{_LEFT}%", x2=f"{_RIGHT}%", y1=y, y2=y, class_=name)
