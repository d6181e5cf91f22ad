"""Cell table: all cells of a table as numbers, NaN where missing, to reason on what is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.dataset import POLARS_TYPES
from assaymark.core.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.core.schema import Schema

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["CellTable", "cell_table", "put_rows"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellTable:
    """Numbers by column, each of shape ``(n,)``.

    Attributes
    ----------
    values
        Numbers as they are, dates in days, moments in microseconds, levels by their place in
        ``levels``; NaN where missing.
    levels
        The levels of categories and booleans.
    kinds
        What each column holds.
    persons
        The number of the person of each row, where persons have several.
    """

    values: Mapping[str, Floats]
    levels: Mapping[str, tuple[str | bool, ...]]
    kinds: Mapping[str, Kind]
    persons: NDArray[np.int64] | None = None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(next(iter(self.values.values()), ()))

    def known(self, column: str) -> Bools:
        """Return where a column is there."""
        return np.isfinite(self.values[column])

    def put(self, column: str, values: Floats) -> CellTable:
        """Return the same with other values in a column."""
        return replace(self, values={**self.values, column: values})

    def take(self, rows: NDArray[np.int64]) -> CellTable:
        """Return some of the rows."""
        persons = None if self.persons is None else self.persons[rows]
        values = {c: v[rows] for c, v in self.values.items()}
        return replace(self, values=values, persons=persons)

    def also(self, other: CellTable) -> CellTable:
        """Return the same with more columns."""
        return CellTable(
            values={**self.values, **other.values},
            levels={**self.levels, **other.levels},
            kinds={**self.kinds, **other.kinds},
            persons=self.persons,
        )

    def series(self, column: str) -> pl.Series:
        """Return a column's values in canonical form."""
        values, kind = self.values[column], self.kinds[column]
        known = np.isfinite(values)
        if column in self.levels:
            known_levels = pl.Series([*self.levels[column], None], dtype=POLARS_TYPES[kind])
            at = np.where(known, values, len(self.levels[column])).astype(np.uint32)
            return known_levels.gather(pl.Series(at)).alias(column)
        plain = np.where(known, values, 0.0)
        if kind is Kind.DECIMAL:
            found = pl.Series(column, plain)
        else:
            whole = pl.Series(column, np.rint(plain).astype(np.int64))
            found = whole.cast(pl.Int32 if kind is Kind.DATE else pl.Int64)
        there = pl.Series(known)
        made = found.cast(POLARS_TYPES[kind])
        return pl.select(pl.when(there).then(made).alias(column)).to_series()

    def frame(self) -> pl.DataFrame:
        """Return the table in canonical form."""
        return pl.DataFrame([self.series(c) for c in self.values])


def cell_table(frame: pl.DataFrame, schema: Schema, like: CellTable | None = None) -> CellTable:
    """Return the cells of a table in canonical form, levels numbered as in ``like``."""
    values: dict[str, Floats] = {}
    levels: dict[str, tuple[str | bool, ...]] = {}
    for column in schema.columns:
        series = frame[column.name]
        if column.kind.ordered:
            plain = series.to_physical().cast(pl.Float64).fill_null(np.nan)
            values[column.name] = plain.to_numpy().copy()
            continue
        known = like.levels[column.name] if like is not None else _levels(series)
        place = {level: float(i) for i, level in enumerate(known)}
        found = [np.nan if v is None else place.get(v, np.nan) for v in series.to_list()]
        values[column.name] = np.array(found, dtype=np.float64)
        levels[column.name] = known
    return CellTable(values=values, levels=levels, kinds={c.name: c.kind for c in schema.columns})


def put_rows(cells: CellTable, rows: NDArray[np.int64], made: CellTable) -> CellTable:
    """Return the cells with some rows replaced."""
    for column, values in made.values.items():
        new = cells.values[column].copy()
        new[rows] = values
        cells = cells.put(column, new)
    return cells


def _levels(series: pl.Series) -> tuple[str | bool, ...]:
    return tuple(series.drop_nulls().unique().sort().to_list())
