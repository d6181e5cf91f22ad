"""Restrict: which codes of a column, and which part of a cell, a condition leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.value_sets import Levels, Ranges
from assaymark.errors import ConditionError
from assaymark.generate.coding.cells import CellCoding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.value_sets import Allowed
    from assaymark.generate.coding.encoding import Coding
    from assaymark.generate.coding.levels import LevelCoding

    Floats = NDArray[np.float64]

__all__ = ["Restriction", "free", "restriction"]

_MOST_CUTS = 200
_SHOWN = 12
_ABOVE = 1 + 2.0**-50  # so that a cell's point k is not taken for point k - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Restriction:
    """What is left of each code, arrays of shape ``(size,)``.

    Attributes
    ----------
    share
        Which share of the code's values is allowed: 0 none, 1 all, between for part of a cell.
    low, width
        Where in the cell that part begins, and how long it is, as shares of the cell.
    exact
        Whether it leaves nothing but what is allowed; a cell may be left too wide.
    """

    share: Floats
    low: Floats
    width: Floats
    exact: bool

    def times(self, share: Floats) -> Restriction:
        """Return the restriction whose codes are left ``share`` as often, shape ``(size,)``."""
        return Restriction(
            share=self.share * share, low=self.low, width=self.width, exact=self.exact
        )


def free(size: int) -> Restriction:
    """Return the restriction that leaves everything."""
    one = np.ones(size)
    return Restriction(share=one, low=np.zeros(size), width=one, exact=True)


def restriction(coding: Coding, allowed: Allowed) -> Restriction:
    """Return what ``allowed`` leaves of a column.

    Raises
    ------
    ConditionError
        When it leaves nothing.
    """
    known = coding.size - coding.missing
    low, width, exact = np.zeros(coding.size), np.ones(coding.size), True
    share = np.zeros(coding.size)
    share[known:] = allowed.missing
    if isinstance(coding, CellCoding) and isinstance(allowed.values, Ranges):
        share[:known], low[:known], width[:known], exact = _cells(coding, allowed.values)
    elif isinstance(allowed.values, Levels):
        names, but = allowed.values.names, allowed.values.but
        share[:known] = [(level in names) != but for level in _levels(coding)]
    if not share.any():
        raise ConditionError(
            f"no row of this model can satisfy the condition on {coding.column.name!r}: its "
            f"values are {_values(coding)}\n\nHint: values that fewer persons have than the "
            "generator protects never come out"
        )
    return Restriction(share=share, low=low, width=width, exact=exact)


def _cells(coding: CellCoding, allowed: Ranges) -> tuple[Floats, Floats, Floats, bool]:
    codes, points = np.arange(len(coding.first), dtype=np.int32), coding.points
    special = points == 0
    values = coding.value(codes, np.zeros(len(codes), dtype=np.int64))
    share = np.where(special, allowed.hold(values), 0.0)
    cells = codes[~special]
    low, width, exact = np.zeros(len(codes)), np.ones(len(codes)), True
    if not len(cells) or allowed.empty:
        return share, low, width, exact
    cuts = allowed.cuts
    if len(cuts) > _MOST_CUTS:
        cuts, exact = (cuts[0], cuts[-1]), False
    before = np.stack([_before(coding, cells, *cut) for cut in cuts])
    begins, ends = before[::2], before[1::2]
    some = ends > begins
    begin = np.where(some, begins, points[cells]).min(axis=0)
    end = np.where(some, ends, 0).max(axis=0)
    left = np.maximum(end - begin, 0)
    exact = exact and bool((left == (ends - begins).sum(axis=0)).all())
    share[cells] = left / points[cells]
    cut = (left > 0) & (left < points[cells])
    low[cells] = np.where(cut, begin / points[cells] * _ABOVE, 0.0)
    width[cells] = np.where(cut, left / points[cells], 1.0)
    return share, low, width, exact


def _before(
    coding: CellCoding, cells: NDArray[np.int32], value: float, side: int
) -> NDArray[np.int64]:
    """Return how many points of each cell lie before a cut, by halving."""
    low, high = np.zeros(len(cells), dtype=np.int64), coding.points[cells]
    while (low < high).any():
        middle = (low + high) // 2
        at = coding.value(cells, np.minimum(middle, coding.points[cells] - 1))
        before = (at <= value) if side else (at < value)
        going = low < high
        low = np.where(going & before, middle + 1, low)
        high = np.where(going & ~before, middle, high)
    return low


def _levels(coding: Coding | LevelCoding) -> tuple[str, ...] | tuple[bool, ...]:
    return getattr(coding, "levels", ())


def _values(coding: Coding) -> str:
    missing = " or missing" if coding.missing else ""
    if isinstance(coding, CellCoding) and len(coding.first):
        ends = coding.decode(
            np.array([0, len(coding.first) - 1], dtype=np.int32), np.array([0.0, 1 - 2.0**-32])
        )
        return f"between {ends[0]} and {ends[1]}{missing}"
    levels = [repr(level) for level in _levels(coding)]
    more = f" and {len(levels) - _SHOWN} more" if len(levels) > _SHOWN else ""
    return (", ".join(levels[:_SHOWN]) + more or "all missing") + missing * bool(levels)
