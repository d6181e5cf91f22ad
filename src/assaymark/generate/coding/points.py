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

__all__ = ["coded_points", "drawn_points", "off_each", "points_off", "ranked_cells"]


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


def coded_points(index: Points, cells: tuple[Points, Points, Points]) -> Codes:
    """Return the code of each point: its special value, its cell, or the nearest one's.

    ``cells`` are as in :func:`drawn_points`.
    """
    first, points, atoms = cells
    inside, own = np.flatnonzero(points > 0), np.flatnonzero(points == 0)
    out = np.zeros(len(index), dtype=np.int32)
    _coded(index, (atoms, own), (first[inside], inside), out)
    return out


@compiled
def _coded(
    index: Points, special: tuple[Points, Points], cells: tuple[Points, Points], out: Codes
) -> None:
    (atoms, own), (first, inside) = special, cells
    for i in range(len(index)):
        point = index[i]
        before = _before(atoms, point)
        if len(atoms) and (not len(first) or (before < len(atoms) and atoms[before] == point)):
            out[i] = own[_nearer(atoms, before, point)]
        elif len(first):
            out[i] = inside[max(_before(first, point - before + 1) - 1, 0)]


def points_off(index: Points, codes: Codes, cells: tuple[Points, Points, Points]) -> Points:
    """Return how far each point lies from the nearest that its code gives.

    ``cells`` are as in :func:`drawn_points`.
    """
    out = np.empty(len(index), dtype=np.int64)
    off_each(index, codes, cells, out)
    return out


@compiled
def off_each(
    index: Points, codes: Codes, cells: tuple[Points, Points, Points], out: Points | Floats
) -> None:
    """Fill ``out`` with what :func:`points_off` returns."""
    first, points, atoms = cells
    for i in range(len(index)):
        c = np.uint64(codes[i])
        if points[c] > 0:
            plain = index[i] - _before(atoms, index[i])
            out[i] = max(first[c] - plain, plain - (first[c] + points[c] - 1), 0)
        else:
            out[i] = abs(index[i] - first[c])


@compiled
def _nearer(atoms: Points, right: int, point: int) -> int:
    """Return which special value is nearest to a point, ``right`` of which come before it."""
    right = min(right, len(atoms) - 1)
    left = max(right - 1, 0)
    return left if abs(point - atoms[left]) <= abs(atoms[right] - point) else right


@compiled
def _before(ranked: Points, point: int) -> int:
    """Return how many of the ``ranked`` points come before a point."""
    at, left = 0, len(ranked)
    while left > 1:  # no branch, which the processor would guess wrong half of the time
        half = left // 2
        at += half * (ranked[np.uint64(at + half - 1)] < point)
        left -= half
    return at + (left == 1 and ranked[np.uint64(at)] < point)


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


def ranked_cells(
    ranked: Points, protect: int, most: int
) -> tuple[Points, tuple[Points, Points], Codes]:
    """Cut points in order, no two of one person, into special values and cells of the others.

    Returns
    -------
    The special values, which at least ``protect`` points are at; the lowest and the highest point
    of each cell; and which of these each point falls to, cells after special values.
    """
    own = np.empty(len(ranked), dtype=np.int32)
    atoms, low, high, size = _ranked(ranked, protect, most, own)
    return atoms, (low[:size], high[:size]), own


@compiled
def _ranked(
    ranked: Points, protect: int, most: int, own: Codes
) -> tuple[Points, Points, Points, int]:
    n = len(ranked)
    atoms, loose = np.empty(n, np.int64), np.empty(n, np.int64)
    special, others, begin = 0, 0, 0
    for i in range(1, n + 1):
        if i < n and ranked[i] == ranked[begin]:
            continue
        if i - begin >= protect:
            own[begin:i] = special
            atoms[special] = ranked[begin]
            special += 1
        else:
            own[begin:i] = -1
            loose[others : others + i - begin] = ranked[begin:i]
            others += i - begin
        begin = i
    low, high, size = _cells_of(loose[:others], protect, most)
    cell = 0
    for i in range(n):
        if own[i] >= 0:
            continue
        while cell < size - 1 and ranked[i] > high[cell]:
            cell += 1
        if size:
            own[i] = special + cell
        else:
            before = _before(atoms[:special], ranked[i])
            own[i] = _nearer(atoms[:special], before, ranked[i]) if special else 0
    return atoms[:special].copy(), low, high, size


@compiled
def _cells_of(ranked: Points, protect: int, most: int) -> tuple[Points, Points, int]:
    """Return the ends of cells of about as many points each, none of few, and how many these are.

    The outer two have twice as many at least, and end at the ``protect``-th outermost point.
    """
    n = len(ranked)
    wanted = min(max(n // protect, 1), most)
    low, high = np.empty(wanted, np.int64), np.empty(wanted, np.int64)
    if n < protect:
        return low, high, 0
    ends = ranked[protect - 1], ranked[n - protect]
    first, last = min(ends[0], ends[1]), max(ends[0], ends[1])
    step, kept, begin = n / wanted, 0, 0
    low[0] = first
    start = np.empty(wanted + 1, np.int64)
    start[0] = 0
    for k in range(1, wanted):
        at = np.int64(k * step)
        left = min(max(ranked[at - 1], first), last)
        right = min(max(ranked[at], first), last)
        cut = left + (right - left) // 2
        end = begin + _before(ranked[begin:], cut + 1)
        if left < right and end - begin >= protect * (1 if kept else 2):
            high[kept], low[kept + 1] = cut, cut + 1
            begin = end
            kept += 1
            start[kept] = end
    while kept and n - start[kept] < 2 * protect:
        kept -= 1
    high[kept] = last
    return low, high, kept + 1
