"""Inference: fits of a model on real and synthetic rows, and how far the two disagree."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.errors import DataError
from assaymark.evaluate.statistics import Z

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "LackOfFit",
    "LogisticFit",
    "expected_overlap",
    "interval_overlap",
    "lack_of_fit",
    "logistic",
    "naive_coverage",
]

_STEPS, _TOLERANCE = 50, 1e-10


class LogisticFit(NamedTuple):
    """Coefficients of a logistic regression, shape ``(k,)``, and their covariance, ``(k, k)``."""

    coefficients: Floats
    covariance: Floats


class LackOfFit(NamedTuple):
    """A squared distance between two sets of coefficients, and how likely one as large is.

    ``ratio`` is the statistic over its degrees of freedom: 1 is expected of a right model.
    """

    statistic: float
    degrees: int
    p_value: float

    @property
    def ratio(self) -> float:
        """The statistic over its degrees of freedom."""
        return self.statistic / self.degrees


def logistic(x: Floats, y: Floats) -> LogisticFit:
    """Return the maximum-likelihood fit of ``y`` (0 or 1) on the columns of ``x``, by Newton.

    ``x`` is ``(n, k)``, with a column of ones where an intercept is wanted.

    Raises
    ------
    DataError
        When the fit has no end: the outcome is separated, or columns depend on each other.

    References
    ----------
    McCullagh & Nelder (1989), Generalized linear models, section 2.5.
    """
    beta = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-np.clip(x @ beta, -500, 500)))
        information = (x * (share * (1 - share))[:, None]).T @ x
        if np.linalg.cond(information) > 1 / np.finfo(float).eps:
            break
        step = np.linalg.solve(information, x.T @ (y - share))
        beta = beta + step
        if float(np.abs(step).max()) < _TOLERANCE:
            covariance = np.linalg.inv(information)
            return LogisticFit(beta, np.asarray(covariance, dtype=np.float64))
    raise DataError(
        f"a logistic regression on {x.shape[0]} rows and {x.shape[1]} columns has no fit\n\n"
        "Hint: drop columns that follow from others, or values that have one outcome only"
    )


def interval_overlap(z: float) -> float:
    """Return the overlap of two 95 % intervals of one width, ``z`` standard errors apart.

    1 where they coincide, 0 where they touch, negative beyond.

    References
    ----------
    Karr, Kohnen, Oganian, Reiter & Sanil (2006), A framework for evaluating the utility of data
    altered to protect confidentiality; as simplified in synthpop for equal widths.
    """
    return 1 - abs(z) / (2 * Z)


def expected_overlap(replicates: int) -> float:
    """Return the mean overlap under a right model, for the mean of so many replicates.

    ``z`` is then normal with variance 1 / replicates.

    References
    ----------
    Raab, Nowok & Dibben (2021), Assessing, visualizing and improving the utility of synthetic
    data, arXiv:2109.12717; the inference vignette of synthpop.
    """
    return interval_overlap(math.sqrt(2 / math.pi / replicates))


def lack_of_fit(difference: Floats, covariance: Floats) -> LackOfFit:
    """Return the chi-squared test that a vector of ``difference`` has mean zero.

    References
    ----------
    Raab, Nowok & Dibben (2021), arXiv:2109.12717.
    """
    from scipy.stats import chi2

    statistic = float(difference @ np.linalg.solve(covariance, difference))
    return LackOfFit(statistic, len(difference), float(chi2.sf(statistic, len(difference))))


def naive_coverage(synthetic: float, n: float, *, z: float = Z) -> float:
    """Return how often an interval made from ``synthetic`` rows as if real covers a mean.

    The rows come from a right model whose parameters were fitted to ``n`` real rows; the interval
    is ``z`` standard errors wide on each side.

    References
    ----------
    Decruyenaere et al. (2024), The real deal behind the artificial appeal, arXiv:2312.07837.
    """
    return 2 * NormalDist().cdf(z / math.sqrt(1 + synthetic / n)) - 1
