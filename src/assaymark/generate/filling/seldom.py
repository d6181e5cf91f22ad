"""Seldom: values that a model does not bring out, drawn from a column as it is, to fill gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.coding.levels import LevelCoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.coding.encoding import Coding
    from assaymark.generate.filling.cell_table import CellTable

    Floats = NDArray[np.float64]

__all__ = ["Seldom", "seldom", "with_seldom"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seldom:
    """The cells of a column whose values too few rows have for a model to bring them out.

    Attributes
    ----------
    values
        These cells; one is drawn as often as it occurs.
    share
        How many of all cells that are there they are.
    """

    column: str
    values: Floats
    share: float

    def put_in(self, drawn: CellTable, known: CellTable, rng: np.random.Generator) -> CellTable:
        """Return drawn rows where so many of a column's gaps have such a value."""
        u = rng.random(drawn.n)
        cells = rng.choice(self.values, drawn.n)
        asked = drawn.known(self.column) | (self.share >= 1)
        here = ~known.known(self.column) & asked & (u < self.share)
        return drawn.put(self.column, np.where(here, cells, drawn.values[self.column]))


def seldom(cells: CellTable, codings: Sequence[Coding]) -> tuple[Seldom, ...]:
    """Return what of the columns with gaps the codes do not bring out."""
    found = (_of_one(cells, c) for c in codings if not cells.known(c.column.name).all())
    return tuple(s for s in found if s is not None)


def with_seldom(
    drawn: CellTable, known: CellTable, found: Sequence[Seldom], rng: np.random.Generator
) -> CellTable:
    """Return drawn rows with values of ``found`` among those that fill gaps."""
    for one in found:
        drawn = one.put_in(drawn, known, rng)
    return drawn


def _of_one(cells: CellTable, coding: Coding) -> Seldom | None:
    column = coding.column.name
    there = cells.values[column][cells.known(column)]
    if coding.size == coding.missing:
        rare = there
    elif isinstance(coding, LevelCoding):
        place = {level: i for i, level in enumerate(cells.levels[column])}
        rare = there[~np.isin(there, [place[v] for v in coding.levels])]
    else:
        return None
    if len(rare) == 0:
        return None
    return Seldom(column=column, values=rare, share=len(rare) / len(there))
