"""Points: where on its column's grid a code is drawn at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Points = NDArray[np.int64]

__all__ = ["drawn_points"]


def drawn_points(codes: Codes, u: Floats, cells: tuple[Points, Points, Points]) -> Points:
    """Return the point of each code, at ``u`` in [0, 1) of its cell; 0 beyond the last code.

    ``cells`` are ``first``, ``points`` and ``atoms`` of a ``CellCoding``. How many special values
    lie before a point is looked up once a cell where the cell holds none.
    """
    first, points, atoms = cells
    before = atoms - np.arange(len(atoms))
    last = first + np.maximum(points - 1, 0)
    few, most = (np.searchsorted(before, ends, "right") for ends in (first, last))
    out = np.empty(len(codes), dtype=np.int64)
    _drawn((codes, u), (first, points), (before, few, most), out)
    return out


@compiled
def _drawn(
    rows: tuple[Codes, Floats],
    cells: tuple[Points, Points],
    special: tuple[Points, Points, Points],
    out: Points,
) -> None:
    codes, u = rows
    first, points = cells
    before, few, most = special
    for i in range(len(codes)):
        c = np.uint64(codes[i])
        if c >= np.uint64(len(first)):
            out[i] = 0
            continue
        if points[c] == 0:
            out[i] = first[c]
            continue
        at = first[c] + min(np.int64(u[i] * points[c]), points[c] - 1)
        low, high = few[c], most[c]
        while low < high:
            middle = (low + high) // 2
            if before[middle] <= at:
                low = middle + 1
            else:
                high = middle
        out[i] = at + low
