"""Project: the nearest table that could be one, from noisy counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["fitted", "nonnegative"]

_ROUNDS = 50
_TINY = 1e-300


def nonnegative(counts: Floats, total: float) -> Floats:
    """Return the nearest table, in least squares, of counts from 0 on that add up to ``total``.

    References
    ----------
    Duchi et al. (2008), Efficient projections onto the l1-ball.
    """
    down = np.sort(counts.ravel())[::-1]
    over = (np.cumsum(down) - total) / np.arange(1, down.size + 1)
    last = np.flatnonzero(down > over)[-1]
    out: Floats = np.maximum(counts - over[last], 0.0)
    return out


def fitted(table: Floats, rows: Floats, columns: Floats) -> Floats:
    """Return ``table`` scaled row by row and column by column to these sums of 1 each.

    References
    ----------
    Deming & Stephan (1940), iterative proportional fitting.
    """
    out = table.copy()
    for _ in range(_ROUNDS):
        out *= (rows / np.maximum(out.sum(axis=1), _TINY))[:, None]
        out *= (columns / np.maximum(out.sum(axis=0), _TINY))[None, :]
    return out
