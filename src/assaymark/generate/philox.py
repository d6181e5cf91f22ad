"""Philox: random numbers by counter, so that any row can be drawn by itself."""

from __future__ import annotations

import numpy as np

from assaymark.core.compiled import compiled

__all__ = ["philox", "uniform"]

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_UNIT = 2.0**-32


@compiled
def philox(
    key: tuple[np.uint64, np.uint64], row: np.uint64, column: np.uint64, draw: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Return four random words of 32 bits: Philox4x32-10 of the counter (row, column, draw).

    ``key`` has two words of 32 bits; ``row`` has 64, ``column`` and ``draw`` 32 bits.

    References
    ----------
    Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3.
    """
    a, b = row & _LOW, row >> _HALF
    c, d = column, draw
    k0, k1 = key
    for _ in range(10):
        p, q = _M0 * a, _M1 * c
        a, b, c, d = (q >> _HALF) ^ b ^ k0, q & _LOW, (p >> _HALF) ^ d ^ k1, p & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return a, b, c, d


@compiled
def uniform(word: np.uint64) -> float:
    """Return a number in [0, 1) from a random word of 32 bits."""
    return np.float64(word) * _UNIT
