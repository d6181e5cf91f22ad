"""Regressions: fits by statsmodels, with a reason where a model has no fit."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.evaluate.analyses.formulas import Design

    Floats = NDArray[np.float64]

__all__ = ["FAMILIES", "Fit", "fit_cox", "fit_linear"]

FAMILIES = ("ols", "logistic", "poisson", "cox")
_STEPS, _FAR, _FEWEST = 60, 15.0, 5  # of a linear predictor: odds of 3 million


class Fit(NamedTuple):
    """Estimates by name, shape ``(k,)``, and their covariance, shape ``(k, k)``, of ``n`` rows."""

    names: tuple[str, ...]
    values: Floats
    covariance: Floats
    n: int


def fit_linear(design: Design, family: str) -> Fit:
    """Return a linear, logistic or Poisson regression, its covariance robust to the wrong spread.

    Raises
    ------
    DataError
        When the model is singular, its outcome is of the wrong kind or never (always) there, or
        an outcome is separated, so that no finite coefficients fit best.

    References
    ----------
    White (1980), A heteroskedasticity-consistent covariance matrix estimator (HC1).
    """
    import statsmodels.api as sm

    _check(design, family)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if family == "ols":
            found = sm.OLS(design.y, design.x).fit(cov_type="HC1")
        else:
            kind = sm.families.Binomial() if family == "logistic" else sm.families.Poisson()
            found = sm.GLM(design.y, design.x, family=kind).fit(cov_type="HC1", maxiter=_STEPS)
            _check_found(np.asarray(found.params), design, found.converged, family)
    return Fit(
        design.names, np.asarray(found.params), np.asarray(found.cov_params()), len(design.y)
    )


def fit_cox(design: Design, event: Floats) -> Fit:
    """Return a proportional-hazards regression of the times ``y``, ties as Efron (1977) has them.

    ``event`` is 1 where the time ended with the event, shape ``(n,)``.

    Raises
    ------
    DataError
        When a time is zero or negative, nobody had the event, or the model has no fit.
    """
    from statsmodels.duration.hazard_regression import PHReg

    columns = [j for j, name in enumerate(design.names) if name != "Intercept"]
    x, names = design.x[:, columns], tuple(design.names[j] for j in columns)
    if (design.y <= 0).any():
        raise DataError(
            "some survival times are zero or negative: when such a person was at risk is not "
            "known\n\nHint: add half a unit of time, or leave these rows out, and say so"
        )
    if not np.isin(event, (0.0, 1.0)).all():
        raise DataError("the event column must say yes or no (1 or 0)")
    if event.sum() < _FEWEST:
        raise DataError(f"fewer than {_FEWEST} events, which are needed")
    _check_rank(x, names, with_constant=True)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = PHReg(design.y, x, status=event, ties="efron").fit(disp=0)
            covariance = np.atleast_2d(np.asarray(found.cov_params()))
        except np.linalg.LinAlgError as error:
            raise DataError("the Cox regression has no fit") from error
    values = np.asarray(found.params)
    spread = x.std(axis=0)
    if not np.isfinite(values).all() or not (np.abs(values) * spread < _FAR).all():
        raise DataError("the Cox regression has no fit: some value always (or never) has the event")
    return Fit(names, values, covariance, len(design.y))


def _check(design: Design, family: str) -> None:
    if len(design.y) <= design.x.shape[1] + 1:
        raise DataError(
            f"{len(design.y)} rows without missing values, and {design.x.shape[1]} coefficients"
        )
    if family == "logistic":
        if not np.isin(design.y, (0.0, 1.0)).all():
            raise DataError("a logistic regression needs an outcome of two values")
        if not _FEWEST <= design.y.sum() <= len(design.y) - _FEWEST:
            raise DataError(f"the outcome is there, or is missing, in fewer than {_FEWEST} rows")
    if family == "poisson" and (design.y < 0).any():
        raise DataError("a Poisson regression needs counts, and some are negative")
    if family == "poisson" and not design.y.any():
        raise DataError("all counts are zero")
    _check_rank(design.x, design.names)


def _check_rank(x: Floats, names: tuple[str, ...], *, with_constant: bool = False) -> None:
    scale = np.sqrt(np.square(x).mean(axis=0))
    empty = [n for n, s in zip(names, scale, strict=True) if s == 0]
    if not empty and with_constant:
        empty = [n for n, s in zip(names, x.std(axis=0), strict=True) if s == 0]
    if empty:
        raise DataError(f"no row (or every row) has {', '.join(map(repr, empty))}")
    whole = np.column_stack([np.ones(len(x)), x / scale]) if with_constant else x / scale
    if np.linalg.matrix_rank(whole, tol=1e-8 * np.sqrt(len(x))) < whole.shape[1]:
        raise DataError("the regressors depend on each other, so that coefficients are arbitrary")


def _check_found(values: Floats, design: Design, converged: bool, family: str) -> None:
    linear = design.x @ values if np.isfinite(values).all() else np.array([np.inf])
    ends = np.quantile(linear, [0.001, 0.999]) if np.isfinite(linear).all() else linear
    spread = np.abs(values) * design.x.std(axis=0)
    if not converged or np.abs(ends).max() > _FAR or not (spread < _FAR).all():
        raise DataError(
            f"the {family} regression has no fit: the outcome is separated, as some value always "
            "(or never) has it"
        )
