"""Tolerated: evidence that a share differs by more than what is tolerated, at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["log_evidence_tolerating"]

_SPREADS = (4.0, 100.0, 3_000.0)
"""How many rows' worth the guesses about the stream's share are near the reference's."""

_STEPS = 50


def log_evidence_tolerating(r: Floats, m: Floats, c: Floats, k: Floats, tolerance: float) -> Floats:
    """Return the natural log of an e-value for each share; shapes broadcast.

    ``r`` of ``m`` rows are the reference, ``c`` of ``k`` the stream. It is the likelihood under a
    mixture of guesses (made of the reference for the stream, Jeffreys' for the reference) over the
    largest likelihood of two shares that differ by at most ``tolerance``.

    References
    ----------
    Wasserman, Ramdas & Balakrishnan (2020), Universal inference.
    """
    from scipy.special import betaln

    centre = (r + 0.5) / (m + 1)
    guesses = [
        betaln(c + s * centre, k - c + s * (1 - centre)) - betaln(s * centre, s * (1 - centre))
        for s in _SPREADS
    ]
    mixture = np.logaddexp.reduce(np.stack(np.broadcast_arrays(*guesses)), axis=0)
    mixture = mixture - np.log(len(_SPREADS))
    own = betaln(r + 0.5, m - r + 0.5) - betaln(0.5, 0.5)
    return np.asarray(mixture + own - _largest(r, m, c, k, tolerance))


def _largest(r: Floats, m: Floats, c: Floats, k: Floats, tolerance: float) -> Floats:
    """Return the largest log-likelihood of two shares that differ by at most ``tolerance``."""
    r, m, c, k = np.broadcast_arrays(r, m, c, k)
    first = np.divide(r, m, out=np.zeros(r.shape), where=m > 0)
    second = np.divide(c, k, out=np.zeros(c.shape), where=k > 0)
    apart = np.where(k > 0, second - first, 0.0)
    free = _log_likelihood(r, m, first) + _log_likelihood(c, k, second)
    step = np.clip(apart, -tolerance, tolerance)
    low, high = np.maximum(0.0, -step), np.minimum(1.0, 1.0 - step)
    for _ in range(_STEPS):  # the slope falls in p, so that its root is found by halving
        p = (low + high) / 2
        up = _slope(r, m, p) + _slope(c, k, p + step) > 0
        low, high = np.where(up, p, low), np.where(up, high, p)
    p = (low + high) / 2
    bound = _log_likelihood(r, m, p) + _log_likelihood(c, k, p + step)
    return np.where(np.abs(apart) <= tolerance, free, bound)


def _slope(hits: Floats, n: Floats, p: Floats) -> Floats:
    tiny = 1e-12
    return hits / np.maximum(p, tiny) - (n - hits) / np.maximum(1 - p, tiny)


def _log_likelihood(hits: Floats, n: Floats, p: Floats) -> Floats:
    from scipy.special import xlog1py, xlogy

    return np.asarray(xlogy(hits, p) + xlog1py(n - hits, -p))
