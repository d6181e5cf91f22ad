"""Two-way distances: how far each pair of columns is from the real population."""

from __future__ import annotations

from itertools import combinations, islice
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.binning import Sample, bins_of, cells_for, compare_cells, mean_gap
from assaymark.evaluate.features import measured_columns, why_incomparable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.binning import Gap
    from assaymark.evaluate.statistics import Interval

    Codes = NDArray[np.int64]

__all__ = ["TwoWay"]

DISTANCE, MEAN = "two_way.distance", "two_way.mean"
_RARE = 5.0  # expected rows of the holdout below which cells of a pair are pooled
_TOO_FEW = "no cell of the cross table has 5 expected rows of the holdout"


@component
class TwoWay:
    """Total variation distance of each pair of columns between synthetic rows and population.

    Columns are cut as for the one-way distances but more coarsely (4 to 10 cells and those for
    rare and missing, by the square root of the holdout's persons); cells of a pair with fewer
    than 5 expected rows of the holdout share one cell. Baseline: train with both columns
    shuffled, the best that a table without any relation can do. Floor: train against holdout.

    Relations that need three columns to be seen are not seen; :mod:`two_sample` looks at those.

    References
    ----------
    Raab, Nowok & Dibben (2021), Assessing, visualizing and improving the utility of synthetic
    data, section 3.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=DISTANCE,
            title="Distance of a pair of columns",
            unit="share of rows",
            better="lower",
            meaning="Share of rows that would have to move to another cell of the two columns' "
            "cross table for it to be that of the population; 0 is equal.",
        ),
        Quantity(
            name=MEAN,
            title="Mean distance of pairs of columns",
            unit="share of rows",
            better="lower",
            meaning="The distance of a pair of columns, averaged over the pairs.",
        ),
    )

    most_pairs: int = 1000
    """Pairs measured; of a wider table that many are drawn, each column as often as the others."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the distance of each pair, then the mean."""
        reason, holdout = why_incomparable(case), case.holdout
        columns = measured_columns(case.train)
        if not reason and len(columns) < 2:
            reason = "the table has one column only, so no pairs"
        if reason or holdout is None:
            yield Measurement.missing(DISTANCE, reason, "pair:*")
            yield Measurement.missing(MEAN, reason)
            return
        tables = _Tables(case, holdout, streams)
        names = [c.name for c in columns]
        for first, second in _pairs(len(names), self.most_pairs, streams.child("pairs")):
            yield tables.compare(names[first], names[second])
        yield tables.mean(len(columns))


class _Side:
    """Running sums for the mean over pairs of one table against the holdout."""

    def __init__(self, holdout: Dataset, other: Dataset) -> None:
        self.holdout, self.other = holdout, other
        self.gaps: list[Gap] = []
        self.rows = (np.zeros(holdout.n), np.zeros(other.n))

    def add(self, real: Codes, other: Codes, n_cells: int) -> Interval:
        gap = compare_cells(
            Sample(real, self.holdout.persons), Sample(other, self.other.persons), n_cells
        )
        self.gaps.append(gap)
        self.rows[0][:] += gap.signs[real]
        self.rows[1][:] += gap.signs[other]
        return gap.interval

    def mean(self) -> Interval:
        none = np.zeros(0, dtype=np.int64)
        k = len(self.gaps)
        return mean_gap(
            self.gaps,
            Sample(none, self.holdout.persons),
            Sample(none, self.other.persons),
            (self.rows[0] / k, self.rows[1] / k),
        )


class _Tables:
    """Cells of every column in every table, made once."""

    def __init__(self, case: Case, holdout: Dataset, streams: Streams) -> None:
        cells = cells_for(holdout.n_persons, pairs=True)
        self.n_cells: dict[str, int] = {}
        self.codes: dict[str, tuple[Codes, Codes, Codes, Codes]] = {}
        for column in measured_columns(case.train):
            bins = bins_of(column, (case.train, holdout), cells=cells, n_holdout=holdout.n)
            train = bins.codes(case.train)
            rng = streams.child("shuffled", column.name).generator()
            self.n_cells[column.name] = bins.n_cells
            self.codes[column.name] = (
                bins.codes(holdout),
                bins.codes(case.synthetic),
                train,
                rng.permutation(train),
            )
        self.sides = (
            _Side(holdout, case.synthetic),
            _Side(holdout, case.train),
            _Side(holdout, case.train),
        )

    def compare(self, first: str, second: str) -> Measurement:
        """Return the distance of one pair, and keep what the mean needs."""
        subject, n = f"pair:{first},{second}", self.sides[0].holdout.n_persons
        a, b = self.codes[first], self.codes[second]
        width = self.n_cells[second]
        shuffled = a[3] * width + b[3]
        real, made, seen = (x * width + y for x, y in zip(a[:3], b[:3], strict=True))
        cell, n_cells = _pooled(real, seen, self.n_cells[first] * width)
        if n_cells < 2:
            return Measurement.missing(DISTANCE, _TOO_FEW, subject, n=n)
        value, low, high = self.sides[0].add(cell[real], cell[made], n_cells)
        return Measurement(
            metric=DISTANCE,
            subject=subject,
            value=value,
            low=low,
            high=high,
            n=n,
            floor=self.sides[1].add(cell[real], cell[seen], n_cells).value,
            baseline=self.sides[2].add(cell[real], cell[shuffled], n_cells).value,
        )

    def mean(self, n_columns: int) -> Measurement:
        """Return the mean over the pairs compared so far."""
        n, pairs = self.sides[0].holdout.n_persons, len(self.sides[0].gaps)
        if not pairs:
            return Measurement.missing(MEAN, _TOO_FEW, n=n)
        made, floor, baseline = (side.mean() for side in self.sides)
        return Measurement(
            metric=MEAN,
            value=made.value,
            low=made.low,
            high=made.high,
            n=n,
            floor=floor.value,
            baseline=baseline.value,
            details={"pairs": pairs, "columns": n_columns},
        )


def _pairs(n_columns: int, most: int, streams: Streams) -> list[tuple[int, int]]:
    """Return all pairs, or ``most`` of them, the columns in a random ring each with the next ones.

    So no column is its own partner, no pair comes twice, and in ``most`` pairs each column is met
    as often as any other, give or take one step of the ring.
    """
    pairs = list(combinations(range(n_columns), 2))
    if len(pairs) <= most:
        return pairs
    ring = streams.generator().permutation(n_columns).tolist()
    steps = range(1, n_columns // 2 + 1)
    turned = ((ring[i], ring[(i + s) % n_columns]) for s in steps for i in range(n_columns))
    drawn = dict.fromkeys((min(p), max(p)) for p in turned)
    return sorted(islice(drawn, most))


def _pooled(holdout: Codes, train: Codes, size: int) -> tuple[Codes, int]:
    """Return the cell each code goes to: its own, or the last one where few rows are expected."""
    counts = np.bincount(holdout, minlength=size) + np.bincount(train, minlength=size)
    expected = counts * len(holdout) / (len(holdout) + len(train))
    own = expected >= _RARE
    kept = int(own.sum())
    return np.where(own, np.cumsum(own) - 1, kept).astype(np.int64), kept + 1
