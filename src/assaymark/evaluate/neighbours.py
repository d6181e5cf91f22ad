"""Neighbours: exact distances to the nearest rows of another table, for columns of any kind.

Ordered columns become their rank among the real rows, in [0, 1], and a quarter of their standard
score, so that outliers stay outliers; each other column adds 1 to the
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
    Codes = NDArray[np.int64]

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
            tail = _tail(plain, seen)
            return [c[:, None].astype(np.float32) for c in (rank, ~known, tail)]
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


def nearest(
    of: Points, among: Points, *, k: int = 1, apart: tuple[Codes, Codes] | None = None
) -> Nearest:
    """Return the Euclidean distances from each row of ``of`` to its ``k`` nearest in ``among``.

    Blocks of a matrix product in single precision find the neighbours; their distances are
    worked out again in double precision, so that equal rows are at 0 and ties stay ties. Fewer
    than ``k`` rows give as many columns as there are rows. ``apart`` names the person behind each
    row of both sides: rows of one person are never neighbours, and where too few are left the
    distance is infinite. ``columns`` has the distance from each row of ``among`` to its nearest
    in ``of``, below 0.003 taken for 0.
    """
    k = min(k, len(among))
    found = np.full((len(of), k), np.inf)
    least = np.full(len(among), np.inf, dtype=np.float32)
    if k == 0 or len(of) == 0:
        return Nearest(found, least.astype(np.float64))
    order, spans = _spans(apart, len(among))
    base = among[order]
    norms = np.einsum("ij,ij->i", base, base)
    turned = np.ascontiguousarray(base.T) * np.float32(-2)
    for start in range(0, len(of), _BLOCK):
        block = of[start : start + _BLOCK]
        squared = block @ turned
        squared += norms
        squared += np.einsum("ij,ij->i", block, block)[:, None]
        if spans is not None:
            for i, (low, high) in enumerate(spans[start : start + _BLOCK].tolist()):
                squared[i, low:high] = np.inf
        np.minimum(least, squared.min(axis=0), out=least)
        found[start : start + _BLOCK] = _exact(block, base, squared, k)
    columns = np.empty(len(among))
    columns[order] = _root(least.astype(np.float64))
    return Nearest(found, columns)


def _exact(block: Points, base: Points, squared: Points, k: int) -> Floats:
    """Return the distances to the ``k`` smallest of each row of ``squared``, in full precision."""
    rows = np.arange(len(block))
    exact = np.empty((len(block), k))
    for j in range(k):
        nearby = squared.argmin(axis=1)
        gap = (block - base[nearby]).astype(np.float64)
        exact[:, j] = np.sqrt(np.einsum("ij,ij->i", gap, gap))
        exact[np.isinf(squared[rows, nearby]), j] = np.inf
        squared[rows, nearby] = np.inf
    exact.sort(axis=1)
    return exact


def _spans(apart: tuple[Codes, Codes] | None, n: int) -> tuple[Codes, Codes | None]:
    """Return an order of the rows by person, and where each query's own person lies in it."""
    if apart is None:
        return np.arange(n), None
    own, others = apart
    order = np.argsort(others, kind="stable")
    ends = [np.searchsorted(others[order], own, side=side) for side in ("left", "right")]
    return order, np.stack(ends, axis=1)


def row_keys(data: Dataset) -> NDArray[np.uint64]:
    """Return one number per row, equal where two rows are equal in every measured column."""
    names = sorted(c.name for c in measured_columns(data))
    if not names:
        return np.zeros(data.n, dtype=np.uint64)
    return np.asarray(data.frame.select(names).hash_rows(seed=17).to_numpy(), dtype=np.uint64)


def _tail(plain: Floats, seen: Floats) -> Floats:
    """Return a quarter of the standard score by quartiles, at most 3: outliers stay far out."""
    if len(seen) == 0:
        return np.zeros(len(plain))
    low, middle, high = np.quantile(seen, [0.25, 0.5, 0.75])
    scale = (high - low) / 1.35 or float(seen.std()) or 1.0
    return np.asarray(np.nan_to_num(np.clip((plain - middle) / scale / 4, -3.0, 3.0), nan=0.0))


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
