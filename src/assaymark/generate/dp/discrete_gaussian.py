"""Discrete Gaussian: exact noise on whole numbers, from the operating system's entropy alone.

Every decision is a comparison of whole numbers, so that no rounding of a logarithm or of an
exponential leaves a trace in the noise. How long it takes to draw depends on what is drawn.
"""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Words = NDArray[np.uint64]
    Entropy = Callable[[int], bytes]

__all__ = ["MOST_SIGMA", "Noise", "variance_of"]

MOST_SIGMA = 8192
"""The widest noise whose exact arithmetic fits into 64 bits."""

_PARTS = 16
_FINE = 512
_WORD = 2**64


class Noise:
    """Exact random draws; ``entropy(n)`` returns ``n`` random bytes, the system's by default.

    References
    ----------
    Canonne, Kamath & Steinke (2020), The discrete Gaussian for differential privacy, algorithms
    1 to 3.
    """

    def __init__(self, entropy: Entropy = secrets.token_bytes) -> None:
        self._entropy = entropy

    def gaussian(self, n: int, variance: tuple[int, int]) -> Whole:
        """Return ``n`` draws of the discrete Gaussian of variance ``p / q``.

        The chance of x is proportional to ``exp(-x^2 q / (2 p))``.
        """
        p, q = variance
        t = math.isqrt(p // q) + 1
        return _until(n, lambda size: self._gaussian_tries(size, p, q, t))

    def bernoulli_exp(self, top: Whole, bottom: int) -> NDArray[np.bool_]:
        """Return True with chance ``exp(-top / bottom)``, each ``top`` at least 0."""
        whole, rest = top // bottom, top % bottom
        stands = self._bernoulli_part(rest, bottom)
        asked = np.flatnonzero(stands & (whole > 0))
        stands[asked] = self._successes(len(asked)) >= whole[asked]
        return stands

    def below(self, bound: Words) -> Words:
        """Return whole numbers from 0 to ``bound - 1``, each with the same chance."""
        out = np.empty(len(bound), dtype=np.uint64)
        left = np.arange(len(bound))
        while len(left):
            word, to = self._words(len(left)), bound[left]
            # the words above the last whole multiple of the bound would favour small numbers
            fits = word <= np.uint64(_WORD - 1) - (np.uint64(_WORD - 1) % to + np.uint64(1)) % to
            out[left[fits]] = word[fits] % to[fits]
            left = left[~fits]
        return out

    def _words(self, n: int) -> Words:
        return np.frombuffer(self._entropy(8 * n), dtype=np.uint64)

    def _bernoulli_part(self, top: Whole, bottom: int) -> NDArray[np.bool_]:
        """Return True with chance ``exp(-top / bottom)``, each ``top`` from 0 to ``bottom``."""
        stands = np.ones(len(top), dtype=np.bool_)
        left = np.flatnonzero(top > 0)
        k = 1
        while len(left):
            drawn = self.below(np.full(len(left), k * bottom, dtype=np.uint64))
            left = left[drawn < top[left].astype(np.uint64)]
            stands[left] = k % 2 == 0
            k += 1
        return stands

    def _successes(self, n: int) -> Whole:
        """Return how many draws of chance exp(-1) succeed before one fails."""
        out = np.zeros(n, dtype=np.int64)
        left = np.arange(n)
        while len(left):
            left = left[self._bernoulli_part(np.ones(len(left), dtype=np.int64), 1)]
            out[left] += 1
        return out

    def _laplace_tries(self, n: int, t: int) -> Whole:
        """Return draws with chance proportional to ``exp(-abs(x) / t)``; some tries give none."""
        inside = self.below(np.full(n, t, dtype=np.uint64)).astype(np.int64)
        inside = inside[self.bernoulli_exp(inside, t)]
        size = inside + t * self._successes(len(inside))
        negative = self.below(np.full(len(size), 2, dtype=np.uint64)) == 1
        keep = ~(negative & (size == 0))
        out: Whole = np.where(negative, -size, size)[keep]
        return out

    def _gaussian_tries(self, n: int, p: int, q: int, t: int) -> Whole:
        drawn = self._laplace_tries(n, t)
        drawn = drawn[np.abs(drawn) < 40 * t]  # no overflow; the Gaussian has exp(-800) beyond it
        away = np.abs(drawn) * (q * t) - p
        return drawn[self.bernoulli_exp(away * away, 2 * p * q * t * t)]


def variance_of(sigma: float) -> tuple[int, int]:
    """Return a variance of at least ``sigma`` squared as a fraction that the sampler can hold.

    Raises
    ------
    InputError
        When sigma is not a positive number, or above :data:`MOST_SIGMA`.
    """
    if not 0 < sigma <= MOST_SIGMA:
        raise InputError(
            f"noise of {sigma:g} rows is asked for, and at most {MOST_SIGMA:,} can be drawn\n\n"
            "Hint: a larger epsilon or fewer columns need less noise"
        )
    q = _FINE if sigma < 16 else _PARTS if sigma < 1024 else 1
    return math.ceil(sigma * sigma * q), q


def _until(n: int, tries: Callable[[int], Whole]) -> Whole:
    parts, there = [np.zeros(0, dtype=np.int64)], 0
    while there < n:
        made = tries(2 * (n - there) + 16)
        parts.append(made)
        there += len(made)
    return np.concatenate(parts)[:n]
