"""Ranks: how columns go together, however their values are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["correlation", "correlations", "ranked", "summed", "telling"]

_BLOCK = 128


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


@compiled
def correlations(one: Floats, others: Floats, which: NDArray[np.int64], out: Floats) -> None:
    """Fill ``out`` with the correlations of one column with some rows of ``others``, to the bit."""
    products = np.empty(len(one))
    for k in range(len(which)):
        other = others[which[k]]
        for i in range(len(one)):
            products[i] = one[i] * other[i]
        out[k] = summed(products)


@compiled
def summed(values: Floats) -> float:
    """Return the sum, added up in the order in which numpy adds up, by halves.

    References
    ----------
    Higham (1993), The accuracy of floating point summation: pairwise summation.
    """
    n, total = len(values), 0.0
    if n > _BLOCK:
        half = n // 2 - n // 2 % 8
        return float(summed(values[:half]) + summed(values[half:]))
    whole = n - n % 8
    if whole:
        lanes = np.zeros(8)
        for i in range(0, whole, 8):
            for j in range(8):
                lanes[j] += values[i + j]
        first = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
        total = first + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
    for i in range(whole, n):
        total += values[i]
    return total
