"""DP column: one column's values and how often each occurs, as far as was paid for."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Kind
from assaymark.errors import InputError
from assaymark.generate.coding.cells import CellCoding
from assaymark.generate.coding.levels import LevelCoding
from assaymark.generate.dp.domain import (
    YEARS,
    edges_of,
    exponents,
    levels_of,
    span_of,
    years,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.schema import Column
    from assaymark.generate.coding.encoding import Coding
    from assaymark.generate.dp.domain import Span
    from assaymark.generate.dp.vault import Vault

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = [
    "MOST_LEVELS",
    "Learnt",
    "bought_bounds",
    "check_levels",
    "learnt_levels",
    "learnt_numbers",
]

MOST_LEVELS = 2**20
_TOO_FAR = 1e-5  # how often noise alone makes any empty cell of unknown bounds believed
_WORTH = 4.0  # below this a cell is not looked into
_UNLIKE = 3.5  # how far from even the parts of a cell must be to be kept apart
_THERE = 3.0  # below this nothing is taken to be missing, and a category is pooled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """A column's coding, with the noisy persons behind each code, shape ``(size,)``.

    ``sigma`` is the standard deviation of the noise of most of them.
    """

    coding: Coding
    mass: Floats
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cells:
    """Stretches of points, with noisy counts; all of shape ``(cells,)``."""

    start: NDArray[np.int64]
    points: NDArray[np.int64]
    counts: Floats

    def only(self, which: NDArray[np.bool_]) -> _Cells:
        return _Cells(start=self.start[which], points=self.points[which], counts=self.counts[which])


def learnt_levels(
    vault: Vault, column: Column, levels: Sequence[str] | None, costs: tuple[float, float]
) -> Learnt:
    """Count the levels of a category or boolean: the listed ones, or those that many hold.

    ``costs`` are rho, and the delta for finding levels that were not listed. Values that are not
    among the levels are left out of all counts.

    Raises
    ------
    InputError
        When more levels are listed than can be counted.
    """
    rho, delta = costs
    found: dict[str, float] = {}
    if column.kind is Kind.BOOLEAN:
        known: tuple[str, ...] | tuple[bool, ...] = (False, True)
    elif levels is not None:
        known = tuple(dict.fromkeys(levels))
    else:
        found = vault.discover(column.name, rho / 2, delta)
        rho /= 2
        known = tuple(found)
    check_levels(column.name, known)
    table = {level: i for i, level in enumerate(known)}

    def code(values: pl.Series) -> Codes:
        last = len(known)
        return np.array(
            [last if v is None else table.get(v, -1) for v in values.to_list()], dtype=np.int32
        )

    vault.keep(column.name, column.name, code)
    counted = vault.count((column.name,), (len(known) + 1,), rho)
    missing = bool(counted.counts[-1] >= _THERE * counted.sigma) or not known
    mass = counted.counts if missing else counted.counts[:-1]
    if found:
        seen = np.array([*found.values()])
        mass[: len(seen)] = (mass[: len(seen)] + seen) / 2
    if not missing:
        _forget(vault, column.name, len(known))
    coding = LevelCoding(column=column, levels=known, missing=missing, hidden=0)
    return Learnt(coding=coding, mass=mass, sigma=counted.sigma)


def check_levels(name: str, listed: Sequence[object]) -> None:
    """Refuse more categories than can be counted.

    Raises
    ------
    InputError
        With the memory that their counts would take.
    """
    if len(listed) > MOST_LEVELS:
        raise InputError(
            f"column {name!r} has {len(listed):,} listed categories: their noisy counts "
            f"would take {len(listed) * 8 >> 20} MiB and say nothing\n\nHint: list fewer, or put "
            "them into groups with a [[transform]] of kind 'generalise'"
        )


def learnt_numbers(vault: Vault, column: Column, span: Span, rho: float) -> Learnt:
    """Count an ordered column's values in cells that are as fine as what is in them is uneven.

    From level to level, cells that hold much are looked into; where their parts differ by more
    than noise, they are kept apart. ``rho`` is shared out evenly among the levels.
    """
    widths = levels_of(span.points)
    each = rho / len(widths)
    done: list[_Cells] = []
    cells, missing, sigma = _coarsest(vault, column, span, (widths[0], each))
    for width in widths[1:]:
        size = -(-span.points // width)
        _keep(vault, column, span, width)
        counted = vault.count((column.name,), (size,), each)
        rough, cells = _looked_into(cells, counted.counts, (width, span.points), sigma)
        done.append(rough)
        if not len(cells.start):
            break
    cells = _joined([*done, cells])
    start, present = cells.start, missing >= _THERE * sigma

    def code(values: pl.Series) -> Codes:
        at = span.index(values)
        found = np.searchsorted(start, at, "right") - 1
        return np.where(at < 0, len(start) if present else -1, found).astype(np.int32)

    vault.keep(column.name, column.name, code)
    coding = CellCoding(
        column=column,
        grid=span.grid,
        atoms=np.zeros(0, dtype=np.int64),
        first=start,
        points=cells.points,
        exact=np.zeros(0),
        missing=present,
        hidden=0,
    )
    mass = np.append(cells.counts, missing) if present else cells.counts
    return Learnt(coding=coding, mass=mass, sigma=sigma)


def bought_bounds(vault: Vault, column: Column, rho: float) -> Span:
    """Return the span of a column whose bounds were not given: powers of two, or whole years.

    Noisy counts of them show between which the values lie; a few far from all others are moved
    in. Noise alone moves a bound out in one fit of 100,000.
    """
    dated = column.kind in {Kind.DATE, Kind.DATETIME}
    size = YEARS[1] - YEARS[0] if dated else 257
    vault.keep(column.name, column.name, years if dated else exponents)
    counted = vault.count((column.name,), (size,), rho)
    sure = NormalDist().inv_cdf(1 - _TOO_FAR / size) * counted.sigma
    there = np.flatnonzero(counted.counts >= sure)
    if not len(there):
        there = np.array([int(np.argmax(counted.counts))])
    low, high = int(there[0]), int(there[-1])
    if dated:
        ends: tuple[float | str, ...] = (f"{YEARS[0] + low}-01-01", f"{YEARS[0] + high}-12-31")
        return span_of(column, ends)
    bounds = edges_of(low, upper=False), edges_of(high, upper=True)
    if column.kind is Kind.INTEGER:
        limit = 2.0**60  # there is no grid of whole numbers beyond
        # the next power of two is the next cell's
        low_end, high_end = bounds[0] + (bounds[0] < 0), bounds[1] - (bounds[1] > 0)
        bounds = min(max(low_end, -limit), limit), min(max(high_end, -limit), limit)
        lowest = float(round(bounds[0]))
        # between two powers of two below one there is no whole number: it is the next
        return span_of(column, (lowest, max(lowest, float(round(bounds[1])))))
    return span_of(column, bounds)


def _keep(vault: Vault, column: Column, span: Span, width: int) -> None:
    def code(values: pl.Series) -> Codes:
        at = span.index(values)
        return np.where(at < 0, -1, at // width).astype(np.int32)

    vault.keep(column.name, column.name, code)


def _coarsest(
    vault: Vault, column: Column, span: Span, how: tuple[int, float]
) -> tuple[_Cells, float, float]:
    """Return the coarsest cells, the noisy count of missing values, and the noise's deviation."""
    width, rho = how
    size = -(-span.points // width)

    def code(values: pl.Series) -> Codes:
        at = span.index(values)
        return np.where(at < 0, size, at // width).astype(np.int32)

    vault.keep(column.name, column.name, code)
    counted = vault.count((column.name,), (size + 1,), rho)
    start = np.arange(size, dtype=np.int64) * width
    points = np.minimum(width, span.points - start)
    cells = _Cells(start=start, points=points, counts=counted.counts[:-1])
    return cells, float(counted.counts[-1]), counted.sigma


def _looked_into(
    cells: _Cells, finer: Floats, level: tuple[int, int], sigma: float
) -> tuple[_Cells, _Cells]:
    """Return the cells that stay as they are, and the parts of the others."""
    width, points = level
    parts: list[_Cells] = []
    stay = np.ones(len(cells.start), dtype=np.bool_)
    for i in np.flatnonzero(cells.counts > _WORTH * sigma):
        begin = int(cells.start[i])
        at = np.arange(begin // width, -(-(begin + int(cells.points[i])) // width))
        counts = finer[at]
        if len(at) < 2 or np.abs(counts - cells.counts[i] / len(at)).max() <= _UNLIKE * sigma:
            continue
        counts = counts + (cells.counts[i] - counts.sum()) / (len(at) + 1)
        start = at * width
        size = np.minimum(width, points - start)
        parts.append(_Cells(start=start, points=size, counts=counts))
        stay[i] = False
    return cells.only(stay), _joined(parts)


def _joined(parts: Sequence[_Cells]) -> _Cells:
    none = np.zeros(0, dtype=np.int64)
    start = np.concatenate([none, *(p.start for p in parts)])
    order = np.argsort(start, kind="stable")
    return _Cells(
        start=start[order],
        points=np.concatenate([none, *(p.points for p in parts)])[order],
        counts=np.concatenate([np.zeros(0), *(p.counts for p in parts)])[order],
    )


def _forget(vault: Vault, name: str, code: int) -> None:
    """Leave the rows of one code out of all counts to come."""
    classes = np.arange(code + 1, dtype=np.int32)
    classes[code] = -1
    vault.merge(name, name, classes)
