"""In range: a number or date lies between the lowest and the highest that a table has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.generate.filling.cell_table import CellTable

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["InRange", "find_ranges"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InRange:
    """``column`` is neither below ``low`` nor above ``high``: what is left of a total may be."""

    column: str
    low: float
    high: float

    @property
    def columns(self) -> tuple[str, ...]:
        """The column that it is about."""
        return (self.column,)

    @property
    def text(self) -> str:
        """What it says, in words."""
        return f"{self.column} within what the table has"

    def says(self, cells: CellTable) -> Iterator[tuple[str, Floats]]:
        """Yield nothing: no value follows from a range."""
        del cells
        yield from ()

    def broken(self, cells: CellTable) -> Bools:
        """Return where the column lies outside."""
        values = cells.values[self.column]
        with np.errstate(invalid="ignore"):
            return np.asarray((values < self.low) | (values > self.high), dtype=np.bool_)


def find_ranges(cells: CellTable) -> tuple[InRange, ...]:
    """Return between which values each number and date lies."""
    found = ((c, v[np.isfinite(v)]) for c, v in cells.values.items() if c not in cells.levels)
    return tuple(
        InRange(column=c, low=float(v.min()), high=float(v.max())) for c, v in found if len(v)
    )
