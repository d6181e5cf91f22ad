"""Binning: cut columns into cells fixed by the real rows, and compare the shares of the cells.

Edges come from train and holdout together, never from synthetic rows, so that two candidates are
measured with one ruler. A missing value is a cell of its own; categories that are rare or new
share one cell, since a cell that exists only because a row was sampled favours the real side.
Where an ordered column has few values, others are new too: a constant that changed would look
the same otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from assaymark.core.schema import Kind
from assaymark.evaluate.features import numbers_of
from assaymark.evaluate.statistics import Interval, distance_interval, mean_variance, persons_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column
    from assaymark.evaluate.statistics import Floats, Persons

    Codes = NDArray[np.int64]

__all__ = ["Bins", "Gap", "Sample", "bins_of", "cells_for", "compare_cells", "mean_gap"]

_RARE = 5.0  # expected rows of the holdout below which cells are pooled
_FEWEST, _MOST = 4, 20
_SAME = 1e-12  # relative difference of numbers that are equal but for rounding
_BLOCK = 16_384


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bins:
    """The cells of one column: values or ranges, then "rare or new", then "missing".

    ``edges`` (ordered kinds) are the inner borders, a value on a border lies above it;
    ``values`` are the categories that have a cell, most frequent first, or the names of
    ``single``, the only real values of an ordered column that has few.
    """

    column: Column
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    single: tuple[float, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the cells, in order."""
        if self.values or not self.column.kind.ordered:
            return (*self.values, "rare or new", "missing")
        if not self.edges:
            return ("all values", "rare or new", "missing")
        ends = [_written(e, self.column.kind) for e in self.edges]
        inner = [f"{a} to {b}" for a, b in pairwise(ends)]
        return (f"below {ends[0]}", *inner, f"{ends[-1]} and above", "rare or new", "missing")

    @property
    def n_cells(self) -> int:
        """Number of cells, "rare or new" and "missing" included."""
        return (len(self.edges) + 1 if self.column.kind.ordered else len(self.values)) + 2

    def codes(self, data: Dataset) -> Codes:
        """Return the cell of each row, shape ``(n,)``."""
        series = data.frame[self.column.name]
        rare, missing = self.n_cells - 2, self.n_cells - 1
        if self.column.kind.ordered:
            numbers = numbers_of(series)
            cells = _borders_below(numbers, self.edges)
            if self.single:
                own = np.array(self.single)[cells]
                cells = np.where(np.isclose(numbers, own, rtol=_SAME, atol=0), cells, rare)
            return np.where(np.isnan(numbers), missing, cells)
        words = series.cast(pl.String)
        cells = words.replace_strict(
            list(self.values),
            list(range(len(self.values))),
            default=rare,
            return_dtype=pl.Int64,
        ).to_numpy()
        return np.where(words.is_null().to_numpy(), missing, cells).astype(np.int64)


class Sample(NamedTuple):
    """Cells of the rows of one table, shape ``(n,)``, and whose rows they are."""

    codes: Codes
    persons: Persons


class Gap(NamedTuple):
    """Distance between two samples, with what its interval is made of.

    ``real`` and ``synthetic`` are the cells' shares; ``signs`` says, cell by cell, half of which
    side has more, so that the distance is the difference of the means of ``signs[code]``;
    ``fewest`` is the number of persons on the smaller side.
    """

    distance: float
    spread: float
    variance: float
    real: Floats
    synthetic: Floats
    signs: Floats
    fewest: int

    @property
    def interval(self) -> Interval:
        """The distance freed of its sampling noise."""
        return distance_interval(self.distance, self.spread, self.variance, fewest=self.fewest)


