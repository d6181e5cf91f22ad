"""Estimand: an estimate from weighted rows, and what each row adds to its error.

Every estimate is linear up to a small rest: ``influence`` has one number a row whose mean has the
variance of the estimate, so that persons count once (see :mod:`assaymark.evaluate.statistics`).
Weights count as values that were drawn with their rows: a weighted mean is a ratio of two means.

References
----------
Demnati & Rao (2004), Linearization variance estimators for survey data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.evaluate.statistics import Interval, Z, mean_variance, persons_in, symmetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.evaluate.statistics import Floats, Persons

    Codes = NDArray[np.int64]
    Truth = NDArray[np.bool_]

__all__ = [
    "Estimate",
    "Rows",
    "added_up",
    "average",
    "beyond",
    "quantile",
    "quantile_ratio",
    "total",
]

_THOUSAND = 1_000.0
_HEAVY = 5.0  # rows that a sample counts as, below which no error can be told
_FEW = 10  # rows unlike the rest, below which their number says little about the next sample


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Named numbers of rows, each of shape ``(n,)``, NaN where missing; their weights and persons.

    ``inside`` marks the rows that are asked about; the others still belong to the sample.
    """

    values: dict[str, Floats]
    weights: Floats
    persons: Persons
    inside: Truth

    def within(self, mask: Truth) -> Rows:
        """Return the same sample, asked about those of its rows that ``mask`` marks too."""
        return replace(self, inside=self.inside & mask)

    def known(self, *names: str) -> Rows:
        """Return the same sample, asked about rows in which these numbers are all there."""
        lost = np.zeros(len(self.inside), dtype=bool)
        for name in names:
            lost |= np.isnan(self.values[name])
        return self.within(~lost)

    @property
    def n_persons(self) -> int:
        """Number of persons among the rows asked about."""
        own = None if self.persons is None else self.persons[self.inside]
        return persons_in(own, int(self.inside.sum()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """A value, the influence of each row of the sample, shape ``(n,)``, and persons behind it.

    ``error`` is a standard error beside that of the influences, in the same unit.
    """

    value: float
    influence: Floats
    persons: Persons
    n: int
    extra: float = 0.0

    @property
    def variance(self) -> float:
        """Variance of the value, persons independent; infinite with one person."""
        if self.n < 2:
            return math.inf
        return mean_variance(self.influence, self.persons) + self.extra**2

    @property
    def interval(self) -> Interval:
        """The value between the ends of its interval."""
        return symmetric(self.value, math.sqrt(self.variance), degrees=max(self.n - 1, 1))

    @property
    def spread(self) -> float:
        """Standard error that the same estimate from one person (of the smaller arm) has."""
        return math.sqrt(self.variance * self.n)


def added_up(rows: Rows, codes: NDArray[np.generic], names: Sequence[str]) -> Rows:
    """Return one row for each of ``codes``: ``names`` summed over its rows, the first of the rest.

    A sum that misses a value is missing. A household is asked about where any of its rows is.
    """
    _, first, where = np.unique(codes, return_index=True, return_inverse=True)
    where = where.ravel()
    values: dict[str, Floats] = {
        k: np.asarray(np.bincount(where, weights=v, minlength=len(first)), dtype=np.float64)
        if k in names
        else v[first]
        for k, v in rows.values.items()
    }
    return Rows(
        values=values,
        weights=rows.weights[first],
        persons=None if rows.persons is None else rows.persons[first],
        inside=np.bincount(where, weights=rows.inside, minlength=len(first)) > 0,
    )


def average(rows: Rows, top: str = "y", bottom: str = "") -> Estimate | str:
    """Return the weighted sum of ``top`` by that of ``bottom``, or by that of the weights."""
    names = (top, bottom) if bottom else (top,)
    asked = rows.known(*names)
    w = np.where(asked.inside, rows.weights, 0.0)
    y = np.where(asked.inside, rows.values[top], 0.0)
    x = np.where(asked.inside, rows.values[bottom], 0.0) if bottom else np.ones(len(w))
    below = float((w * x).mean()) if len(w) else 0.0
    if asked.n_persons < 2 or float(w.sum()) <= 0:
        return "fewer than two persons with a value and a weight above 0"
    if abs(below) <= 1e-300:
        return "the denominator adds up to 0, so there is no ratio"
    if why := _outweighed(asked):
        return why
    value = float((w * y).mean()) / below
    one = 0.0 if bottom else _one_row(rows.values[top], asked)
    return Estimate(
        value=value,
        influence=w * (y - value * x) / below,
        persons=rows.persons,
        n=asked.n_persons,
        extra=one,
    )


def total(rows: Rows, name: str = "y") -> Estimate | str:
    """Return the weighted sum for 1,000 rows of the sample; a missing value adds nothing."""
    asked = rows.known(name)
    if asked.n_persons < 2:
        return "fewer than two persons with a value"
    if why := _outweighed(asked):
        return why
    added = np.where(asked.inside, rows.weights * rows.values[name], 0.0) * _THOUSAND
    used = float(rows.weights[asked.inside].sum())
    one = _one_row(rows.values[name], asked) * used * _THOUSAND / len(added)
    return Estimate(
        value=float(added.mean()),
        influence=added,
        persons=rows.persons,
        n=asked.n_persons,
        extra=one,
    )


def beyond(rows: Rows, threshold: float) -> Estimate | str:
    """Return the share of rows whose ``y`` is above ``threshold``."""
    y = rows.values["y"]
    flags = np.where(np.isnan(y), np.nan, (y > threshold).astype(np.float64))
    return average(replace(rows, values={"y": flags}))


def quantile_ratio(rows: Rows, high: float, low: float) -> Estimate | str:
    """Return the ``high`` quantile of ``y`` by the ``low`` one.

    The density at a quantile comes from how far quantiles beside it lie apart.

    References
    ----------
    Woodruff (1952), Confidence intervals for medians and other position measures.
    """
    asked = rows.known("y")
    if asked.n_persons < 2 or rows.weights[asked.inside].sum() <= 0:
        return "fewer than two persons with a value and a weight above 0"
    one, other = _quantile(asked, high), _quantile(asked, low)
    if isinstance(one, str) or isinstance(other, str):
        return one if isinstance(one, str) else str(other)
    if abs(other.value) <= 1e-300:
        return "the lower quantile is 0, so there is no ratio"
    value = one.value / other.value
    influence = (one.influence - value * other.influence) / other.value
    return Estimate(value=value, influence=influence, persons=rows.persons, n=asked.n_persons)


def quantile(rows: Rows, q: float) -> Interval | str:
    """Return the ``q`` quantile of ``y`` between the quantiles that it cannot be told from."""
    asked = rows.known("y")
    if asked.n_persons < 2 or rows.weights[asked.inside].sum() <= 0:
        return "fewer than two persons with a value and a weight above 0"
    found = _places(asked, q)
    return Interval(found.value, min(found.low, found.value), max(found.high, found.value))


class _Places(NamedTuple):
    value: float
    low: float
    high: float
    share_influence: Floats
    error: float


def _quantile(rows: Rows, q: float) -> Estimate | str:
    found = _places(rows, q)
    if found.high <= found.low:
        return f"too many equal values around the {q:g} quantile to tell how sure it is"
    scale = (found.high - found.low) / (2 * Z * found.error)
    return Estimate(
        value=found.value,
        influence=found.share_influence * scale,
        persons=rows.persons,
        n=rows.n_persons,
    )


def _places(rows: Rows, q: float) -> _Places:
    use = rows.inside & (rows.weights > 0)
    y, w = rows.values["y"][use], rows.weights[use]
    order = np.argsort(y, kind="stable")
    y, reached = y[order], np.cumsum(w[order]) / w.sum()

    def at(share: float) -> float:
        return float(y[min(int(np.searchsorted(reached, share)), len(y) - 1)])

    value = at(q)
    below = np.where(np.isnan(rows.values["y"]), 0.0, rows.values["y"]) <= value
    w_all = np.where(use, rows.weights, 0.0)
    share_influence = w_all * (q - below) / w_all.mean()
    error = math.sqrt(mean_variance(share_influence, rows.persons))
    low, high = at(max(q - Z * error, 0.0)), at(min(q + Z * error, 1.0))
    return _Places(value, low, high, share_influence, error)


def _outweighed(asked: Rows) -> str:
    """Say that few weights outweigh all others: the error of an estimate cannot be told then.

    References
    ----------
    Kish (1965), Survey Sampling: the size of a sample as it counts is (sum of w)^2 / sum of w^2.
    """
    used = asked.weights[asked.inside] / max(asked.weights[asked.inside].max(initial=0.0), 1e-300)
    counts = float(used.sum() ** 2 / max(np.square(used).sum(), 1e-300))
    if not used.any() or counts >= min(_HEAVY, len(used) / 2):
        return ""
    return (
        "few weights outweigh all others, as if hardly anybody had been asked: how sure the figure "
        "is cannot be told"
    )


def _one_row(y: Floats, asked: Rows) -> float:
    """Return the error that one row more would make of a mean of ``asked``.

    A share of 0 or 1 is not known without error, nor is a mean of rows that are nearly all alike:
    how far another row could lie from them is told by those of the whole sample that do.
    """
    used, values = asked.weights[asked.inside], y[asked.inside]
    if not used.sum() > 0:
        return 0.0
    one = float(np.square(used).sum() / used.sum() ** 2)
    usual = float(np.median(values))
    if np.isin(values, (0.0, 1.0)).all() and np.isin(y[~np.isnan(y)], (0.0, 1.0)).all():
        return one
    if np.count_nonzero(values != usual) >= min(_FEW, len(values) / 2):
        return 0.0
    others = y[~np.isnan(y) & (y != usual)]
    return one * math.sqrt(float(np.square(others - usual).mean())) if len(others) else 0.0
