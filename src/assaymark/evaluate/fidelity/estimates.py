"""Estimates: whether means come out the same from the synthetic rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.core.schema import Kind
from assaymark.evaluate.features import measured_columns, numbers_of, why_incomparable
from assaymark.evaluate.statistics import mean_variance, persons_in, symmetric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column
    from assaymark.core.streams import Streams

    Floats = NDArray[np.float64]

__all__ = ["Estimates"]

MEAN = "estimates.mean_difference"


@component
class Estimates:
    """Difference of a column's mean between synthetic rows and population, in standard deviations.

    Numbers, dates and yes/no columns; missing values are left out on both sides. The scale is
    the standard deviation of train and holdout together, the real mean is the holdout's, and the
    interval is Welch's with persons counted once.

    Equal means say nothing about spread or tails; see the one-way distances for those.

    References
    ----------
    Welch (1947), The generalization of Student's problem.
    Cohen (1988), Statistical power analysis, section 2.2, for the scale.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=MEAN,
            title="Difference of the mean",
            unit="standard deviations",
            better="zero",
            meaning="Mean of the synthetic rows less the mean of the population, in standard "
            "deviations of the real rows; 0 is equal, 0.2 is often called small.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:  # noqa: ARG002
        """Yield the difference for each column that has a mean."""
        columns = [
            c for c in measured_columns(case.train) if c.kind.ordered or c.kind is Kind.BOOLEAN
        ]
        reason, holdout = why_incomparable(case), case.holdout
        if not reason and not columns:
            reason = "the table has no column with a mean (numbers, dates, yes/no)"
        if reason or holdout is None:
            yield Measurement.missing(MEAN, reason, "column:*")
            return
        for column in columns:
            yield _difference(column, case, holdout)


def _difference(column: Column, case: Case, holdout: Dataset) -> Measurement:
    subject = f"column:{column.name}"
    real, made, seen = (_known(column, d) for d in (holdout, case.synthetic, case.train))
    n = persons_in(real.persons, len(real.values))
    if min(len(real.values), len(made.values)) < 2 or n < 2:
        reason = "fewer than two known values in the holdout or the synthetic rows"
        return Measurement.missing(MEAN, reason, subject, n=n)
    scale = float(np.concatenate([real.values, seen.values]).std())
    scale = scale or float(made.values.std()) or 1.0
    errors = [mean_variance(d.values / scale, d.persons) for d in (real, made)]
    m = persons_in(made.persons, len(made.values))
    difference = float(made.values.mean() - real.values.mean()) / scale
    total = sum(errors)
    parts = errors[0] ** 2 / (n - 1) + errors[1] ** 2 / (m - 1)
    degrees = total**2 / parts if parts > 0 else math.inf
    value, low, high = symmetric(difference, math.sqrt(total), degrees=degrees)
    floor = float(seen.values.mean() - real.values.mean()) / scale if len(seen.values) else None
    return Measurement(
        metric=MEAN, subject=subject, value=value, low=low, high=high, n=n, floor=floor
    )


class _Known:
    """The known values of a column, and whose they are."""

    def __init__(self, values: Floats, persons: NDArray[np.int64] | None) -> None:
        self.values, self.persons = values, persons


def _known(column: Column, data: Dataset) -> _Known:
    values = numbers_of(data.frame[column.name])
    known = ~np.isnan(values)
    return _Known(values[known], None if data.persons is None else data.persons[known])
