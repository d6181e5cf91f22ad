"""Neighbours: exact distances to the nearest rows of another table, for columns of any kind.

Ordered columns become their rank among the real rows, in [0, 1]; each other column adds 1 to the
squared distance where two rows differ, and so does a value that is missing in one row only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from assaymark.evaluate.features import measured_columns, numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column

    Floats = NDArray[np.float64]
    Points = NDArray[np.float32]

__all__ = ["Nearest", "Space", "nearest", "row_keys", "space_of"]

_CATEGORIES = 50
_BLOCK = 1_024
_HALF = np.float32(np.sqrt(0.5))


class Nearest(NamedTuple):
    """Distances of the ``k`` nearest, ascending, shape ``(n, k)``; and of the columns' nearest."""

    rows: Floats
    columns: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Where rows are points: how each column becomes coordinates."""

    columns: tuple[Column, ...]
    ranks: dict[str, Floats]
    values: dict[str, pl.Series]

    def points(self, data: Dataset) -> Points:
        """Return the coordinates of the rows, shape ``(n, dimensions)``."""
        parts = [p for c in self.columns for p in self._coordinates(c, data)]
        return np.hstack(parts) if parts else np.zeros((data.n, 1), dtype=np.float32)

    def _coordinates(self, column: Column, data: Dataset) -> list[Points]:
        series = data.frame[column.name]
        if column.kind.ordered:
            plain = numbers_of(series)
            known = ~np.isnan(plain)
            seen = self.ranks[column.name]
            left = np.searchsorted(seen, plain, side="left")
            right = np.searchsorted(seen, plain, side="right")
            rank = np.where(known, (left + right) / (2 * max(len(seen), 1)), 0.5)
            return [rank[:, None].astype(np.float32), (~known)[:, None].astype(np.float32)]
        codes = _codes(series, self.values[column.name])
        hot = np.zeros((data.n, len(self.values[column.name]) + 2), dtype=np.float32)
        hot[np.arange(data.n), codes] = _HALF
        return [hot]


def space_of(real: Sequence[Dataset]) -> Space:
    """Return the space whose ranks and categories come from these tables, whatever their order.

    After the fiftieth category all others share one coordinate.
    """
    columns = tuple(sorted(measured_columns(real[0]), key=lambda c: c.name))
    ranks: dict[str, Floats] = {}
    values: dict[str, pl.Series] = {}
    for c in columns:
        pooled = pl.concat([d.frame[c.name] for d in real]).drop_nulls()
        if c.kind.ordered:
            ranks[c.name] = np.sort(numbers_of(pooled))
        else:
            counts = pooled.cast(pl.String).alias("v").value_counts(name="n")
            counts = counts.sort(["n", "v"], descending=[True, False])
            values[c.name] = counts["v"].head(_CATEGORIES)
    return Space(columns=columns, ranks=ranks, values=values)


def nearest(of: Points, among: Points, *, k: int = 1) -> Nearest:
    """Return the Euclidean distances from each row of ``of`` to its ``k`` nearest in ``among``.

    Exact to single precision, by blocks of one matrix product each; distances below 0.003 are
    rounding and count as 0. Fewer than ``k`` rows give as many columns as there are rows.
    ``columns`` has the distance from each row of ``among`` to its nearest in ``of``.
    """
    k = min(k, len(among))
    found = np.zeros((len(of), k))
    least = np.full(len(among), np.inf, dtype=np.float32)
    if k == 0:
        return Nearest(found, least.astype(np.float64))
    norms = np.einsum("ij,ij->i", among, among)
    turned = np.ascontiguousarray(among.T) * np.float32(-2)
    for start in range(0, len(of), _BLOCK):
        block = of[start : start + _BLOCK]
        squared = block @ turned
        squared += norms
        squared += np.einsum("ij,ij->i", block, block)[:, None]
        np.minimum(least, squared.min(axis=0), out=least)
        if k == 1:
            best = squared.min(axis=1)[:, None]
        else:
            best = np.sort(np.partition(squared, k - 1, axis=1)[:, :k], axis=1)
        found[start : start + _BLOCK] = best
    return Nearest(_root(found), _root(least.astype(np.float64)))


def row_keys(data: Dataset) -> NDArray[np.uint64]:
    """Return one number per row, equal where two rows are equal in every measured column."""
    names = sorted(c.name for c in measured_columns(data))
    if not names:
        return np.zeros(data.n, dtype=np.uint64)
    return np.asarray(data.frame.select(names).hash_rows(seed=17).to_numpy(), dtype=np.uint64)


def _root(squared: Floats) -> Floats:
    root = np.sqrt(np.maximum(squared, 0.0))
    return np.where(root < 3e-3, 0.0, root)


def _codes(series: pl.Series, values: pl.Series) -> NDArray[np.int64]:
    """Code of each value: its place, one past the end where rare or new, two where missing."""
    codes = series.cast(pl.String).replace_strict(
        values, pl.Series(range(len(values)), dtype=pl.Int64), default=len(values)
    )
    coded = np.asarray(codes.cast(pl.Int64).fill_null(len(values)).to_numpy(), dtype=np.int64)
    return np.where(series.is_null().to_numpy(), len(values) + 1, coded)
