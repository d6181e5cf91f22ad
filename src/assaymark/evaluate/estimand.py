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
from typing import TYPE_CHECKING

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
    "adjusted",
    "average",
    "beyond",
    "contrast",
    "means_by",
    "quantile_ratio",
    "stratified",
    "total",
]

_THOUSAND = 1_000.0
_SINGULAR = 1e-10
_STEPS, _CLOSE = 50, 1e-9


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
        return f"the sum of {bottom or 'the weights'!r} is 0, so there is no ratio"
    value = float((w * y).mean()) / below
    one = _one_row(y, w, asked) if not bottom and _yes_no(y) else 0.0
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
    added = np.where(asked.inside, rows.weights * rows.values[name], 0.0) * _THOUSAND
    return Estimate(
        value=float(added.mean()), influence=added, persons=rows.persons, n=asked.n_persons
    )


def contrast(rows: Rows, *, ratio: bool = False) -> Estimate | str:
    """Return the mean of ``y`` where ``t`` is 1 less that where it is 0, or their ratio."""
    arms = [average(rows.within(rows.values["t"] == t)) for t in (1, 0)]
    one, other = arms
    if isinstance(one, str) or isinstance(other, str):
        said = one if isinstance(one, str) else other
        return f"{'treated' if isinstance(one, str) else 'control'}: {said}"
    n = min(one.n, other.n)
    if not ratio:
        return Estimate(
            value=one.value - other.value,
            influence=one.influence - other.influence,
            persons=rows.persons,
            n=n,
            extra=math.hypot(one.extra, other.extra),
        )
    if abs(other.value) <= 1e-300:
        return "the mean of the control is 0, so there is no ratio"
    value = one.value / other.value
    return Estimate(
        value=value,
        influence=(one.influence - value * other.influence) / other.value,
        persons=rows.persons,
        n=n,
        extra=math.hypot(one.extra, value * other.extra) / abs(other.value),
    )


def stratified(rows: Rows, *, ratio: bool = False) -> Estimate | str:
    """Return the contrast of means within the strata ``s``, weighted by all rows in them.

    A stratum without both arms has no contrast; more than a tenth of the rows in such strata give
    a reason instead.

    References
    ----------
    Holt & Smith (1979), Post stratification.
    """
    asked = rows.known("y", "t", "s")
    strata, t = rows.values["s"], rows.values["t"]
    present = np.unique(strata[asked.inside])
    kept: list[tuple[float, Estimate, Estimate, float]] = []
    lost = 0.0
    for s in present.tolist():
        here = asked.within(strata == s)
        one, other = (average(here.within(t == a)) for a in (1, 0))
        weight = float(rows.weights[here.inside].sum())
        if isinstance(one, str) or isinstance(other, str):
            lost += weight
        else:
            kept.append((s, one, other, weight))
    whole = sum(w for *_, w in kept)
    if not kept or lost > 0.1 * (whole + lost):
        return "more than a tenth of the rows is in strata that lack the treated or the control"
    sides, influences, extra = np.zeros(2), np.zeros((2, len(strata))), 0.0
    common = np.isin(strata, [s for s, *_ in kept]) & asked.inside
    scale = len(strata) / whole
    for s, one, other, weight in kept:
        share = weight / whole
        belongs = common * rows.weights * ((strata == s) - share) * scale
        for k, arm in enumerate((one, other)):
            sides[k] += share * arm.value
            influences[k] += share * arm.influence + belongs * arm.value
            extra += (share * arm.extra) ** 2
    n = min(asked.within(t == a).n_persons for a in (1, 0))
    if ratio:
        value = float(sides[0] / sides[1]) if abs(sides[1]) > 1e-300 else math.nan
        if math.isnan(value):
            return "the mean of the control is 0, so there is no ratio"
        influence = (influences[0] - value * influences[1]) / sides[1]
        extra = math.sqrt(extra) / abs(float(sides[1]))
    else:
        value, influence = float(sides[0] - sides[1]), influences[0] - influences[1]
        extra = math.sqrt(extra)
    return Estimate(value=value, influence=influence, persons=rows.persons, n=n, extra=extra)


