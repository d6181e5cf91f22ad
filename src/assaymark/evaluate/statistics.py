"""Statistics: intervals for means, shares, AUCs and distances, all counted in persons.

Every interval is two-sided at 95 % and built from influence values: one number per row whose
mean error is the error of the estimate. Rows of one person are added up before they are squared,
so a table with ten visits per patient is as wide as its number of patients says.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset

    Floats = NDArray[np.float64]
    Persons = NDArray[np.int64] | None

__all__ = [
    "CONFIDENCE",
    "Auc",
    "Interval",
    "Z",
    "auc_of",
    "clopper_pearson",
    "distance_interval",
    "mean_variance",
    "persons_in",
    "persons_over",
    "quantile_of_t",
    "symmetric",
]

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
_NULL = 1 - 2 / math.pi  # variance of |X|, X standard normal
_STEPS = 2_001


class Interval(NamedTuple):
    """An estimate between the two ends of its interval."""

    value: float
    low: float
    high: float


class Auc(NamedTuple):
    """Area under the ROC curve and the influence of each row on it, shape ``(n,)``."""

    value: float
    influence: Floats


def persons_in(persons: Persons, n: int) -> int:
    """Return how many persons stand behind ``n`` rows."""
    return n if persons is None else len(np.unique(persons))


def persons_over(tables: Sequence[Dataset]) -> Persons:
    """Return person codes of several tables one below the other, which share no person."""
    if all(t.persons is None for t in tables):
        return None
    codes, start = [], 0
    for t in tables:
        own = t.person_codes
        codes.append(own + start)
        start += int(own.max(initial=-1)) + 1
    return np.concatenate(codes)


def quantile_of_t(degrees: float) -> float:
    """Return the upper 97.5 % point of Student's t for this many degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(max(degrees, 1.0), 0.5 + CONFIDENCE / 2))


def symmetric(value: float, error: float, *, degrees: float = math.inf) -> Interval:
    """Return ``value`` plus and minus the wanted multiple of its standard error."""
    wide = (Z if math.isinf(degrees) else quantile_of_t(degrees)) * error
    return Interval(value, value - wide, value + wide)


def clopper_pearson(hits: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """Return the exact binomial interval of a share; 0 to 1 where ``n`` is 0.

    Counts that were divided by a design effect need not be whole.

    References
    ----------
    Clopper & Pearson (1934), The use of confidence or fiducial limits.
    """
    from scipy.special import betaincinv

    if n == 0:
        return Interval(0.0, 0.0, 1.0)
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, 1 - tail))
    return Interval(hits / n, low, high)


def mean_variance(influence: Floats, persons: Persons = None) -> float:
    """Return the variance of the mean of ``influence``, shape ``(n,)``, persons independent.

    With ``m`` persons the sum of squares is scaled by ``m / (m - 1)``; infinite for one person.

    References
    ----------
    Liang & Zeger (1986), Longitudinal data analysis using generalized linear models.
    """
    n = len(influence)
    centred = influence - influence.mean() if n else influence
    if persons is not None and n:
        _, codes = np.unique(persons, return_inverse=True)
        centred = np.bincount(codes.ravel(), weights=centred)
    m = len(centred)
    if m < 2:
        return math.inf
    return float(np.square(centred).sum()) / n**2 * m / (m - 1)


def auc_of(scores: Floats, labels: NDArray[np.bool_]) -> Auc:
    """Return the AUC of ``scores`` for ``labels``, ties counted half; both classes needed.

    Where a score is missing, so is the AUC.
    The influence of a positive row is the share of negatives below it less the AUC, scaled by
    the share of positives, and the other way round; its mean is zero.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson (1988), Comparing the areas under two or more correlated
    receiver operating characteristic curves.
    """
    n, n_pos = len(scores), int(labels.sum())
    n_neg = n - n_pos
    order = np.argsort(scores)
    ascending = scores[order]
    if np.isnan(ascending[-1]):
        return Auc(math.nan, np.full(n, math.nan))
    ends = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1], [True]]))
    positive = np.concatenate([[0], np.cumsum(labels[order])])[ends]
    all_below, positive_below = np.empty((2, n), dtype=np.int64)  # doubled, ties counted once
    all_below[order] = np.repeat(ends[1:] + ends[:-1], np.diff(ends))
    positive_below[order] = np.repeat(positive[1:] + positive[:-1], np.diff(ends))
    above = np.where(
        labels,
        (all_below - positive_below) / (2 * n_neg),
        1 - positive_below / (2 * n_pos),
    )
    value = float(above[labels].mean())
    weight = np.where(labels, n / n_pos, n / n_neg)
    return Auc(value, (above - value) * weight)


def distance_interval(
    distance: float, spread: float, variance: float, *, fewest: int = 10_000
) -> Interval:
    """Return a distance between two distributions freed of its sampling noise, in [0, 1].

    ``distance`` is half the sum of absolute differences of cell shares (or a mean of such),
    ``spread`` half the sum of the standard errors of those differences, ``variance`` the variance
    of the distance where the distributions are far apart. With X normal of mean b and standard
    error s, E|X| = s g(b/s), g(c) = sqrt(2/pi) exp(-c^2/2) + c (1 - 2 Phi(-c)), and s g(b/s) is
    jointly convex and homogeneous: so a true distance t makes a distance of at least
    ``spread * g(t / spread)`` and at most ``t`` plus the noise at t = 0. Turning both bounds round
    gives an interval that covers t whatever the differences look like. ``fewest`` is the number
    of persons of the smaller side: what none of them shows may still be a Clopper-Pearson upper
    end away, which matters below some thirty persons, where shares are not normal.
    """
    if spread <= 0 or not math.isfinite(variance):
        return Interval(min(distance, 1.0), 0.0, 1.0)
    noise = spread * math.sqrt(2 / math.pi)
    tested = np.linspace(0, distance + (Z + 1) * math.sqrt(variance) + noise, _STEPS)
    ratio = tested / spread
    expected = spread * _folded_mean(ratio)
    shrink = np.clip((1 + ratio**2 - _folded_mean(ratio) ** 2), _NULL, 1)
    error = np.sqrt(variance * shrink)
    kept = np.flatnonzero(expected - Z * error <= distance)
    high = float(tested[kept[-1]]) if len(kept) else 0.0
    high = max(high, Z * float(error[0]), clopper_pearson(0, fewest).high)
    here = float(np.interp(distance, tested, error))
    low = max(0.0, distance - Z * here - noise)
    value = float(np.interp(max(distance, noise), expected, tested))
    value = min(max(value, low), high)
    return Interval(min(value, 1.0), min(low, 1.0), min(high, 1.0))


def _folded_mean(c: Floats) -> Floats:
    """Return E|X| for X normal with mean ``c`` and variance 1."""
    from scipy.special import ndtr

    tails = 1 - 2 * ndtr(-c)
    return np.asarray(math.sqrt(2 / math.pi) * np.exp(-(c**2) / 2) + c * tails)
