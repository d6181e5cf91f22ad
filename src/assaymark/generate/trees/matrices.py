"""Matrices: products and solutions of small systems in plain loops, the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["factored", "solved", "times"]


@compiled
def times(a: Floats, b: Floats) -> Floats:
    """Return the product of two matrices."""
    out = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                out[i, j] += a[i, k] * b[k, j]
    return out


@compiled
def factored(matrix: Floats) -> Floats:
    """Return the Cholesky factor of the lower half."""
    size = len(matrix)
    out = np.zeros((size, size))
    for i in range(size):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= out[i, k] * out[j, k]
            out[i, j] = np.sqrt(max(total, 1e-12)) if i == j else total / out[j, j]
    return out


@compiled
def solved(factor: Floats, right: Floats) -> Floats:
    """Return the solution of equations whose matrix has this Cholesky factor."""
    size = len(right)
    out = np.zeros(size)
    for i in range(size):
        total = right[i]
        for k in range(i):
            total -= factor[i, k] * out[k]
        out[i] = total / factor[i, i]
    for i in range(size - 1, -1, -1):
        total = out[i]
        for k in range(i + 1, size):
            total -= factor[k, i] * out[k]
        out[i] = total / factor[i, i]
    return out
