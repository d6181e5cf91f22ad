"""Links: which rows of a table are nearest to each half of a record, and whether the halves meet.

Two records that hold different columns of one person are linked if the same row of a third table
is near to both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
    rows = np.zeros((len(of), k), dtype=np.int64)
    equal = np.zeros(len(of), dtype=np.int64)
    norms = np.einsum("ij,ij->i", among, among)
    turned = np.ascontiguousarray(among.T) * np.float32(-2)
    for start in range(0, len(of), _BLOCK):
        block = of[start : start + _BLOCK]
        squared = block @ turned
        squared += norms
        own = np.einsum("ij,ij->i", block, block)
        equal[start : start + _BLOCK] = (squared < _EQUAL - own[:, None]).sum(axis=1)
        here = np.arange(len(block))
        for j in range(k):
            best = squared.argmin(axis=1)
            rows[start : start + _BLOCK, j] = best
            squared[here, best] = np.inf
    return Near(rows=rows, equal=equal)


def linked(first: Near, second: Near, k: int) -> Bools:
    """Return whether the ``k`` nearest rows of both halves have one in common, shape ``(n,)``."""
    a, b = first.rows[:, :k], second.rows[:, :k]
    return np.asarray((a[:, :, None] == b[:, None, :]).any(axis=(1, 2)))
