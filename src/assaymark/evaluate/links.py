"""Links: which rows of a table are nearest to each half of a record, and whether the halves meet.

Two records that hold different columns of one person are linked if the same row of a third table
is near to both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.evaluate.blocks import in_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]
    Points = NDArray[np.float32]

__all__ = ["Near", "linked", "nearest_rows"]

_BLOCK = 64
_EQUAL = np.float32(1e-4)  # squared distances below a hundredth of a differing column are none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Near:
    """Of each record, shape ``(n, k)``: its nearest rows, nearest first; ``(n,)``: rows at 0."""

    rows: Codes
    equal: Codes


def nearest_rows(of: Points, among: Points, k: int) -> Near:
    """Return the ``k`` rows of ``among`` nearest to each row of ``of``, the first of equals first.

    Fewer rows give as many columns as there are rows.
    """
    k = min(k, len(among))
    norms = np.einsum("ij,ij->i", among, among)
    turned = np.ascontiguousarray(among.T) * np.float32(-2)

    def look(part: slice) -> Codes:
        block = of[part]
        own = np.einsum("ij,ij->i", block, block)
        return _least(block @ turned, norms, _EQUAL - own, k)

    if not len(of):
        return Near(rows=np.zeros((0, k), np.int64), equal=np.zeros(0, np.int64))
    found = in_blocks(len(of), _BLOCK, look)
    return Near(rows=found[:, :k], equal=found[:, k])


@compiled
def _least(squared: Points, norms: Points, limit: Points, k: int) -> Codes:
    """Return the places of the ``k`` least of ``squared + norms``, and how many are under a limit.

    Of equals the first comes first; shape ``(n, k + 1)``.
    """
    n, m = squared.shape
    found = np.zeros((n, k + 1), dtype=np.int64)
    best = np.empty(k, dtype=np.float32)
    for i in range(n):
        best[:] = np.inf
        for j in range(m):
            d = squared[i, j] + norms[j]
            if d < limit[i]:
                found[i, k] += 1
            if d < best[k - 1]:
                at = k - 1
                while at > 0 and d < best[at - 1]:
                    best[at] = best[at - 1]
                    found[i, at] = found[i, at - 1]
                    at -= 1
                best[at] = d
                found[i, at] = j
    return found


def linked(first: Near, second: Near, k: int) -> Bools:
    """Return whether the ``k`` nearest rows of both halves have one in common, shape ``(n,)``."""
    a, b = first.rows[:, :k], second.rows[:, :k]
    return np.asarray((a[:, :, None] == b[:, None, :]).any(axis=(1, 2)))
