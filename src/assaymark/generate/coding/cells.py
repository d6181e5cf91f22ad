"""Cells: the codes of an ordered column, special values as they are, others as intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.dataset import POLARS_TYPES
from assaymark.core.schema import Kind
from assaymark.generate.coding.bands import usable, widened
from assaymark.generate.coding.grid import Grid, on_grid
from assaymark.generate.coding.levels import persons_among, persons_per_code
from assaymark.generate.coding.points import coded_points, drawn_points, points_off, ranked_cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.schema import Column

__all__ = ["CellCoding", "fit_cells", "fit_points"]

MAX_CELLS = 400
_NO_POINTS = np.zeros(0, dtype=np.int64)
_NO_EDGES = np.zeros(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellCoding:
    """Codes 0 to ``size - 1`` of a number or date, in order; the last is "missing" if kept.

    A code is a special value that at least ``protect`` persons share, which comes out as it is,
    or a cell of other values of at least ``protect`` persons, drawn evenly from the points
    between the cell's ends. The outer ends are the values of the ``protect``-th most extreme
    persons, so that nothing outside them comes out.

    Attributes
    ----------
    atoms
        Points that are special values, sorted.
    first, points
        Per code: where a cell starts, counted in points that are not special, and how many
        points it has; 0 points for a special value, whose ``first`` is its own point.
    exact
        Per code, the special value to the last bit, where the grid does not say it; else empty.
    hidden
        How many distinct values were left out at the tails, or for want of persons.
    """

    column: Column
    grid: Grid
    atoms: NDArray[np.int64]
    first: NDArray[np.int64]
    points: NDArray[np.int64]
    exact: NDArray[np.float64]
    missing: bool
    hidden: int
    ordered: bool = True

    @property
    def size(self) -> int:
        """Number of codes."""
        return len(self.first) + self.missing

    def decode(self, codes: NDArray[np.int32], u: NDArray[np.float64]) -> pl.Series:
        """Return one value per code; ``u`` in [0, 1) says where inside a cell."""
        null = codes >= len(self.first)
        if null.all():
            return pl.Series(self.column.name, [None] * len(codes), POLARS_TYPES[self.column.kind])
        found = self.grid.value(self.points_of(codes, u))
        if len(self.exact):
            at = np.where(null, 0, codes)
            found = np.where(self.points[at] > 0, found, self.exact[at])
        return self._series(found, null)

    def value(
        self, codes: NDArray[np.int32], step: NDArray[np.int64]
    ) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return the number at the ``step``-th point of each code's cell, or the special value."""
        found = self.grid.value(self._point(codes, step))
        inside = self.points[codes] > 0
        return np.where(inside, found, self.exact[codes]) if len(self.exact) else found

    def points_of(self, codes: NDArray[np.int32], u: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the point of the grid that each code is drawn at; 0 for "missing"."""
        return drawn_points(codes, u, (self.first, self.points, self.atoms))

    def numbers(self, codes: NDArray[np.int32], u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values of ``codes`` as numbers, NaN where missing."""
        null = codes >= len(self.first)
        return np.where(null, np.nan, self.grid.value(self.points_of(codes, u)))

    def at(self, index: NDArray[np.int64], null: NDArray[np.bool_]) -> pl.Series:
        """Return the values at points of the grid, none where ``null``."""
        return self._series(self.grid.value(index), null)

    def encode(self, index: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the code of each point: its special value, its cell, or the nearest one's."""
        return coded_points(index, (self.first, self.points, self.atoms))

    def off(self, index: NDArray[np.int64], codes: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return how far each point lies from the nearest that its code gives."""
        return points_off(index, codes, (self.first, self.points, self.atoms))

    @property
    def span(self) -> tuple[int, int]:
        """The lowest and the highest point that comes out."""
        codes = np.arange(len(self.first), dtype=np.int32)
        low, high = (self.points_of(codes, np.full(len(codes), u)) for u in (0.0, 1.0))
        return int(low.min()), int(high.max())

    def _point(self, codes: NDArray[np.int32], step: NDArray[np.int64]) -> NDArray[np.int64]:
        inside, first = self.points[codes] > 0, self.first[codes]
        return np.where(inside, _with_atoms(first + step, self.atoms), first)

    def _series(
        self, found: NDArray[np.int64] | NDArray[np.float64], null: NDArray[np.bool_]
    ) -> pl.Series:
        values = pl.Series(self.column.name, found)
        if self.column.kind is Kind.DECIMAL:
            values = values.cast(pl.Float64)
        elif self.column.kind is Kind.DATE:
            values = values.cast(pl.Int32)
        values = values.cast(POLARS_TYPES[self.column.kind])
        if not null.any():
            return values
        return pl.select(pl.when(pl.Series(~null)).then(values).alias(values.name)).to_series()


def fit_cells(
    column: Column,
    values: pl.Series,
    persons: NDArray[np.int64],
    protect: int,
    edges: NDArray[np.float64] = _NO_EDGES,
) -> tuple[CellCoding, NDArray[np.int32]]:
    """Code ``values``, shape ``(n,)``; -1 where too few persons stand behind "missing".

    No cell reaches across one of the ``edges``, sorted values each of which is the least of a
    band, where persons enough are in every band.
    """
    known = values.is_not_null().to_numpy()
    codes = np.full(len(values), -1, dtype=np.int32)
    grid, index = on_grid(column.kind, values.drop_nulls())
    at = grid.index(edges)
    at = np.unique(at + (grid.value(at) < edges))
    coding, codes[known] = _code(column, grid, index, persons[known], protect, at)
    few = persons_among(persons[~known]) < protect
    missing = len(coding.first) == 0 or not few
    if missing:
        codes[~known] = len(coding.first)
    exact = coding.exact
    if grid.scale == 0 and len(coding.first):
        exact = np.zeros(len(coding.first))
        exact[codes[known]] = values.drop_nulls().to_numpy()
        exact[coding.points > 0] = 0.0
    return replace(coding, exact=exact, missing=missing), codes


def fit_points(
    column: Column, points: NDArray[np.int64], persons: NDArray[np.int64], protect: int
) -> tuple[CellCoding, NDArray[np.int32]]:
    """Code whole numbers as they are, on no other grid, shape ``(n,)``."""
    return _code(column, Grid(), points, persons, protect)


def _code(
    column: Column,
    grid: Grid,
    index: NDArray[np.int64],
    persons: NDArray[np.int64],
    protect: int,
    edges: NDArray[np.int64] = _NO_POINTS,
) -> tuple[CellCoding, NDArray[np.int32]]:
    if not len(edges) and persons_among(persons) == len(persons):
        order = np.argsort(index, kind="stable")
        ranked, own = index[order], np.empty(len(index), dtype=np.int32)
        atoms, ends, own[order] = ranked_cells(ranked, protect, MAX_CELLS)
        loose = ranked[np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)]]
        return _coding(column, grid, (atoms, *ends), loose, own)
    return _banded(column, grid, (index, persons), protect, edges)


def _banded(
    column: Column,
    grid: Grid,
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    protect: int,
    edges: NDArray[np.int64],
) -> tuple[CellCoding, NDArray[np.int32]]:
    """Code points, each of a person, in cells that reach across none of the ``edges``."""
    index, persons = rows
    distinct, position = np.unique(index, return_inverse=True)
    special = persons_per_code(position, persons, len(distinct)) >= protect
    atoms = distinct[special]
    loose = ~special[position]
    edges = usable(edges, atoms, index[loose], persons[loose], protect)
    band = np.searchsorted(edges, index, "right")
    own = np.minimum(np.searchsorted(atoms, index, "left"), max(len(atoms) - 1, 0))
    low, high = _NO_POINTS, _NO_POINTS
    for b in range(len(edges) + 1):
        here = loose & (band == b)
        if persons_among(persons[here]) >= protect:
            cuts, (begin, end) = _cut(index[here], persons[here], protect)
            begin, end = widened(begin, end, index[here], edges[b - 1 : b], edges[b : b + 1])
            own[here] = len(atoms) + len(low) + np.searchsorted(cuts, index[here], "left")
            low, high = (
                np.concatenate([low, [begin], cuts + 1]),
                np.concatenate([high, cuts, [end]]),
            )
        elif here.any() and len(atoms):
            beside = np.flatnonzero(np.searchsorted(edges, atoms, "right") == b)
            beside = beside if len(beside) else np.arange(len(atoms))
            own[here] = beside[_nearest(atoms[beside], index[here])]
    return _coding(column, grid, (atoms, low, high), distinct, own)


def _coding(
    column: Column,
    grid: Grid,
    cells: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    distinct: NDArray[np.int64],
    own: NDArray[np.int64] | NDArray[np.int32],
) -> tuple[CellCoding, NDArray[np.int32]]:
    """Return special values and cells, from the lowest to the highest point of each, in order.

    ``own`` is the number of the one that each row falls to, special values first.
    """
    atoms, low, high = cells
    first_cell = low - np.searchsorted(atoms, low, "left")
    points = high - np.searchsorted(atoms, high, "right") - first_cell + 1
    middle = np.concatenate([atoms * 1.0, (low * 0.5 + high * 0.5)])
    order = np.argsort(middle, kind="stable")
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order))
    coding = CellCoding(
        column=column,
        grid=grid,
        atoms=atoms,
        first=np.concatenate([atoms, first_cell])[order],
        points=np.concatenate([np.zeros(len(atoms), dtype=np.int64), points])[order],
        exact=np.zeros(0),
        missing=False,
        hidden=_hidden(np.delete(distinct, np.searchsorted(distinct, atoms)), low, high),
    )
    if not len(order):
        return coding, np.zeros(len(own), dtype=np.int32)
    return coding, rank[own]


def _hidden(loose: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]) -> int:
    cell = np.searchsorted(low, loose, "right") - 1
    return int(((cell < 0) | (loose > high[cell])).sum()) if len(low) else len(loose)


def _nearest(atoms: NDArray[np.int64], index: NDArray[np.int64]) -> NDArray[np.int64]:
    right = np.minimum(np.searchsorted(atoms, index, "left"), len(atoms) - 1)
    left = np.maximum(right - 1, 0)
    return np.where(np.abs(index - atoms[left]) <= np.abs(atoms[right] - index), left, right)


def _cut(
    index: NDArray[np.int64], persons: NDArray[np.int64], protect: int
) -> tuple[NDArray[np.int64], tuple[int, int]]:
    """Return the cells' inner ends (each belongs to the cell on its left) and the outer two."""
    order = np.argsort(index, kind="stable")
    index, persons = index[order], persons[order]
    once = persons_among(persons) == len(persons)
    low, high = _ends(index, persons, protect, once=once)
    inside = np.clip(index, low, high)
    wanted = int(np.clip(len(inside) // protect, 1, MAX_CELLS))
    at = np.linspace(0, len(inside), wanted + 1)[1:-1].astype(np.int64)
    left, right = inside[at - 1], inside[at]
    cuts = np.unique((left + (right - left) // 2)[left < right])
    ends = np.searchsorted(index, cuts, "right")
    return cuts[_kept(ends, persons, protect, once=once)], (low, high)


def _kept(
    ends: NDArray[np.int64], own: NDArray[np.int64], protect: int, *, once: bool
) -> list[int]:
    """Return which cuts leave ``protect`` persons in each cell, twice as many in the outer two.

    They come after so many of the ``own`` persons of values in their order, each of whom may have
    one of these, or several.
    """

    def enough(begin: int, end: int, least: int) -> bool:
        some = end - begin >= least
        return some and (once or persons_among(own[begin:end]) >= least)

    keep: list[int] = []
    begin = 0
    for i, end in enumerate(ends.tolist()):
        if enough(begin, end, protect * (1 if keep else 2)):
            keep.append(i)
            begin = end
    while keep and not enough(ends[keep[-1]], len(own), 2 * protect):
        keep.pop()
    return keep


def _ends(
    index: NDArray[np.int64], persons: NDArray[np.int64], protect: int, *, once: bool
) -> tuple[int, int]:
    """Return the values of the ``protect``-th lowest and highest person; values are in order."""
    if once:
        a, b = int(index[protect - 1]), int(index[-protect])
        return min(a, b), max(a, b)
    _, first = np.unique(persons, return_index=True)
    lowest = np.sort(index[first])
    _, first = np.unique(persons[::-1], return_index=True)
    highest = np.sort(index[::-1][first])
    a, b = int(lowest[protect - 1]), int(highest[-protect])
    return min(a, b), max(a, b)


def _with_atoms(plain: NDArray[np.int64], atoms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn counts of points that are not special into points."""
    if not len(atoms):
        return plain
    return plain + np.searchsorted(atoms - np.arange(len(atoms)), plain, "right")
