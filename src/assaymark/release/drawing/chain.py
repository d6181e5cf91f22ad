"""The picture of a chain: columns from top to bottom as drawn, arcs to what each depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import element, figure, percent, picture, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from assaymark.release.pages.report_content import ChainLine

__all__ = ["chain_line_words", "draw_chain"]

_ROW, _TOP, _WIDTH = 21, 26, 880
_ARCS, _FACTS, _POOLS, _VALUES, _NOTES = 190, 335, 610, 665, 770
_LETTERS, _WORDS = 24, 40
_MOST_ARCS, _NAMED = 3, 2
_SHOWN = 0.1


def chain_line_words(line: ChainLine) -> str:
    """Say what a column is drawn from."""
    if line.empty:
        return "nothing: no value may come out"
    if line.told:
        return ", ".join(f"{unit} as {name} says" for name, unit in line.told)
    if line.same:
        return f"{'often ' if line.often else ''}the same as {', '.join(line.same)}"
    return _sources(line) or "its own shares"


def _sources(line: ChainLine) -> str:
    if line.formula and line.drawn_from:
        return f"is {line.formula}"
    if line.derived and line.drawn_from:
        return f"follows from {', '.join(name for name, _ in line.drawn_from)}"
    if line.near:
        return f"near {', '.join(line.near)}"
    return ", ".join(f"{name} {percent(share)}" for name, share in line.drawn_from[:_NAMED])


def draw_chain(lines: Sequence[ChainLine]) -> Markup:
    """Draw the columns in order, what each depends on, its pools and what is held back.

    An arc goes from a column down to one that it helps to decide, darker for more of its
    branches; at most three arcs end at a column.
    """
    marks = [
        _text(words, x, 12, "head")
        for words, x in (
            ("drawn first to last", 8),
            ("drawn from", _FACTS),
            ("pools", _POOLS),
            ("values", _VALUES),
            ("values held back", _NOTES),
        )
    ]
    place = {line.column: i for i, line in enumerate(lines)}
    for i, line in enumerate(lines):
        strong = [(n, s) for n, s in line.drawn_from[:_MOST_ARCS] if s >= _SHOWN or line.derived]
        marks += [_arc(place[n], i, s, derived=line.derived) for n, s in strong if n in place]
        beside = (*line.near, *line.same, *(name for name, _ in line.told))
        marks += [_arc(place[n], i, 1.0, derived=True) for n in beside if n in place]
    for i, line in enumerate(lines):
        marks += _row(line, _TOP + _ROW * i)
    words = " ".join(f"{line.column}: {chain_line_words(line)}." for line in lines)
    return picture(
        "Order and dependencies of the columns",
        words,
        *marks,
        class_="chain",
        viewBox=f"0 0 {_WIDTH} {_TOP + _ROW * len(lines)}",
    )


def _row(line: ChainLine, y: float) -> list[Markup]:
    pools = "" if line.pools is None or line.derived else figure(line.pools)
    values = f"{line.codes - line.missing:,}" + (" and missing" if line.missing else "")
    return [
        _text(shortened(line.column, _LETTERS), 8, y + 14, "name"),
        element("circle", cx=_ARCS, cy=y + 10, r=3, class_="dot"),
        _text(shortened(chain_line_words(line), _WORDS), _FACTS, y + 14, "fact"),
        _text(pools, _POOLS, y + 14, "fact"),
        _text("" if line.empty else values, _VALUES, y + 14, "fact"),
        _text(line.hidden, _NOTES, y + 14, "fact"),
    ]


def _arc(start: int, end: int, share: float, *, derived: bool) -> Markup:
    top, bottom = (_TOP + _ROW * i + 10 for i in (start, end))
    out = _ARCS + min(130, 16 + 9 * (end - start))
    path = f"M{_ARCS} {top}C{out} {top} {out} {bottom} {_ARCS} {bottom}"
    return element(
        "path",
        d=path,
        class_="arc derived" if derived else "arc",
        stroke_opacity=1.0 if derived else min(1.0, 0.25 + share),
        stroke_width=1.5 if derived else 1 + 2.5 * share,
    )


def _text(words: str, x: float, y: float, name: str) -> Markup:
    return element("text", words, x=x, y=y, class_=name)
