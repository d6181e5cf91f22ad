"""Filled: a table's own rows with their missing cells filled, and what is to be known of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.document import Document
from assaymark.flow.generate.in_place import filled_polars, lost_in_words
from assaymark.generate.filling.ties import rules_in_words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from assaymark.generate.filling.completion import Completed
    from assaymark.generate.filling.ties import Ties

    Bools = NDArray[np.bool_]

__all__ = ["Filled", "FilledColumn", "WrittenFilled", "kept_in", "told_of"]

_MOST_WORDS = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filled:
    """Rows with their missing cells filled.

    Attributes
    ----------
    cells
        By column, how many cells were filled; ``exact``: how many of these follow exactly.
    fill
        By column that has any, which cells were filled.
    must
        By column, how many cells are missing because another column says that they must be.
    """

    frame: pl.DataFrame
    cells: dict[str, int]
    notices: tuple[str, ...]
    fill: dict[str, pl.Series] = field(default_factory=dict)
    exact: dict[str, int] = field(default_factory=dict)
    must: dict[str, int] = field(default_factory=dict)


class FilledColumn(Document):
    """How many cells of a column were filled, and how many are missing still.

    ``exact`` of those that were filled follow from other cells of their row or person; ``must`` of
    those that are missing still must be, as another column says.
    """

    name: str
    filled: int
    left: int
    exact: int = 0
    must: int = 0


class WrittenFilled(Document):
    """Where a filled table was written, or several, each of which was filled by other draws.

    ``columns`` and ``notices`` are of the first.
    """

    rows: str
    n: int
    columns: tuple[FilledColumn, ...]
    notices: tuple[str, ...]
    imputations: tuple[str, ...] = ()


def kept_in(made: Filled, given: pl.DataFrame) -> Filled:
    """Return the table as it was given with the cells filled; say which its types cannot hold."""
    frame, lost = filled_polars(given, made)
    cells = {c: n - lost.get(c, 0) for c, n in made.cells.items()}
    return replace(
        made,
        frame=frame,
        cells={c: n for c, n in cells.items() if n},
        exact={c: least for c, n in made.exact.items() if (least := min(n, cells.get(c, 0)))},
        notices=(*lost_in_words(lost), *made.notices),
    )


def told_of(
    made: Completed, ties: Ties, fill: Mapping[str, Bools], exact: Mapping[str, Bools]
) -> list[str]:
    """Return sentences on which cells follow exactly, which must be missing, and what was kept.

    Parameters
    ----------
    fill, exact
        By column, which cells were filled, and which of the gaps follow from cells that are there.
    """
    return [
        *_exactly(fill, exact, ties),
        *_must(made, ties, fill),
        *_kept(ties, fill),
        *_failed(made, fill),
    ]


def _exactly(fill: Mapping[str, Bools], exact: Mapping[str, Bools], ties: Ties) -> list[str]:
    held = {c: int((exact[c] & f).sum()) for c, f in fill.items()}
    columns = [c for c, n in held.items() if n]
    if not columns:
        return []
    texts = [t for t, about in rules_in_words(ties) if set(about) & set(columns)]
    why = f" ({_listed(texts, '; ')})" if texts else ""
    each = _listed([f"{c} {held[c]:,}" for c in columns])
    persons = any(t.column in columns for t in ties.of_persons)
    whose = "their row or person" if persons else "their row"
    return [
        f"{sum(held.values()):,} of the filled cells are no draws: they follow from other cells of "
        f"{whose}{why}. {each}."
    ]


def _must(made: Completed, ties: Ties, fill: Mapping[str, Bools]) -> list[str]:
    said = []
    for column in fill:
        open_ = ~made.cells.known(column)
        left, parts = open_.copy(), []
        for reason in (r for r in ties.reasons if r.column == column):
            here = left & reason.must(made.cells.values[reason.source])
            left &= ~here
            if here.any():
                parts.append(f"{int(here.sum()):,} where {reason.words(made.cells)}")
        if parts:
            said.append(f"{column} {' and '.join(parts)}")
    if not said:
        return []
    return [
        "Left empty, since nobody there has a value in this table: "
        f"{'; '.join(said)}. To fill such a column all the same: --anyway COLUMN."
    ]


def _kept(ties: Ties, fill: Mapping[str, Bools]) -> list[str]:
    filled = {c for c, f in fill.items() if f.any()}
    orders = [o.text for o in ties.orders if filled & set(o.columns)]
    often = [f"{s.one} with {s.other}" for s in ties.sames if filled & {s.one, s.other}]
    return [
        *([f"Filled cells keep to the order: {_listed(orders)}."] if orders else []),
        *([f"As often the same as in the table: {_listed(often)}."] if often else []),
    ]


def _failed(made: Completed, fill: Mapping[str, Bools]) -> list[str]:
    already = [
        f"In {_rows(n)} cells that are there, or follow from these, break {text}: it is not kept "
        "to there."
        for text, n in made.already.items()
    ]
    rows = made.failed
    if not len(rows):
        return already
    left = sum(int((~made.cells.known(c)[rows] & ~_row(made.must, c, rows)).sum()) for c in fill)
    why = [f"{k} ({n:,})" for k, n in made.broken.items() if k]
    return [
        *already,
        f"In {_rows(len(rows))} nothing was found that keeps to all that holds in the others: "
        f"{_listed(why, '; ') or 'too few values'}. {left:,} of their cells are left empty.",
    ]


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def _row(must: Mapping[str, Bools], column: str, rows: NDArray[np.int64]) -> Bools:
    return must[column][rows] if column in must else np.zeros(len(rows), dtype=np.bool_)


def _listed(words: Collection[str], between: str = ", ") -> str:
    some = list(words)[:_MOST_WORDS]
    more = len(words) - len(some)
    return between.join(some) + (f" and {more} more" if more else "")
