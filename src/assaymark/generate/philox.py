"""Philox: random numbers by counter, so that any row can be drawn by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["philox", "philox_strip", "uniform"]

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
def philox_strip(
    key: tuple[np.uint64, np.uint64],
    rows: NDArray[np.uint64],
    column: np.uint64,
    draw: np.uint64,
    words: NDArray[np.uint32],
) -> None:
    """Fill the first places of ``words``, shape ``(4, ...)``, with :func:`philox` of ``rows``.

    Written so that the compiler sees words of 32 bits and computes several rows at a time.
    """
    for i in range(len(rows)):
        a, b, c, d = rows[i] & _LOW, rows[i] >> _HALF, column & _LOW, draw & _LOW
        k0, k1 = key[0] & _LOW, key[1] & _LOW
        for _ in range(10):
            p, q = _M0 * (a & _LOW), _M1 * (c & _LOW)
            a, b, c, d = (q >> _HALF) ^ b ^ k0, q & _LOW, (p >> _HALF) ^ d ^ k1, p & _LOW
            k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
        words[0, i], words[1, i] = np.uint32(a), np.uint32(b)
        words[2, i], words[3, i] = np.uint32(c), np.uint32(d)


@compiled
def uniform(word: np.uint64) -> float:
    """Return a number in [0, 1) from a random word of 32 bits."""
    return np.float64(word) * _UNIT