def cells_for(n_persons: int, *, pairs: bool = False) -> int:
    """Return how many cells a column may have so that a perfect generator is still told apart."""
    wanted = math.sqrt(n_persons / 25) if pairs else n_persons / 100
    return int(np.clip(wanted, _FEWEST, _MOST // 2 if pairs else _MOST))


def bins_of(column: Column, real: Sequence[Dataset], *, cells: int, n_holdout: int) -> Bins:
    """Return the cells of ``column``, at most ``cells`` besides rare and missing."""
    series = pl.concat([d.frame[column.name] for d in real]).drop_nulls()
    if column.kind.ordered:
        values, times = np.unique(numbers_of(series), return_counts=True)
        single = tuple(values.tolist()) if len(values) <= cells else ()
        few = tuple(_written(x, column.kind) for x in single)
        return Bins(column=column, edges=_edges(values, times, cells), values=few, single=single)
    counts = series.cast(pl.String).value_counts(sort=False, name="n")
    counts = counts.sort(["n", column.name], descending=[True, False])
    total = max(sum(d.n for d in real), 1)
    enough = counts.filter(pl.col("n") * n_holdout >= _RARE * total).head(cells)
    return Bins(column=column, values=tuple(enough[column.name].to_list()))


def compare_cells(real: Sample, synthetic: Sample, n_cells: int) -> Gap:
    """Return the total variation distance between the cells of two independent samples."""
    p, q = _shares(real, n_cells), _shares(synthetic, n_cells)
    n, m = max(len(real.codes), 1), max(len(synthetic.codes), 1)
    pooled = (p * n + q * m + 0.5 / n_cells) / (n + m + 0.5)
    each = _cell_variance(real, p, pooled, n_cells)
    each = each + _cell_variance(synthetic, q, pooled, n_cells)
    signs = np.where(q >= p, 0.5, -0.5)
    distance = float(np.abs(p - q).sum() / 2)
    together = (pooled**1.5 / np.sqrt(np.maximum(1 - pooled, 1e-9))).sum() ** 2
    overlap = together - (pooled**3 / np.maximum(1 - pooled, 1e-9)).sum()
    simple = (pooled * (1 - pooled)).sum()
    variance = float(each.sum()) / 4 * float(1 + overlap / simple)
    fewest = min(persons_in(s.persons, len(s.codes)) for s in (real, synthetic))
    return Gap(distance, float(np.sqrt(each).sum() / 2), variance, p, q, signs, fewest)


def mean_gap(
    gaps: Sequence[Gap], real: Sample, synthetic: Sample, rows: tuple[Floats, Floats]
) -> Interval:
    """Return the mean distance over ``gaps``.

    ``rows`` are, for real and synthetic rows, the means over the gaps of ``signs[code]``: the
    distances of many columns stand on the same rows and do not average out as if independent.
    """
    distance = float(np.mean([g.distance for g in gaps]))
    spread = float(np.mean([g.spread for g in gaps]))
    variance = mean_variance(rows[0], real.persons) + mean_variance(rows[1], synthetic.persons)
    return distance_interval(distance, spread, variance, fewest=min(g.fewest for g in gaps))


def _shares(sample: Sample, n_cells: int) -> Floats:
    counts = np.bincount(sample.codes, minlength=n_cells)
    return np.asarray(counts / max(len(sample.codes), 1), dtype=np.float64)


def _cell_variance(sample: Sample, shares: Floats, pooled: Floats, n_cells: int) -> Floats:
    """Return the variance of each cell's share, persons independent; shares pulled by one row."""
    n = max(len(sample.codes), 1)
    kept = (shares * n + pooled) / (n + 1)
    plain = kept * (1 - kept) / n
    if sample.persons is None or len(sample.codes) == 0:
        return np.asarray(plain)
    _, who, rows = np.unique(sample.persons, return_inverse=True, return_counts=True)
    who = who.ravel()
    keys, counts = np.unique(who * n_cells + sample.codes, return_counts=True)
    cell = keys % n_cells
    own = np.bincount(cell, weights=counts.astype(float) ** 2, minlength=n_cells)
    cross = np.bincount(cell, weights=counts * rows[keys // n_cells], minlength=n_cells)
    clustered = (own - 2 * shares * cross + shares**2 * float((rows**2).sum())) / n**2
    return np.asarray(np.maximum(clustered, plain))


def _edges(values: Floats, times: Codes, cells: int) -> tuple[float, ...]:
    """Return inner borders: quantiles, and both sides of any value that fills a cell alone.

    ``values`` ascend, and occur so many ``times``.
    """
    if len(values) <= cells:
        middle = (values[1:] + values[:-1]) / 2  # of 0 and the least number there is, 0
        return tuple(np.maximum(middle, np.nextafter(values[:-1], np.inf)).tolist())
    is_heavy = times * cells >= times.sum()
    heavy = values[is_heavy]
    light = np.repeat(values[~is_heavy], times[~is_heavy])
    left = max(cells - len(heavy), 2)
    inner = light[:0]
    if len(light):
        inner = np.quantile(light, np.arange(1, left) / left, method="lower")
    borders = np.concatenate([inner, heavy, np.nextafter(heavy, np.inf)])
    borders = np.unique(borders)
    return tuple(borders[borders > values[0]].tolist())


def _borders_below(numbers: Floats, edges: tuple[float, ...]) -> Codes:
    """Return how many of the few ``edges`` are at most each number, 0 where it is missing."""
    below = np.zeros(len(numbers), dtype=np.int64)
    for start in range(0, len(numbers), _BLOCK):
        block = numbers[start : start + _BLOCK]
        found = np.zeros(len(block), dtype=np.int16)
        for edge in edges:
            found += block >= edge
        below[start : start + _BLOCK] = found
    return below


def _written(x: float, kind: Kind) -> str:
    if kind is Kind.DATE:
        return str(np.datetime64(int(x), "D"))
    if kind is Kind.DATETIME:
        return str(np.datetime64(int(x), "s"))
    return f"{x:.6g}"
