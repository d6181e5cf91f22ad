"""Evidence: how much a stream of rows says against the shares of a reference, at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.monitor.tolerated import log_evidence_tolerating

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["log_evidence"]

_SHIFTS = np.array([0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8, 1.2, 1.8, 2.6])
"""Guesses of how far a share moves, in standard deviations of one row; all weigh alike."""

_LEAST, _MOST = np.sin(1e-4), np.cos(1e-4)
"""A guess is never that all rows are hits, else one miss refutes it."""


def log_evidence(
    reference_hits: Floats, reference_n: Floats, hits: Floats, n: Floats, tolerance: float = 0.0
) -> Floats:
    """Return the natural log of an e-value for each share; shapes broadcast.

    The reference is ``reference_hits`` of ``reference_n`` rows, the stream ``hits`` of ``n``. Under
    the hypothesis that both are independent rows whose shares differ by at most ``tolerance``, the
    value, as the stream grows, exceeds ``log(1 / a)`` at any time whatever with probability at most
    ``a``: one may look as often as one likes.

    Without a tolerance, it is the likelihood of the stream under guesses of a share that is higher
    (or lower) by some standard deviations than the reference's, over that under all shares that
    the reference leaves open: a beta distribution, on the side on which it is Clopper and Pearson's
    bound. So what the reference does not tell of its share costs ``log(1 + n / reference_n) / 2``,
    where the largest likelihood of a share that is not known would cost half the logarithm of the
    reference's rows. Where it leaves nothing open, the probability is Ville's bound; else
    it was computed exactly, by dynamic programming, for references of 40 to 150 rows, and is at
    most a quarter of ``a`` in all of them (``tests/monitor/test_evidence.py``); for other sizes
    there is no proof.

    References
    ----------
    Ville (1939), Étude critique de la notion de collectif.
    Pérez-Ortiz et al. (2024), E-statistics, group invariance and anytime-valid testing.
    """
    r, m, c, k = (np.asarray(x, dtype=np.float64) for x in (reference_hits, reference_n, hits, n))
    if tolerance > 0:
        return log_evidence_tolerating(r, m, c, k, tolerance)
    less = c * m < r * k
    more = _more(np.where(less, m - r, r), m, np.where(less, k - c, c), k)
    return np.where(m > 0, more - np.log(2), 0.0)


def _more(r: Floats, m: Floats, c: Floats, k: Floats) -> Floats:
    """Return the log evidence that the stream's share is higher than the reference's."""
    from scipy.special import betaln

    r, m, c, k = np.broadcast_arrays(r, m, c, k)
    least = np.maximum(m - r, 0.5)  # all rows of the reference are hits: more cannot be told
    open_ = betaln(c + r + 1, k - c + least) - betaln(r + 1, least)
    share = (r + 0.5) / (m + 1)
    sine, cosine = np.sqrt(share), np.sqrt(1 - share)
    total = np.empty((len(_SHIFTS), *c.shape))
    for i, shift in enumerate(_SHIFTS):
        up, along = np.sin(shift / 2), np.cos(shift / 2)
        far = np.maximum(cosine * along - sine * up, _LEAST)
        hit = np.minimum(sine * along + cosine * up, _MOST)
        hit = np.where(far > _LEAST, hit, _MOST)
        total[i] = 2 * (c * np.log(hit) + (k - c) * np.log(far))
    most = total.max(axis=0)
    total = np.log(np.exp(total - most).sum(axis=0)) + most
    return np.asarray(total - np.log(len(_SHIFTS)) - open_)
