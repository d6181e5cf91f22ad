"""Fitting: a drawn value moved to one that goes with the cells that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.filling.numerals import Numerals
from assaymark.generate.filling.told import Told
from assaymark.generate.filling.worked import Worked
from assaymark.generate.relations.anchor_years import Years

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.filling.cell_table import CellTable
    from assaymark.generate.filling.reasons import Reason
    from assaymark.generate.filling.ties import Tie, Ties

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["fitting"]

_DAY = {Kind.DATE: 1.0, Kind.DATETIME: 86_400e6}
_YEAR, _FURTHEST = 365.25, 370


def fitting(
    cells: CellTable, column: str, ties: Ties, source: CellTable, rng: np.random.Generator
) -> CellTable:
    """Return rows of which the values of ``column``, just drawn, go with their other cells.

    Where they do not, one that goes with what follows from it is taken from the ``source``, a part
    of a rounded product is worked out, a number moves to the nearest that a text says, and a date
    to the nearest day that will do. What goes with none stays, and is found broken.
    """
    for told in ties.follows:
        if isinstance(told, Told) and told.source == column and told.part == "itself":
            cells = _from_source(cells, told, source, rng)
    cells = _allowed(cells, column, ties.reasons, source, rng)
    for one in ties.besides:
        if isinstance(one, Numerals) and one.number == column:
            cells = cells.put(column, one.nearest(cells))
    for worked in ties.follows:
        if isinstance(worked, Worked) and column in worked.columns[1:]:
            for name, near in worked.near(cells):
                if name == column:
                    wrong = worked.broken(cells) & np.isfinite(near)
                    cells = cells.put(column, np.where(wrong, near, cells.values[column]))
    if cells.kinds[column] in _DAY:
        cells = _moved(cells, column, ties)
    return cells


def _from_source(
    cells: CellTable, told: Told, source: CellTable, rng: np.random.Generator
) -> CellTable:
    """Take a value of the source that says what is known, where the drawn one does not."""
    wrong = np.flatnonzero(told.broken(cells))
    if not len(wrong):
        return cells
    column, values = told.source, cells.values[told.source].copy()
    known = source.values[column]
    said, asked = told.said(known, source.kinds[column]), cells.values[told.column][wrong]
    for value in np.unique(asked):
        fit = known[said == value]
        rows = wrong[asked == value]
        if len(fit):
            values[rows] = fit[rng.integers(0, len(fit), len(rows))]
    return cells.put(column, values)


def _allowed(
    cells: CellTable,
    column: str,
    reasons: Sequence[Reason],
    source: CellTable,
    rng: np.random.Generator,
) -> CellTable:
    """Take a value of the source with which those cells that are there need not be missing."""
    for reason in reasons:
        if reason.source != column:
            continue
        wrong = np.flatnonzero(reason.broken(cells))
        known = source.values[column][source.known(column)]
        fit = known[~reason.must(known)]
        if len(wrong) and len(fit):
            values = cells.values[column].copy()
            values[wrong] = fit[rng.integers(0, len(fit), len(wrong))]
            cells = cells.put(column, values)
    return cells


def _moved(cells: CellTable, column: str, ties: Ties) -> CellTable:
    """Move dates by as many years as an age is off, then to the nearest day that goes with all."""
    day = _DAY[cells.kinds[column]]
    about = [t for t in (*ties.follows, *ties.orders) if column in t.columns and _of_dates(t)]
    for tie in about:
        if isinstance(tie, Worked) and isinstance(tie.anchor, Years):
            off = (cells.values[tie.column] - tie.said(cells)) * tie.anchor.months / 12
            later = tie.columns[1] == column
            days = np.where(np.isfinite(off), np.rint(off * _YEAR), 0.0) * (1 if later else -1)
            cells = cells.put(column, cells.values[column] + days * day)
    wrong = np.flatnonzero(_any(about, cells))
    if not len(wrong):
        return cells
    values, here = cells.values[column].copy(), cells.take(wrong)
    for step in (s * k for k in range(1, _FURTHEST) for s in (1, -1)):
        tried = here.put(column, values[wrong] + step * day)
        right = ~_any(about, tried)
        values[wrong[right]] += step * day
        wrong = wrong[~right]
        here = here.take(np.flatnonzero(~right))
        if not len(wrong):
            break
    return cells.put(column, values)


def _of_dates(tie: Tie) -> bool:
    years = isinstance(tie, Worked) and isinstance(tie.anchor, Years)
    return years or (isinstance(tie, Told) and tie.part != "itself") or not hasattr(tie, "name")


def _any(ties: Sequence[Tie], cells: CellTable) -> Bools:
    broken = np.zeros(cells.n, dtype=np.bool_)
    for tie in ties:
        broken |= tie.broken(cells)
    return broken
