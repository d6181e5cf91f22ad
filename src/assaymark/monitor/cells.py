"""Cells: where values fall on the fixed edges and levels of a sketch, all columns in one pass."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.monitor.sketch import ColumnSketch

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = [
    "COARSE",
    "as_number",
    "cells_in",
    "cells_of",
    "coarse_cells",
    "edge_words",
    "edges_of",
    "kind_of",
    "known",
    "pair_tables",
    "read",
]

COARSE = 5
"""Cells of a column in a pair: four about equal ones and one for missing."""

_BINS = 20
_ROWS = 4_096


def cells_of(column: ColumnSketch, values: pl.Series) -> Codes:
    """Return the cell of each value, shape ``(n,)``; the last cell is "missing"."""
    return cells_in(column, read((column,), values.alias(column.name).to_frame())[column.name])


def read(columns: Sequence[ColumnSketch], frame: pl.DataFrame) -> dict[str, Codes | Floats]:
    """Return the cells of categories, and the others' values as numbers, by name."""
    found = frame.select(
        _level(c) if c.kind == "category" else as_number(c.name, frame.schema[c.name])
        for c in columns
    )
    return {c.name: found[c.name].to_numpy() for c in columns}


def cells_in(column: ColumnSketch, values: Codes | Floats) -> Codes:
    """Return the cells of what was :func:`read`."""
    if column.kind == "category":
        return np.asarray(values, dtype=np.int64)
    cells = np.searchsorted([float(e) for e in column.edges], values, side="right")
    return np.where(np.isnan(values), len(column.counts) - 1, cells)


def _level(c: ColumnSketch) -> pl.Expr:
    """Return the place of a level, then that of any other value, then that of none."""
    text = pl.col(c.name).cast(pl.String)
    place = text.cast(pl.Enum(c.levels), strict=False).to_physical().cast(pl.Int64)
    other, none = len(c.counts) - 2, len(c.counts) - 1
    return pl.when(text.is_null()).then(none).otherwise(place.fill_null(other)).alias(c.name)


def as_number(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return the values as numbers, dates as microseconds since 1970, and NaN for missing."""
    values = pl.col(name)
    if dtype.is_temporal():
        values = values.cast(pl.Datetime("us")).cast(pl.Int64)
    return values.cast(pl.Float64).fill_null(float("nan"))


def kind_of(dtype: pl.DataType) -> Literal["number", "moment", "category"]:
    """Return the kind of a column."""
    if dtype.is_numeric():
        return "number"
    return "moment" if dtype.is_temporal() else "category"


def known(values: pl.Series) -> Floats:
    """Return what is known of a column as numbers; NaN is none, as it is in its cells."""
    numbers = values.to_frame().select(as_number(values.name, values.dtype)).to_series()
    return numbers.filter(numbers.is_not_nan()).to_numpy()


def edges_of(known: Floats) -> list[float]:
    """Return inner edges: quantiles, or where values are few each of these and beyond the last.

    So what lies outside of few values has cells of its own: a constant that changed is seen.
    """
    distinct = np.unique(known)
    if len(distinct) <= _BINS:
        return [float(x) for x in (*distinct, *np.nextafter(distinct[-1:], np.inf))]
    return [float(x) for x in np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS))]


def edge_words(kind: str, edge: str) -> str:
    """Return an edge as people read it: a number, or a date with its time unless that is 0:00."""
    if kind == "number":
        return f"{float(edge):.6g}"
    moment = np.datetime64(int(float(edge)), "us").astype("datetime64[s]")
    return str(moment).removesuffix("T00:00:00")


def coarse_cells(cells: Codes, column: ColumnSketch) -> Codes:
    """Merge cells into four about equal ones, in order, and one for missing."""
    counts = np.array(column.counts[:-1])
    before = np.cumsum(counts) - counts / 2
    group = np.minimum((before / max(1, counts.sum()) * (COARSE - 1)).astype(int), COARSE - 2)
    merged: Codes = np.append(group, COARSE - 1)[cells]
    return merged


def pair_tables(coarse: Mapping[str, Codes]) -> dict[tuple[str, str], tuple[int, ...]]:
    """Return the counts of each pair of columns, row by row of the first column's cells.

    All pairs are counted in one pass, some thousand rows at a time.
    """
    names = list(coarse)
    pairs = list(combinations(range(len(names)), 2))
    if not pairs:
        return {}
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    cells = COARSE * COARSE
    starts = cells * np.arange(len(pairs))[:, None]
    codes = np.stack(list(coarse.values()))
    total = np.zeros(cells * len(pairs), dtype=np.int64)
    for start in range(0, codes.shape[1], _ROWS):
        part = codes[:, start : start + _ROWS]
        places = (COARSE * part)[first] + part[second] + starts
        total += np.bincount(places.ravel(), minlength=len(total))
    counts = total.reshape(len(pairs), cells).tolist()
    return {(names[i], names[j]): tuple(c) for (i, j), c in zip(pairs, counts, strict=True)}
