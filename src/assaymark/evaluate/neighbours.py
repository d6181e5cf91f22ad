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

from assaymark.evaluate.blocks import in_blocks
from assaymark.evaluate.boxes import boxes_of
from assaymark.evaluate.features import doubled_ranks, measured_columns, numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column
    from assaymark.evaluate.boxes import Boxes

    Floats = NDArray[np.float64]
    Points = NDArray[np.float32]
    Codes = NDArray[np.int64]

__all__ = ["Space", "nearest", "row_keys", "space_of"]

_CATEGORIES = 50
_BLOCK, _TILE = 256, 4_096
_ROWS = 4_096
_QUERIES, _BASE, _PART = 2_048, 2_048, 4_096
_SAMPLE, _PAYS = 64, 0.6  # rows tried; share of all pairs looked at up to which boxes pay
_ROUNDING = np.float32(1e-5)  # of squared distances in single precision, by the norms they are of
_HALF = np.float32(np.sqrt(0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Where rows are points: how each column becomes coordinates."""

    columns: tuple[Column, ...]
    ranks: dict[str, Floats]
    scales: dict[str, tuple[float, float]]
    values: dict[str, pl.Series]

    @property
    def owners(self) -> Codes:
        """The place among the columns of the one behind each coordinate, ``(dimensions,)``."""
        widths = [3 if c.kind.ordered else len(self.values[c.name]) + 2 for c in self.columns]
        return np.repeat(np.arange(len(widths)), widths)

    def points(self, data: Dataset) -> Points:
        """Return the coordinates of the rows, shape ``(n, dimensions)``."""
        if not self.columns:
            return np.zeros((data.n, 1), dtype=np.float32)
        parts = [self._coordinates(c, data.frame[c.name]) for c in self.columns]
        widths = [
            len(self.values[c.name]) + 2 if c.name in self.values else 3 for c in self.columns
        ]
        firsts = np.cumsum([0, *widths])
        points = np.zeros((data.n, firsts[-1]), dtype=np.float32)
        for start in range(0, data.n, _ROWS):
            block = points[start : start + _ROWS]
            for first, part in zip(firsts[:-1], parts, strict=True):
                here = part[start : start + _ROWS]
                if here.ndim > 1:
                    block[:, first : first + here.shape[1]] = here
                else:
                    block[np.arange(len(here)), first + here] = _HALF
        return points

    def _coordinates(self, column: Column, series: pl.Series) -> Points | Codes:
        """Return the coordinates of an ordered column, shape ``(n, 3)``, else codes, ``(n,)``."""
        if not column.kind.ordered:
            return _codes(series, self.values[column.name])
        plain = numbers_of(series)
        known = ~np.isnan(plain)
        seen, (middle, scale) = self.ranks[column.name], self.scales[column.name]
        rank = np.where(known, doubled_ranks(seen, plain) / (2 * max(len(seen), 1)), 0.5)
        tail = np.nan_to_num(np.clip((plain - middle) / scale / 4, -3.0, 3.0), nan=0.0)
        return np.stack([rank, ~known, tail], axis=1, dtype=np.float32, casting="same_kind")


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
    scales = {name: _scale(seen) for name, seen in ranks.items()}
    return Space(columns=columns, ranks=ranks, scales=scales, values=values)


def nearest(
    of: Points, among: Points, k: int = 1, *, apart: tuple[Codes, Codes] | None = None
) -> Floats:
    """Return the distances from each row of ``of`` to its ``k`` nearest in ``among``, ascending.

    Matrix products in single precision, small enough for the cache and on all cores, find the
    neighbours; their distances are worked out again in double precision, so that equal rows are
    at 0 and ties stay ties. Many rows are put in boxes, and those left out that are too far from
    a row to hold a nearer one; few rows are all looked at. Shape ``(n, k)``; fewer than ``k`` rows
    give as many columns as there are rows. ``apart`` names the person behind each row of both
    sides: rows of one person are never neighbours, and where too few are left the distance is
    infinite.
    """
    k = min(k, len(among))
    if k == 0 or len(of) == 0:
        return np.full((len(of), k), np.inf)
    differing = np.asarray(of.any(axis=0) | among.any(axis=0))
    queries = _Queries(of[:, differing], *(apart or (None, None)))
    if len(of) >= _QUERIES and len(among) >= _BASE:
        boxes = boxes_of(among, _size(len(among)), differing)
        boxed = queries.of_owners_in(boxes.order)
        if _looked_at(boxed.part(slice(None, None, len(of) // _SAMPLE)), boxes, k) <= _PAYS:
            return in_blocks(len(of), _PART, lambda part: _boxed(boxed.part(part), boxes, k))
    among = among[:, differing]
    norms = np.einsum("ij,ij->i", among, among)[:, None]
    turned = np.hstack([among * np.float32(-2), norms])
    tiles = [
        np.ascontiguousarray(turned[start : start + _TILE].T)
        for start in range(0, len(among), _TILE)
    ]

    def block(part: slice) -> Floats:
        mine = queries.part(part)
        return _exact(mine.rows, among, _nearby(mine, tiles, k))

    return in_blocks(len(of), _BLOCK, block)


class _Queries(NamedTuple):
    """Rows whose neighbours are wanted, who each is, and who the rows are that are searched."""

    rows: Points
    who: Codes | None
    owners: Codes | None

    def part(self, part: slice) -> _Queries:
        """Return some of the rows."""
        who = None if self.who is None else self.who[part]
        return self._replace(rows=self.rows[part], who=who)

    def of_owners_in(self, order: Codes) -> _Queries:
        """Return the same for rows that are searched in this order."""
        return self._replace(owners=None if self.owners is None else self.owners[order])

    def hide_own(self, found: Points, rows: Codes, first: int) -> None:
        """Put those of one's own person out of reach; columns begin at the place ``first``."""
        if self.who is None or self.owners is None:
            return
        who, owners = self.who[rows], self.owners[first : first + found.shape[1]]
        both = np.flatnonzero(np.isin(who, owners))
        found[both] = np.where(who[both, None] == owners, np.float32(np.inf), found[both])


class _Best(NamedTuple):
    """The ``k`` nearest found so far of each row, in any order: what they are at, and their places.

    ``least`` are squared distances less the row's own norm, ``worst`` the largest of each row.
    """

    least: Points
    places: Codes
    worst: Points

    def put(self, rows: Codes, found: Points, first: int) -> None:
        """Put in what is nearer to some rows; ``first`` is the place behind the first column."""
        for _ in range(min(self.least.shape[1], found.shape[1])):
            each, here = np.arange(len(found)), found.argmin(axis=1)
            value = found[each, here]
            better = value < self.worst[rows]
            if not better.any():
                break
            rows = rows[better]
            slot = self.least[rows].argmax(axis=1)
            self.least[rows, slot] = value[better]
            self.places[rows, slot] = first + here[better]
            self.worst[rows] = self.least[rows].max(axis=1)
            if self.least.shape[1] > 1:
                found[each, here] = np.inf
                found = found[better]


def _none_yet(n: int, k: int) -> _Best:
    none = np.full((n, k), np.inf, dtype=np.float32)
    return _Best(least=none, places=np.full((n, k), -1), worst=none[:, 0].copy())


def _nearby(queries: _Queries, tiles: list[Points], k: int) -> Codes:
    """Return the places of the ``k`` nearest of each row, -1 where there are not as many."""
    n = len(queries.rows)
    ones = np.hstack([queries.rows, np.ones((n, 1), dtype=np.float32)])
    best, every = _none_yet(n, k), np.arange(n)
    for t, tile in enumerate(tiles):
        found = ones @ tile
        queries.hide_own(found, every, t * _TILE)
        best.put(every, found, t * _TILE)
    return best.places


def _boxed(queries: _Queries, boxes: Boxes, k: int) -> Floats:
    """Return the distances to the ``k`` nearest, found in the boxes that can hold them.

    The box nearest to a row comes first, since what is found there rules most others out.
    """
    rows = queries.rows
    norms = np.einsum("ij,ij->i", rows, rows)
    far = boxes.far(rows)
    far -= norms + _ROUNDING * (norms + boxes.norms.max())
    turned = rows * np.float32(-2)
    best = _none_yet(len(rows), k)

    def look(b: int, which: Codes) -> None:
        if len(which):
            start, end = boxes.starts[b : b + 2].tolist()
            found = np.asarray(turned[which] @ boxes.rows[start:end].T, dtype=np.float32)
            found += boxes.norms[start:end]
            queries.hide_own(found, which, start)
            best.put(which, found, start)

    nearest_box = far.argmin(axis=0)
    for b in range(len(far)):
        look(b, np.flatnonzero(nearest_box == b))
    far[nearest_box, np.arange(len(rows))] = np.inf
    for b, bound in enumerate(far):
        look(b, np.flatnonzero(bound < best.worst))
    return _exact(rows, boxes.rows, best.places)


def _looked_at(queries: _Queries, boxes: Boxes, k: int) -> float:
    """Return the share of all rows in boxes that may hold one of the ``k`` nearest."""
    within = boxes.far(queries.rows) <= np.square(_boxed(queries, boxes, k)[:, -1])
    return float(np.diff(boxes.starts) @ within.mean(axis=1)) / len(boxes.rows)


def _size(n: int) -> int:
    """Return how many rows a box may have: more of many rows, so that boxes stay few."""
    return int(np.clip(2 * np.sqrt(n), 256, 2_048))


def _exact(rows: Points, base: Points, places: Codes) -> Floats:
    """Return the distances to these places in full precision, ascending."""
    exact = np.empty(places.shape)
    for j, column in enumerate(places.T):
        gap = (rows - base[column]).astype(np.float64)
        exact[:, j] = np.sqrt(np.einsum("ij,ij->i", gap, gap))
    exact[places < 0] = np.inf
    exact.sort(axis=1)
    return exact


def row_keys(data: Dataset) -> NDArray[np.uint64]:
    """Return one number per row, equal where two rows are equal in every measured column."""
    names = sorted(c.name for c in measured_columns(data))
    if not names:
        return np.zeros(data.n, dtype=np.uint64)
    return np.asarray(data.frame.select(names).hash_rows(seed=17).to_numpy(), dtype=np.uint64)


def _scale(seen: Floats) -> tuple[float, float]:
    """Return the centre and scale of the standard score, by quartiles: outliers stay far out."""
    if len(seen) == 0:
        return 0.0, np.inf
    low, middle, high = np.quantile(seen, [0.25, 0.5, 0.75])
    return float(middle), float((high - low) / 1.35) or float(seen.std()) or 1.0


def _codes(series: pl.Series, values: pl.Series) -> NDArray[np.int64]:
    """Code of each value: its place, one past the end where rare or new, two where missing."""
    codes = series.cast(pl.String).replace_strict(
        values, pl.Series(range(len(values)), dtype=pl.Int64), default=len(values)
    )
    coded = np.asarray(codes.cast(pl.Int64).fill_null(len(values)).to_numpy(), dtype=np.int64)
    return np.where(series.is_null().to_numpy(), len(values) + 1, coded)
