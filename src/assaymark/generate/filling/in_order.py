"""In order: two columns of which one is never above the other, judged where both are there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.filling.cell_table import CellTable

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["InOrder", "find_order"]

_FEWEST, _MOST_BROKEN = 50, 0.002
_BY_CHANCE = 0.02  # of rows put together at random break it, at least
_FEW = 3  # values that a column has at least
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class InOrder:
    """``low`` is never above ``high``."""

    low: str
    high: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return self.low, self.high

    def says(self, cells: CellTable) -> Iterator[tuple[str, Floats]]:
        """Yield nothing: no value follows from an order."""
        del cells
        yield from ()

    def broken(self, cells: CellTable) -> Bools:
        """Return where the order is broken."""
        low, high = cells.values[self.low], cells.values[self.high]
        with np.errstate(invalid="ignore"):
            return np.asarray(low > high, dtype=np.bool_)

    @property
    def text(self) -> str:
        """What it says, in words."""
        return f"{self.low} <= {self.high}"


def find_order(cells: CellTable, names: Sequence[str]) -> tuple[InOrder, ...]:
    """Return the pairs of dates, of moments or of numbers that are in order in all rows but 0.2 %.

    Never of categories, whose levels have numbers in no order that says anything.

    Of fifty rows or more with both; and so that rows put together at random would break it in one
    of fifty, and ten times as often as they do. Pairs that follow from two others are left out.
    """
    of = cells.values
    usable = [c for c in names if c not in cells.levels and len(np.unique(_known(of[c]))) >= _FEW]
    found = {
        (a, b)
        for a, b in permutations(usable, 2)
        if _alike(cells.kinds[a], cells.kinds[b]) and _ordered(cells.values[a], cells.values[b])
    }
    between = {
        (a, c)
        for a, c in found
        if any((a, b) in found and (b, c) in found for b in usable if b not in (a, c))
    }
    return tuple(InOrder(low=a, high=b) for a, b in sorted(found - between))


def _known(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _alike(one: Kind, other: Kind) -> bool:
    return one is other or (one in _NUMBERS and other in _NUMBERS)


def _ordered(low: Floats, high: Floats) -> bool:
    """Whether two columns are in order, and not by chance."""
    both = np.isfinite(low) & np.isfinite(high)
    a, b = low[both], high[both]
    if len(a) < _FEWEST or (a == b).all():
        return False
    broken = float((a > b).mean())
    chance = float(np.searchsorted(np.sort(b), a, "left").mean()) / len(a)
    return broken <= _MOST_BROKEN and chance >= max(_BY_CHANCE, 10 * broken)
