"""Pictures of one column: shares of bins or categories, synthetic in front of real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import element, percent, picture, shortened

if TYPE_CHECKING:
    from markupsafe import Markup

    from assaymark.release.pages.report_content import ColumnPicture

__all__ = ["column_words", "draw_column", "largest_gap"]

_MOST_LEVELS = 8
_ROW = 19
_HEIGHT = 92
_ALIKE = 0.0100001  # real shares may come rounded to whole per cents
_LABELS = 42.0  # per cent of the width for the names of categories


def largest_gap(column: ColumnPicture) -> tuple[float, int]:
    """Return the largest difference of shares and its position; (0, -1) without real shares."""
    gaps = [
        (abs(r - s), i)
        for i, (r, s) in enumerate(zip(column.real, column.synthetic, strict=False))
        if r is not None and s is not None
    ]
    return max(gaps, default=(0.0, -1), key=lambda g: (g[0], -g[1]))


def column_words(column: ColumnPicture) -> str:
    """Say in one sentence where real and synthetic rows differ most."""
    gap, i = largest_gap(column)
    if i < 0:
        said = "Only synthetic shares are shown."
    elif gap <= _ALIKE:
        said = "No share differs by more than one percentage point."
    else:
        said = (
            f"Largest difference at “{shortened(column.labels[i], 40)}”: "
            f"real {percent(column.real[i])}, synthetic {percent(column.synthetic[i])}."
        )
    if None in column.real:
        said += " Real shares of few people are withheld."
    if not column.ordered and len(column.labels) > _MOST_LEVELS:
        said += f" The {_MOST_LEVELS} largest of {len(column.labels)} values are drawn."
    return said


def draw_column(column: ColumnPicture) -> Markup:
    """Draw a histogram for an ordered column, rows of bars for a categorical one."""
    shares = [s for s in (*column.real, *column.synthetic) if s is not None]
    top = max([*shares, 1e-9])
    if column.ordered:
        inside, height = _histogram(column, top), _HEIGHT
    else:
        inside, height = _levels(column, top)
    return picture(
        f"Column {shortened(column.name, 60)}",
        column_words(column),
        *inside,
        class_="shares",
        height=height,
    )


def _histogram(column: ColumnPicture, top: float) -> list[Markup]:
    base, n = _HEIGHT - 16, len(column.labels)
    step = 100 / max(n, 1)
    marks = []
    for i in range(n):
        for share, name, inset in (
            (column.real[i] if column.real else None, "real", 0.08),
            (column.synthetic[i], "synth", 0.28),
        ):
            if share:
                height = (base - 4) * share / top
                marks.append(
                    element(
                        "rect",
                        x=f"{(i + inset) * step:.2f}%",
                        y=round(base - height, 1),
                        width=f"{(1 - 2 * inset) * step:.2f}%",
                        height=round(height, 1),
                        class_=name,
                    )
                )
    marks.append(element("line", x1="0%", x2="100%", y1=base, y2=base, class_="ground"))
    if n:
        marks.append(_text(column.labels[0], 0, _HEIGHT - 3, "start", 22))
    if n > 1:
        marks.append(_text(column.labels[-1], 100, _HEIGHT - 3, "end", 22))
    return marks


def _levels(column: ColumnPicture, top: float) -> tuple[list[Markup], int]:
    order = sorted(
        range(len(column.labels)),
        key=lambda i: -max((column.real[i] if column.real else 0) or 0, column.synthetic[i] or 0),
    )
    shown = order[:_MOST_LEVELS]
    marks = []
    for row, i in enumerate(shown):
        y = row * _ROW
        marks.append(_text(column.labels[i], _LABELS - 2, y + 13, "end", 14))
        real = column.real[i] if column.real else None
        marks += [
            element(
                "rect",
                x=f"{_LABELS}%",
                y=y + inset,
                width=f"{(100 - _LABELS) * share / top:.2f}%",
                height=_ROW - 2 * inset - 1,
                class_=name,
            )
            for share, name, inset in ((real, "real", 2.5), (column.synthetic[i], "synth", 6))
            if share
        ]
    height = len(shown) * _ROW
    marks.append(
        element("line", x1=f"{_LABELS}%", x2=f"{_LABELS}%", y1=0, y2=height, class_="ground")
    )
    return marks, max(height, _ROW)


def _text(text: str, x: float, y: float, anchor: str, length: int) -> Markup:
    return element("text", shortened(text, length), x=f"{x:g}%", y=y, text_anchor=anchor)
