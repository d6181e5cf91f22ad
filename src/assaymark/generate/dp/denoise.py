"""Denoise: what a table of noisy counts holds beyond what was expected and what noise explains."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["beyond_noise"]


def beyond_noise(away: Floats, sigma: float) -> Floats:
    """Return the part of noisy differences that stands out from independent noise of ``sigma``.

    The table is laid out as a matrix, as square as it can be. Its singular values are shrunk as
    is best, in least squares, for a matrix of few true ones under noise: those that noise alone
    would have become 0. Single cells that noise of so many would not reach are kept as they are.
    Shape as given; nothing but zeros where all is noise.

    References
    ----------
    Gavish & Donoho (2017), Optimal shrinkage of singular values; Donoho & Johnstone (1994),
    Ideal spatial adaptation by wavelet shrinkage, for the threshold of single cells.
    """
    axes = sorted(range(away.ndim), key=lambda a: -away.shape[a])
    turned = away.transpose(axes)
    matrix = turned.reshape(_height(turned.shape), -1)
    least, most = sorted(matrix.shape)
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    scale = sigma * math.sqrt(most)
    shrunk = scale * _shrunk(values / scale, least / most)
    found = (left * shrunk) @ right
    rest = matrix - found
    alone = np.abs(rest) > sigma * math.sqrt(2 * math.log(max(rest.size, 2)))
    found[alone] = matrix[alone]
    return np.asarray(found.reshape(turned.shape).transpose(np.argsort(axes)), dtype=np.float64)


def _shrunk(values: Floats, ratio: float) -> Floats:
    """Return the shrunk singular values, in units of the noise's deviation and the longer side."""
    kept = values > 1 + math.sqrt(ratio)
    y = np.where(kept, values, 2.0)
    inside = np.maximum((y * y - ratio - 1) ** 2 - 4 * ratio, 0.0)
    return np.where(kept, np.sqrt(inside) / y, 0.0)


def _height(shape: tuple[int, ...]) -> int:
    """Return the product of the first sizes that makes a matrix with the shortest sides."""
    heights = [math.prod(shape[:i]) for i in range(1, len(shape) + 1)]
    cells = math.prod(shape)
    return min(heights, key=lambda h: h + cells // h)
