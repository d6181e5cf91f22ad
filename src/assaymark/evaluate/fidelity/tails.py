"""Tails: whether the largest and smallest values of each column turn up as often as they should."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.features import measured_columns, numbers_of, why_incomparable
from assaymark.evaluate.groups import banded
from assaymark.evaluate.statistics import Interval, clopper_pearson, mean_variance, persons_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column
    from assaymark.core.streams import Streams
    from assaymark.evaluate.statistics import Persons

    Floats = NDArray[np.float64]

__all__ = ["Tails"]

DIFFERENCE = "tails.difference"
_OUTERMOST = 0.005  # of all real rows, or as many as _FEWEST persons have
_FEWEST = 30
_WIDEST = 0.25  # what holds more of the rows is no tail


@component
class Tails:
    """How much of a column's tail is missing, or too much, at either end.

    A tail is what lies beyond the value that the outermost 0.5 % of the real rows, or 30 persons'
    worth, lie beyond; real rows are train and holdout together, since for a share, unlike a
    distance, rows that the generator saw do not bias the difference. Of one rate in the synthetic
    and one in the real rows the difference is ``r - 1`` where their ratio ``r`` is at most 1, and
    ``1 - 1 / r`` above: -1 if nothing is left of the tail, 0 if it is right, near 1 if nearly all
    of it is made up. The interval of ``r`` is exact for two counts given their sum; rows of one
    person count by the design effect. An end whose last value holds a quarter of the rows, as
    a zero often does, has no tail.

    Values that are capped *just* beyond that value are not seen, nor is what the tail belongs to.

    References
    ----------
    Przyborowski & Wilenski (1940), Homogeneity of results in testing samples from Poisson series.
    Kish (1965), Survey sampling, section 8.2, for the design effect.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=DIFFERENCE,
            title="Extremes of a column",
            unit="share of the tail",
            better="zero",
            meaning="How much of the column's largest (or smallest) values is missing (-1 is "
            "all of them), or how much of the synthetic ones is too much (above 0); 0 is as many "
            "as among the real rows.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:  # noqa: ARG002
        """Yield the difference at either end of each ordered column."""
        reason, holdout = why_incomparable(case), case.holdout
        if reason or holdout is None:
            yield Measurement.missing(DIFFERENCE, reason, "column:*")
            return
        found = [
            measurement
            for column in measured_columns(case.train)
            if column.kind.ordered
            for measurement in _both_ends(column, case, holdout)
        ]
        yield from found
        if not found:
            reason = "no column has a tail: numbers or dates with few values at their ends"
            yield Measurement.missing(DIFFERENCE, reason, "column:*")


class _Tail(NamedTuple):
    """Rows beyond a value, of all rows, each count divided by its design effect."""

    beyond: float
    rows: float


def _both_ends(column: Column, case: Case, holdout: Dataset) -> Iterator[Measurement]:
    real = np.concatenate([numbers_of(part.frame[column.name]) for part in (case.train, holdout)])
    made = numbers_of(case.synthetic.frame[column.name])
    persons = persons_over((case.train, holdout))
    n = case.train.n_persons + holdout.n_persons
    depth = min(max(_OUTERMOST, _FEWEST / n), _WIDEST)
    for end, sign in (("upper", 1.0), ("lower", -1.0)):
        limit = _limit(sign * real, depth)
        if limit is None:
            continue
        inside, other = sign * real > limit, sign * made > limit
        one, two = _tail(inside, persons), _tail(other, case.synthetic.persons)
        value, low, high = (_signed(r) for r in _ratio(two, one))
        yield Measurement(
            metric=DIFFERENCE,
            subject=f"column:{column.name},tail:{end}",
            value=value,
            low=low,
            high=high,
            n=banded(n),
            details={
                "real_share": round(float(inside.mean()), 3),
                "synthetic_share": float(other.mean()),
            },
        )


def _limit(values: Floats, depth: float) -> float | None:
    """Return the largest value that ``depth`` of all rows lie above, None where none has a tail."""
    known = np.sort(values[~np.isnan(values)])
    wanted = math.ceil(depth * len(values))
    if len(known) < wanted:
        return None
    below = int(np.searchsorted(known, known[-wanted]))
    if below == 0 or len(known) - below > _WIDEST * len(values):
        return None
    return float(known[below - 1])


def _tail(inside: NDArray[np.bool_], persons: Persons) -> _Tail:
    n, share = len(inside), float(inside.mean())
    effect = 1.0
    if persons is not None and 0 < share < 1:
        clustered = mean_variance(inside.astype(float), persons) * n / (share * (1 - share))
        effect = max(1.0, clustered) if math.isfinite(clustered) else float(n)
    return _Tail(float(inside.sum()) / effect, n / effect)


def _ratio(made: _Tail, real: _Tail) -> Interval:
    """Return the ratio of two rates: given the sum, either count is binomial."""
    share = clopper_pearson(made.beyond, made.beyond + real.beyond)
    scale = real.rows / made.rows
    low, high = (scale * s / (1 - s) if s < 1 else math.inf for s in (share.low, share.high))
    return Interval(scale * made.beyond / real.beyond, low, high)


def _signed(ratio: float) -> float:
    return ratio - 1 if ratio <= 1 else 1 - 1 / ratio
