"""Analyses: what an analyst estimates from a table, the same on real rows and on replicates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from assaymark.core.claim import Mean, Quantile, Regression, Share
from assaymark.core.conditions import Conditions
from assaymark.core.schema import Kind
from assaymark.errors import DataError, InputError, UnknownNameError
from assaymark.evaluate.analyses.formulas import columns_of, designs
from assaymark.evaluate.analyses.regressions import Fit, fit_cox, fit_linear
from assaymark.evaluate.features import numbers_of
from assaymark.evaluate.statistics import Z

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Schema

    Floats = NDArray[np.float64]

__all__ = ["Analysis", "check_analysis", "class_of", "fits"]

Analysis: TypeAlias = "Mean | Share | Quantile | Regression"
_FEWEST = 10


def class_of(spec: Analysis, schema: Schema) -> str:
    """Return the class of ``spec``, one of :data:`assaymark.core.coverage.ESTIMANDS`."""
    if isinstance(spec, Regression):
        return spec.family
    if isinstance(spec, Quantile):
        return "quantile"
    if isinstance(spec, Share) or schema.column(spec.column).kind is Kind.BOOLEAN:
        return "proportion"
    return "mean"


def check_analysis(spec: Analysis, schema: Schema) -> None:
    """Raise unless every column that ``spec`` names is there, and of a kind that can be used.

    Raises
    ------
    InputError
        When it is not; the message says which column, and what is valid.
    """
    if spec.where:
        Conditions.parse(spec.where, schema)
    if isinstance(spec, Share):
        Conditions.parse(spec.condition, schema)
    elif isinstance(spec, Regression):
        columns_of(spec.formula, schema.names)
        if spec.event:
            schema.column(spec.event)
        if (spec.family == "cox") != bool(spec.event):
            raise InputError("a Cox regression needs an event column, and no other model has one")
    else:
        kind = schema.column(spec.column).kind
        if not (kind.ordered or (kind is Kind.BOOLEAN and isinstance(spec, Mean))):
            numbers = [c.name for c in schema.columns if c.kind.ordered]
            raise InputError(
                f"column {spec.column!r} is {kind.value} and has no {spec.kind}\n\nHint: numbers "
                f"and dates have one: {', '.join(numbers) or 'there are none'}; of a category, "
                "ask for the share of a condition"
            )


def fits(spec: Analysis, tables: Sequence[Dataset]) -> tuple[Fit, ...]:
    """Return the estimates of ``spec`` in each table, by the same names in all of them.

    Raises
    ------
    InputError
        When ``spec`` does not suit the columns.
    DataError
        When it cannot be estimated in one of the tables; the message says in which, and why.
    """
    check_analysis(spec, tables[0].schema)
    kept = [_where(spec, t) for t in tables]
    if isinstance(spec, Regression):
        return _regressions(spec, kept)
    return tuple(_numbered(i, len(kept), lambda t=t: _one(spec, t)) for i, t in enumerate(kept))


def _where(spec: Analysis, table: Dataset) -> Dataset:
    if not spec.where:
        return table
    held = Conditions.parse(spec.where, table.schema).hold(table.frame)
    return table.take(np.flatnonzero(held))


def _one(spec: Mean | Share | Quantile, table: Dataset) -> Fit:
    if isinstance(spec, Share):
        condition = Conditions.parse(spec.condition, table.schema)
        values = condition.hold(table.frame).astype(np.float64)
    else:
        values = numbers_of(table.frame[spec.column])
        values = values[~np.isnan(values)]
    n = len(values)
    if n < _FEWEST:
        raise DataError(f"{n} known values, and {_FEWEST} are needed")
    if isinstance(spec, Quantile):
        value, variance = _quantile(values, spec.quantile)
    else:
        value, variance = float(values.mean()), float(values.var(ddof=1)) / n
        if isinstance(spec, Share) or table.schema.column(spec.column).kind is Kind.BOOLEAN:
            # Agresti & Coull (1998): a share of none or all is not known exactly
            near = (value * n + 2) / (n + 4)
            variance = max(variance, near * (1 - near) / (n + 4))
    return Fit((spec.name,), np.array([value]), np.array([[variance]]), n)


def _quantile(values: Floats, share: float) -> tuple[float, float]:
    """Return a quantile and its variance, from the order statistics around it.

    Where these are equal, as with rounded numbers, the step to the next value is in their place.

    References
    ----------
    Woodruff (1952), Confidence intervals for medians and other position measures.
    """
    aside = Z * math.sqrt(share * (1 - share) / len(values))
    if share - aside <= 0 or share + aside >= 1:
        raise DataError(f"{len(values)} values say too little about the quantile {share:g}")
    low, value, high = np.quantile(values, [share - aside, share, share + aside])
    if high <= low:
        near = np.unique(values)
        at = int(np.searchsorted(near, value))
        around = near[max(0, at - 1) : at + 2]
        if len(around) < 2:
            raise DataError("all values are equal, so that a quantile has no error")
        low, high = 0.0, float(np.diff(around).min())
    return float(value), float((high - low) / (2 * Z)) ** 2


def _regressions(spec: Regression, tables: Sequence[Dataset]) -> tuple[Fit, ...]:
    extra = (spec.event,) if spec.event else ()
    frames = [t.frame for t in tables]
    found = []
    for i, design in enumerate(designs(spec.formula, frames, extra=extra)):

        def fitted(design=design, frame=frames[i]) -> Fit:  # type: ignore[no-untyped-def]  # noqa: ANN001
            if spec.family != "cox":
                return fit_linear(design, spec.family)
            return fit_cox(design, _event(frame[spec.event])[design.rows])

        found.append(_numbered(i, len(tables), fitted))
    return tuple(found)


def _event(series: pl.Series) -> Floats:
    if series.dtype == pl.String:
        levels = sorted(series.drop_nulls().unique().to_list())
        if len(levels) != 2:
            raise DataError(f"the event column {series.name!r} has {len(levels)} values, not two")
        return np.asarray((series == levels[1]).cast(pl.Float64).to_numpy(), dtype=np.float64)
    return numbers_of(series)


def _numbered(i: int, of: int, fitted) -> Fit:  # type: ignore[no-untyped-def]  # noqa: ANN001
    try:
        found: Fit = fitted()
    except UnknownNameError:
        raise
    except DataError as error:
        place = f"table {i + 1} of {of}: " if of > 1 else ""
        raise DataError(f"{place}{error}") from error
    return found
