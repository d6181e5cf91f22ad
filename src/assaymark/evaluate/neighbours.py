"""Neighbours: exact distances to the nearest rows of another table, for columns of any kind.

Ordered columns become their rank among the real rows, in [0, 1], and a quarter of their standard
score, so that outliers stay outliers; each other column adds 1 to the
squared distance where two rows differ, and so does a value that is missing in one row only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.evaluate.blocks import in_blocks
from assaymark.evaluate.features import measured_columns, numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column

    Floats = NDArray[np.float64]
    Points = NDArray[np.float32]
    Codes = NDArray[np.int64]

__all__ = ["Space", "nearest", "row_keys", "space_of"]

_CATEGORIES = 50
_BLOCK, _TILE = 256, 4_096
_HALF = np.float32(np.sqrt(0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Where rows are points: how each column becomes coordinates."""

    columns: tuple[Column, ...]
    ranks: dict[str, Floats]
    values: dict[str, pl.Series]

    @property
    def owners(self) -> Codes:
        """The place among the columns of the one behind each coordinate, ``(dimensions,)``."""
        widths = [3 if c.kind.ordered else len(self.values[c.name]) + 2 for c in self.columns]
        return np.repeat(np.arange(len(widths)), widths)

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
    of: Points, among: Points, k: int = 1, *, apart: tuple[Codes, Codes] | None = None
) -> Floats:
    """Return the distances from each row of ``of`` to its ``k`` nearest in ``among``, ascending.

    Tiles of a matrix product in single precision, small enough for the cache and on all cores,
    find the neighbours; their distances are worked out again in double precision, so that equal
    rows are at 0 and ties stay ties. Shape ``(n, k)``; fewer than ``k`` rows give as many columns
    as there are rows. ``apart`` names the person behind each row of both sides: rows of one
    person are never neighbours, and where too few are left the distance is infinite.
    """
    k = min(k, len(among))
    if k == 0 or len(of) == 0:
        return np.full((len(of), k), np.inf)
    differing = of.any(axis=0) | among.any(axis=0)
    of, among = of[:, differing], among[:, differing]
    order, spans = _spans(apart, len(among))
    base = among if apart is None else among[order]
    norms = np.einsum("ij,ij->i", base, base)[:, None]
    turned = np.hstack([base * np.float32(-2), norms])
    tiles = [
        np.ascontiguousarray(turned[start : start + _TILE].T)
        for start in range(0, len(base), _TILE)
    ]

    def block(part: slice) -> Floats:
        own = None if spans is None else spans[part]
        return _exact(of[part], base, _nearby(of[part], tiles, k, own))

    return in_blocks(len(of), _BLOCK, block)


def _nearby(rows: Points, tiles: list[Points], k: int, spans: Codes | None) -> Codes:
    """Return the places of the ``k`` nearest of each row, -1 where there are not as many."""
    ones = np.hstack([rows, np.ones((len(rows), 1), dtype=np.float32)])
    each = np.arange(len(rows))
    least = np.full((len(rows), k), np.inf, dtype=np.float32)
    places = np.full((len(rows), k), -1)
    for t, tile in enumerate(tiles):
        found = ones @ tile
        first = t * _TILE
        if spans is not None:
            for i, (low, high) in enumerate((spans - first).tolist()):
                found[i, max(low, 0) : max(high, 0)] = np.inf
        for _ in range(min(k, found.shape[1])):
            here = found.argmin(axis=1)
            value = found[each, here]
            better = value < least[:, -1]
            if not better.any():
                break
            least[better, -1] = value[better]
            places[better, -1] = first + here[better]
            found[each, here] = np.inf
            if k > 1:
                sort = np.argsort(least, axis=1, kind="stable")
                least = np.take_along_axis(least, sort, axis=1)
                places = np.take_along_axis(places, sort, axis=1)
    return places


def _exact(rows: Points, base: Points, places: Codes) -> Floats:
    """Return the distances to these places in full precision, ascending."""
    exact = np.empty(places.shape)
    for j, column in enumerate(places.T):
        gap = (rows - base[column]).astype(np.float64)
        exact[:, j] = np.sqrt(np.einsum("ij,ij->i", gap, gap))
    exact[places < 0] = np.inf
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


def _codes(series: pl.Series, values: pl.Series) -> NDArray[np.int64]:
    """Code of each value: its place, one past the end where rare or new, two where missing."""
    codes = series.cast(pl.String).replace_strict(
        values, pl.Series(range(len(values)), dtype=pl.Int64), default=len(values)
    )
    coded = np.asarray(codes.cast(pl.Int64).fill_null(len(values)).to_numpy(), dtype=np.int64)
    return np.where(series.is_null().to_numpy(), len(values) + 1, coded)
