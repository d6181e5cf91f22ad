"""Ranks: how columns go together, however their values are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["correlation", "ranked", "telling"]


def ranked(values: Floats) -> Floats:
    """Return ranks, ties in the middle, missing values in the middle of all, centred, length 1."""
    known = np.isfinite(values)
    _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    ranks = np.zeros(len(values))
    ranks[known] = (np.cumsum(counts) - counts / 2)[place]
    ranks[known] -= ranks[known].mean() if known.any() else 0.0
    return ranks / max(float(np.sqrt((ranks**2).sum())), 1e-12)


def telling(values: Floats) -> NDArray[np.bool_]:
    """Return which values are there and not the most frequent one, such as 0."""
    known = np.isfinite(values)
    found, counts = np.unique(values[known], return_counts=True)
    return known & (values != found[np.argmax(counts)]) if len(found) else known


def correlation(a: Floats, b: Floats) -> float:
    """Return how two columns of such ranks go together, in [-1, 1]."""
    return float((a * b).sum())
