"""One-way distances: how far each single column is from the real population."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.binning import Sample, bins_of, cells_for, compare_cells, mean_gap
from assaymark.evaluate.features import measured_columns, why_incomparable
from assaymark.evaluate.statistics import persons_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.binning import Bins, Gap

__all__ = ["OneWay"]

DISTANCE, MEAN = "one_way.distance", "one_way.mean"
_FEW = 10  # shares that rest on fewer rows are not shown


@component
class OneWay:
    """Total variation distance of each column between synthetic rows and the population.

    The holdout stands for the population, since the generator did not see it: train would
    flatter a generator that copies. Ordered columns are cut at quantiles of train and holdout
    together (4 to 20 cells, one for each 100 persons of the holdout), values that fill a cell by
    themselves, missing, and rare or new categories get their own. The sampling noise of both
    sides is taken off, persons count once, and the floor is train against holdout.

    It sees one column at a time: a table with every column shuffled scores as well as the truth.

    References
    ----------
    Platzer & Reutterer (2021), Holdout-based empirical assessment of mixed-type synthetic data.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=DISTANCE,
            title="Distance of one column",
            unit="share of rows",
            better="lower",
            meaning="Share of rows that would have to move to another cell for the column's "
            "distribution to be that of the population; 0 is equal, 1 has nothing in common.",
        ),
        Quantity(
            name=MEAN,
            title="Mean distance of single columns",
            unit="share of rows",
            better="lower",
            meaning="The distance of one column, averaged over all columns.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:  # noqa: ARG002
        """Yield the distance of each column, then their mean."""
        reason, holdout = why_incomparable(case), case.holdout
        if reason or holdout is None:
            yield Measurement.missing(DISTANCE, reason, "column:*")
            yield Measurement.missing(MEAN, reason)
            return
        cells = cells_for(holdout.n_persons)
        n = persons_in(holdout.persons, holdout.n)
        gaps, floors = [], []
        rows = (np.zeros(holdout.n), np.zeros(case.synthetic.n))
        train_rows = (np.zeros(holdout.n), np.zeros(case.train.n))
        columns = measured_columns(case.train)
        for column in columns:
            bins = bins_of(column, (case.train, holdout), cells=cells, n_holdout=holdout.n)
            real = Sample(bins.codes(holdout), holdout.persons)
            gap = _gap(bins, real, case.synthetic, rows)
            floor = _gap(bins, real, case.train, train_rows)
            gaps.append(gap)
            floors.append(floor)
            value, low, high = gap.interval
            yield Measurement(
                metric=DISTANCE,
                subject=f"column:{column.name}",
                value=value,
                low=low,
                high=high,
                n=n,
                floor=floor.interval.value,
                details=_picture(bins, gap, holdout.n),
            )
        k = len(columns)
        real = Sample(np.zeros(0, dtype=np.int64), holdout.persons)
        made = Sample(real.codes, case.synthetic.persons)
        seen = Sample(real.codes, case.train.persons)
        value, low, high = mean_gap(gaps, real, made, (rows[0] / k, rows[1] / k))
        floor_mean = mean_gap(floors, real, seen, (train_rows[0] / k, train_rows[1] / k))
        yield Measurement(metric=MEAN, value=value, low=low, high=high, n=n, floor=floor_mean.value)


def _gap(bins: Bins, real: Sample, other: Dataset, rows: tuple[np.ndarray, np.ndarray]) -> Gap:
    """Return the gap of one column, and add its signs to the running sums of the rows."""
    codes = bins.codes(other)
    gap = compare_cells(real, Sample(codes, other.persons), bins.n_cells)
    rows[0][:] += gap.signs[real.codes]
    rows[1][:] += gap.signs[codes]
    return gap


def _picture(bins: Bins, gap: Gap, n: int) -> dict[str, Json]:
    """Return the shares as drawn: cells in order, real shares on few rows withheld."""
    shown = [i for i in range(bins.n_cells) if gap.real[i] > 0 or gap.synthetic[i] > 0]
    inner = [i for i in shown if i != bins.n_cells - 1]
    real = [float(x) if x == 0 or x * n >= _FEW else None for x in gap.real]
    return {
        "kind": bins.column.kind.value,
        "ordered": bins.column.kind.ordered,
        "labels": [bins.labels[i] for i in inner],
        "real": [real[i] for i in inner],
        "synthetic": [float(gap.synthetic[i]) for i in inner],
        "missing_real": real[-1],
        "missing_synthetic": float(gap.synthetic[-1]),
        "raw_distance": gap.distance,
    }
