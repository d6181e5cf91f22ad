"""Bands: stretches of a column's values that no cell reaches across."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.coding.levels import persons_among

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["usable", "widened"]


def usable(
    edges: NDArray[np.int64],
    atoms: NDArray[np.int64],
    index: NDArray[np.int64],
    persons: NDArray[np.int64],
    protect: int,
) -> NDArray[np.int64]:
    """Return the edges between bands each of which has special values, or persons enough."""
    kept = list(edges.tolist())
    at = 0
    while kept and at <= len(kept):
        here = np.searchsorted(kept, index, "right") == at
        special = (np.searchsorted(kept, atoms, "right") == at).any()
        if special or persons_among(persons[here]) >= protect:
            at += 1
        else:
            kept.pop(at if at < len(kept) else at - 1)
            at = max(at - 1, 0)
    return np.array(kept, dtype=np.int64)


def widened(
    low: int,
    high: int,
    index: NDArray[np.int64],
    below: NDArray[np.int64],
    above: NDArray[np.int64],
) -> tuple[int, int]:
    """Let cells reach towards the edges of their band, by as much as was cut off of others."""
    if not len(below) and not len(above):
        return low, high
    ranked = np.sort(index)
    n = int((index <= low).sum()), int((index >= high).sum())
    if len(below):
        low = max(int(below[0]), 2 * low - int(ranked[min(2 * n[0], len(ranked)) - 1]))
    if len(above):
        high = min(int(above[0]) - 1, 2 * high - int(ranked[-min(2 * n[1], len(ranked))]))
    return low, high
