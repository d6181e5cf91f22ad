"""Strips: rows that use one tree, 64 at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.philox import philox
from assaymark.generate.trees.falling import STRIP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Where = tuple[tuple[np.uint64, np.uint64], NDArray[np.uint64], np.uint64]

__all__ = ["CHOICE", "TOGETHER", "strips_of"]

TOGETHER = np.uint64(6)  # 2**6 rows in a row use the same tree
CHOICE = np.uint64(1 << 31)
_HALF = np.uint64(32)


@compiled
def strips_of(where: Where, trees: int) -> tuple[NDArray[np.int64], Codes, int]:
    """Cut rows into strips that use one tree: where each begins, which tree, how many."""
    key, rows, column = where
    room = len(rows) // STRIP + 2
    for i in range(1, len(rows)):
        room += rows[i] >> TOGETHER != rows[i - 1] >> TOGETHER
    begin, chosen = np.zeros(room, np.int64), np.empty(room, np.int32)
    strips, of = 0, np.uint64(0)
    for i in range(len(rows)):
        if i == 0 or rows[i] >> TOGETHER != of or i - begin[strips - 1] == STRIP:
            of = rows[i] >> TOGETHER
            begin[strips] = i
            chosen[strips] = philox(key, of, column, CHOICE)[0] * np.uint64(trees) >> _HALF
            strips += 1
    begin[strips] = len(rows)
    return begin, chosen, strips
