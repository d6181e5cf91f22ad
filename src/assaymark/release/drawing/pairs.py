"""Picture of all pairs of columns: a triangle of squares, darker where a pair is further off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import element, figure, picture, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from assaymark.release.pages.report_content import PairLine

__all__ = ["STEPS", "draw_pairs", "shade", "shown_columns"]

STEPS = (0.02, 0.05, 0.1, 0.2)
_CELL, _LARGE_CELL, _WIDTH = 15, 28, 330  # small squares for many columns
_MOST = 48
_LABEL = 150


def shade(distance: float) -> int:
    """Return the step a distance falls in, from 0 (within 0.02) to ``len(STEPS)``."""
    return sum(distance > step for step in STEPS)


def shown_columns(pairs: Sequence[PairLine]) -> list[str]:
    """Return the columns in the picture, in order of appearance; the worst where too many."""
    names = list(dict.fromkeys(n for p in pairs for n in (p.first, p.second)))
    if len(names) <= _MOST:
        return names
    worst: dict[str, float] = {}
    for p in pairs:
        for n in (p.first, p.second):
            worst[n] = max(worst.get(n, 0.0), p.distance)
    kept = set(sorted(names, key=lambda n: (-worst[n], n))[:_MOST])
    return [n for n in names if n in kept]


def draw_pairs(pairs: Sequence[PairLine]) -> Markup:
    """Draw the triangle; each shade is one path, so that hundreds of pairs stay small."""
    names = shown_columns(pairs)
    place = {name: i for i, name in enumerate(names)}
    cell = max(_CELL, min(_LARGE_CELL, _WIDTH // max(1, len(names))))
    squares: dict[int, list[str]] = {}
    for p in pairs:
        if p.first in place and p.second in place:
            low, high = sorted((place[p.first], place[p.second]))
            side = cell - 1
            square = f"M{low * cell} {high * cell}h{side}v{side}h-{side}z"
            squares.setdefault(shade(p.distance), []).append(square)
    paths = [
        element("path", d="".join(squares[step]), class_=f"step{step}") for step in sorted(squares)
    ]
    labels = [
        element("text", shortened(name, 22), x=i * cell + 3, y=i * cell + cell // 2 + 4)
        for name, i in place.items()
    ]
    width, height = len(names) * cell + _LABEL, len(names) * cell
    worst = max(pairs, key=lambda p: p.distance)
    return picture(
        "Pairs of columns, real against synthetic",
        f"{len(pairs)} pairs; the furthest off is {shortened(worst.first, 40)} with "
        f"{shortened(worst.second, 40)}, distance {figure(worst.distance)}. "
        "The table beside it lists the worst pairs.",
        *paths,
        *labels,
        class_="pairs",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
    )
