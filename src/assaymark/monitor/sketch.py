"""Sketch: counts of released rows on fixed cells; all that monitoring needs of a release."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from assaymark.core.document import Document

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OTHER", "ColumnSketch", "PairSketch", "Sketch", "cells_of", "coarse_cells", "sketch"]

OTHER = "(all other)"
_LEVELS = 50
_BINS = 20
_PAIRED = 30
_COARSE = 5
_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


class ColumnSketch(Document):
    """One column: cells with their counts, the last of them for missing values.

    A category's cells are ``levels``, then all other values; a number's or a date's are the
    intervals between ``edges`` (decimal strings; dates as microseconds since 1970), open at both
    ends. ``counts`` has one entry a cell, then one for missing.
    """

    name: str
    kind: Literal["number", "moment", "category"]
    levels: tuple[str, ...]
    edges: tuple[str, ...]
    counts: tuple[int, ...]
    quantiles: tuple[str, ...]
    n_unique: int


class PairSketch(Document):
    """Counts of two columns on coarse cells, row by row of the first column's."""

    first: str
    second: str
    counts: tuple[int, ...]


class Sketch(Document):
    """One- and two-way counts of ``n`` released rows."""

    schema_id: Literal["assaymark/sketch/v0"] = "assaymark/sketch/v0"
    n: int
    columns: tuple[ColumnSketch, ...]
    pairs: tuple[PairSketch, ...]


def sketch(frame: pl.DataFrame) -> Sketch:
    """Count ``frame`` on cells that are fixed by it; the rows are public, and so is the sketch."""
    columns = tuple(_column(frame[name]) for name in frame.columns)
    codes = {c.name: cells_of(c, frame[c.name]) for c in columns[:_PAIRED]}
    coarse = {c.name: coarse_cells(codes[c.name], c) for c in columns[:_PAIRED]}
    pairs = tuple(
        PairSketch(
            first=a,
            second=b,
            counts=tuple(
                np.bincount(coarse[a] * _COARSE + coarse[b], minlength=_COARSE**2).tolist()
            ),
        )
        for a, b in combinations(coarse, 2)
    )
    return Sketch(n=frame.height, columns=columns, pairs=pairs)


def cells_of(column: ColumnSketch, values: pl.Series) -> NDArray[np.int64]:
    """Return the cell of each value, shape ``(n,)``; the last cell is "missing"."""
    last = len(column.counts) - 1
    if column.kind == "category":
        known = {level: i for i, level in enumerate(column.levels)}
        text = values.cast(pl.String).to_list()
        return np.array(
            [last if v is None else known.get(v, last - 1) for v in text], dtype=np.int64
        )
    numbers = _numbers(values)
    inner = np.array([float(e) for e in column.edges])
    cells = np.searchsorted(inner, numbers, side="right")
    return np.where(np.isnan(numbers), last, cells)


def _column(values: pl.Series) -> ColumnSketch:
    kind = _kind(values.dtype)
    if kind == "category":
        counted = values.drop_nulls().cast(pl.String).value_counts(sort=True).rows()
        levels = tuple(sorted(level for level, _ in counted[:_LEVELS]))
        empty = ColumnSketch(
            name=values.name,
            kind=kind,
            levels=levels,
            edges=(),
            counts=(0,) * (len(levels) + 2),
            quantiles=(),
            n_unique=len(counted),
        )
    else:
        known = _numbers(values.drop_nulls())
        edges = _edges(known)
        marks = np.quantile(known, _QUANTILES) if len(known) else np.array([])
        empty = ColumnSketch(
            name=values.name,
            kind=kind,
            levels=(),
            edges=tuple(f"{e!r}" for e in edges),
            counts=(0,) * (len(edges) + 2),
            quantiles=tuple(f"{q!r}" for q in marks.tolist()),
            n_unique=len(np.unique(known)),
        )
    counts = np.bincount(cells_of(empty, values), minlength=len(empty.counts))
    return empty.model_copy(update={"counts": tuple(counts.tolist())})


def _kind(dtype: pl.DataType) -> Literal["number", "moment", "category"]:
    if dtype.is_numeric():
        return "number"
    return "moment" if dtype.is_temporal() else "category"


def _numbers(values: pl.Series) -> NDArray[np.float64]:
    if values.dtype.is_temporal():
        values = values.cast(pl.Datetime("us")).cast(pl.Int64)
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _edges(known: NDArray[np.float64]) -> list[float]:
    """Return inner edges: quantiles, or where values are few each of these and beyond the last.

    So what lies outside of few values has cells of its own: a constant that changed is seen.
    """
    distinct = np.unique(known)
    if len(distinct) <= _BINS:
        return [float(x) for x in (*distinct, *np.nextafter(distinct[-1:], np.inf))]
    return [float(x) for x in np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS))]


def coarse_cells(cells: NDArray[np.int64], column: ColumnSketch) -> NDArray[np.int64]:
    """Merge cells into four about equal ones, in order, and one for missing."""
    counts = np.array(column.counts[:-1])
    before = np.cumsum(counts) - counts / 2
    group = np.minimum((before / max(1, counts.sum()) * (_COARSE - 1)).astype(int), _COARSE - 2)
    merged: NDArray[np.int64] = np.append(group, _COARSE - 1)[cells]
    return merged
