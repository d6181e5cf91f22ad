"""Tally: how many rows have each combination of a few columns' codes, and rows drawn by shares."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["drawn", "tally"]


def tally(codes: Sequence[Codes], shape: tuple[int, ...]) -> Counts:
    """Return the rows by the codes of all columns together; a row without a code is left out.

    Parameters
    ----------
    codes
        A column's codes each, shape ``(n,)``, below 0 for what has no code.
    shape
        How many codes each column has.

    Raises
    ------
    IndexError
        When a code is not below its column's size.
    """
    sizes = np.array(shape, dtype=np.int64)
    out: Counts = _tallied(np.stack(codes), sizes, math.prod(shape)).reshape(shape)
    return out


def drawn(shares: Floats, given: Sequence[Codes], sizes: Sequence[int], even: Floats) -> Codes:
    """Return a column's codes, drawn by shares given the codes of other columns.

    Parameters
    ----------
    shares
        Shape ``(size, combinations of the other columns' codes)``, the last column's codes
        changing fastest.
    given, sizes
        The other columns' codes, shape ``(n,)``, and how many each has.
    even
        Numbers from [0, 1), shape ``(n,)``.
    """
    total = np.cumsum(shares, axis=0).T
    ends = np.ascontiguousarray(total / total[:, -1:])
    at = np.zeros(len(even), dtype=np.int64)
    for codes, size in zip(given, sizes, strict=True):
        at *= size
        at += codes
    return _found(ends, at, even)


@compiled
def _tallied(codes: Codes, sizes: Counts, cells: int) -> Counts:
    out = np.zeros(cells, dtype=np.int64)
    columns, n = codes.shape
    for i in range(n):
        at, there = 0, True
        for j in range(columns):
            code = codes[j, i]
            if code >= sizes[j]:
                raise IndexError("a code is not below its column's size")
            there = there and code >= 0
            at = at * sizes[j] + code
        if there:
            out[at] += 1
    return out


@compiled
def _found(ends: Floats, at: Counts, even: Floats) -> Codes:
    n, last = len(at), ends.shape[1] - 1
    out = np.empty(n, dtype=np.int32)
    for i in range(n):
        low, high = 0, last
        while low < high:
            middle = (low + high) // 2
            if ends[at[i], middle] > even[i]:
                high = middle
            else:
                low = middle + 1
        out[i] = low
    return out