def adjusted(rows: Rows, design: Sequence[str], *, logistic: bool) -> Estimate | str:
    """Return the coefficient of ``t`` in a regression of ``y`` on it and the columns ``design``.

    Weighted least squares, or weighted logistic regression (the log odds ratio); errors by the
    sandwich.

    References
    ----------
    Binder (1983), On the variances of asymptotically normal estimators from complex surveys.
    """
    asked = rows.known("y", "t", *design)
    use = asked.inside & (rows.weights > 0)
    x = np.column_stack([rows.values["t"][use], *(rows.values[d][use] for d in design)])
    spread = x.std(axis=0) if len(x) else np.zeros(x.shape[1])
    if len(x) <= x.shape[1] + 1 or spread[0] == 0:
        return "too few rows, or no treated or no control among them"
    x = np.column_stack([np.ones(len(x)), x[:, :1], _standard(x[:, 1:])])
    y, w = rows.values["y"][use], rows.weights[use]
    w = w / w.mean()
    if logistic and set(np.unique(y)) != {0.0, 1.0}:
        return "a logistic regression needs an outcome with both 0 and 1"
    fitted = _logistic(x, y, w) if logistic else _least_squares(x, y, w)
    if isinstance(fitted, str):
        return fitted
    coefficients, inverse, residual = fitted
    influence = np.zeros(len(use))
    influence[use] = (x @ inverse[:, 1]) * w * residual * len(use)
    arms = [asked.within(rows.values["t"] == a).n_persons for a in (1, 0)]
    return Estimate(
        value=float(coefficients[1]), influence=influence, persons=rows.persons, n=min(arms)
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


def means_by(rows: Rows, codes: Codes, cells: Sequence[int]) -> list[Estimate | str]:
    """Return the mean of ``y`` in each of ``cells``."""
    return [average(rows.within(codes == c)) for c in cells]


def _quantile(rows: Rows, q: float) -> Estimate | str:
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
    if high <= low:
        return f"too many equal values around the {q:g} quantile to tell how sure it is"
    scale = (high - low) / (2 * Z * error)
    return Estimate(
        value=value, influence=share_influence * scale, persons=rows.persons, n=rows.n_persons
    )


def _standard(x: Floats) -> Floats:
    spread = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0))[:, spread > 0]


def _least_squares(x: Floats, y: Floats, w: Floats) -> tuple[Floats, Floats, Floats] | str:
    inverse = _inverse((x * w[:, None]).T @ x)
    if isinstance(inverse, str):
        return inverse
    coefficients = inverse @ ((x * w[:, None]).T @ y)
    return coefficients, inverse, y - x @ coefficients


def _logistic(x: Floats, y: Floats, w: Floats) -> tuple[Floats, Floats, Floats] | str:
    coefficients = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ coefficients, -35, 35)))
        inverse = _inverse((x * (w * chance * (1 - chance))[:, None]).T @ x)
        if isinstance(inverse, str):
            return inverse
        step = inverse @ ((x * w[:, None]).T @ (y - chance))
        coefficients = coefficients + step
        if np.abs(coefficients).max() > 30:
            return "the treatment or a covariate separates the outcome: no finite odds ratio"
        if np.abs(step).max() < _CLOSE:
            return coefficients, inverse, y - chance
    return "the logistic regression did not settle"


def _inverse(square: Floats) -> Floats | str:
    scale = np.sqrt(np.maximum(np.diag(square), 1e-300))
    unit = square / np.outer(scale, scale)
    if np.linalg.eigvalsh(unit)[0] < _SINGULAR:
        return "the covariates determine each other or the treatment: no such regression"
    return np.asarray(np.linalg.inv(unit) / np.outer(scale, scale))


def _yes_no(y: Floats) -> bool:
    return bool(np.isin(y, (0.0, 1.0)).all())


def _one_row(y: Floats, w: Floats, asked: Rows) -> float:
    """Return the error of one row more, for a share of 0 or 1 is not known without error."""
    used = w[asked.inside]
    return float(np.square(used).sum() / used.sum() ** 2) if len(y) else 0.0
