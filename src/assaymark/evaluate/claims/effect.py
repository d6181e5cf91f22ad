"""Effect: a treatment's, as a contrast of means, within strata, or as a coefficient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assaymark.evaluate.claims.estimand import Estimate, average

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.evaluate.claims.estimand import Rows
    from assaymark.evaluate.statistics import Floats

__all__ = ["adjusted", "contrast", "stratified"]

_SINGULAR = 1e-10
_STEPS, _CLOSE = 50, 1e-9


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
