"""DP domain: the values a column may have, from public bounds or bought with the budget."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Kind
from assaymark.errors import RecipeError
from assaymark.generate.coding.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.schema import Column

    Codes = NDArray[np.int32]

__all__ = [
    "MOST_CELLS",
    "YEARS",
    "Span",
    "edges_of",
    "exponents",
    "levels_of",
    "span_of",
    "years",
]

MOST_CELLS = 2**17
"""Cells of the finest histogram of one column."""

_FEW = 128
_BRANCH = 16
_BITS = 64
YEARS = (1800, 2200)
_EPOCH = dt.date(1970, 1, 1)
_DAY = 86_400_000_000
_SECOND = 1_000_000
_EVEN = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The points that an ordered column's values may lie on: ``points`` of them on ``grid``."""

    grid: Grid
    points: int

    def index(self, values: pl.Series) -> NDArray[np.int64]:
        """Return the point of each value, -1 where it is missing; what is outside is moved in."""
        there = values.is_not_null().to_numpy()
        out = np.full(len(values), -1, dtype=np.int64)
        plain = values.drop_nulls().to_physical()
        ends = np.asarray(self.grid.value(np.array([0, self.points - 1], dtype=np.int64)))
        if plain.dtype.is_integer():  # a decimal may be too large for a whole number
            numbers = plain.cast(pl.Int64).to_numpy()
        else:
            numbers = plain.cast(pl.Float64).to_numpy()
        out[there] = np.clip(self.grid.index(np.clip(numbers, *ends)), 0, self.points - 1)
        return out


def span_of(column: Column, bounds: Sequence[float | str]) -> Span:
    """Return the points between declared bounds: lowest, highest and, if given, the step.

    Without a step, whole numbers and dates go by 1, times by a second, and decimals by the power
    of ten that leaves at least 10,000 points, or a millionth of what lies between where numbers
    are too large or too small for decimals.

    Raises
    ------
    RecipeError
        When the bounds do not fit the column's kind, or are not in order.
    """
    if len(bounds) not in {2, 3}:
        raise _wrong(column, bounds, "two numbers or dates, and a step if you like, are needed")
    try:
        low, high = (_plain(column, b) for b in bounds[:2])
        step = Fraction(str(bounds[2])) if len(bounds) == 3 else _step(column, low, high)
    except (ValueError, TypeError) as error:
        raise _wrong(column, bounds, "they cannot be read") from error
    if not (low < high or (low == high and step > 0)) or step <= 0:
        raise _wrong(column, bounds, "the lowest must come first, and the step be above 0")
    if column.kind is Kind.DECIMAL and len(bounds) == 2 and not _decimal(low, high, step):
        width = float(high - low) / _EVEN or 1.0
        return Span(grid=Grid(scale=0, origin=float(low), width=width), points=_EVEN + 1)
    decimals = 0
    while column.kind is Kind.DECIMAL and (step * 10**decimals).denominator > 1 and decimals < 12:
        decimals += 1
    scale = 10**decimals
    whole = max(1, round(step * scale))
    base = math.floor(low * scale)
    points = int((math.ceil(high * scale) - base) // whole) + 1
    if not (points <= 2**62 and abs(base) + points * whole < 2**62):
        least = float(high - low) / 2**61
        why = f"there are {points:.3g} steps between them, and 4.6e18 at most can be told apart"
        raise _wrong(column, bounds, why, step=f"{least:.1g}" if least > 1e-9 else "")
    return Span(grid=Grid(base=base, step=whole, scale=scale), points=points)


def levels_of(points: int) -> tuple[int, ...]:
    """Return how many points a cell has at each level of a histogram, coarse to fine."""
    if points <= _FEW:
        return (1,)
    widths, width = [], 1
    while points / width > _BRANCH:
        if -(-points // width) <= MOST_CELLS:
            widths.append(width)
        width *= _BRANCH
    return tuple(reversed(widths))


def exponents(values: pl.Series) -> Codes:
    """Return which power of two each number lies at, 0 to 256, 128 for zero, -1 where missing."""
    there = values.is_not_null().to_numpy()
    numbers = values.drop_nulls().to_physical().cast(pl.Float64).to_numpy()
    size = np.clip(np.frexp(np.abs(numbers))[1] + _BITS, 1, 2 * _BITS)
    out = np.full(len(values), -1, dtype=np.int32)
    out[there] = np.where(numbers == 0, 0, np.sign(numbers) * size).astype(np.int32) + 2 * _BITS
    return out


def edges_of(code: int, *, upper: bool) -> float:
    """Return the lower or upper end of the numbers that :func:`exponents` gives ``code``."""
    size = code - 2 * _BITS
    if size == 0:
        return 0.0
    ends = 2.0 ** (abs(size) - _BITS - 1), 2.0 ** (abs(size) - _BITS)
    return math.copysign(ends[upper == (size > 0)], size)


def years(values: pl.Series) -> Codes:
    """Return the year of each date, counted from the first of :data:`YEARS`, -1 where missing."""
    year = values.dt.year().cast(pl.Int64).clip(YEARS[0], YEARS[1] - 1) - YEARS[0]
    return year.fill_null(-1).to_numpy().astype(np.int32)


def _plain(column: Column, bound: float | str) -> Fraction:
    if column.kind is Kind.DATE:
        return Fraction((dt.date.fromisoformat(str(bound)) - _EPOCH).days)
    if column.kind is Kind.DATETIME:
        moment = dt.datetime.fromisoformat(str(bound))
        return Fraction((moment - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1))  # noqa: DTZ001
    if isinstance(bound, str) or not math.isfinite(bound):
        raise ValueError(bound)
    return Fraction(str(bound))


def _step(column: Column, low: Fraction, high: Fraction) -> Fraction:
    if column.kind is Kind.DATETIME:
        return Fraction(_SECOND)
    if column.kind is not Kind.DECIMAL:
        return Fraction(1)
    places = math.floor(math.log10(max(float(high - low), 1e-9))) - 4
    return Fraction(10) ** places


def _decimal(low: Fraction, high: Fraction, step: Fraction) -> bool:
    """Whether a step that nobody declared can be told in decimals without loss."""
    return step >= Fraction(1, 10**12) and max(abs(low), abs(high)) < 10**15


def _wrong(
    column: Column, bounds: Sequence[float | str], why: str, *, step: str = ""
) -> RecipeError:
    shown = "['2000-01-01', '2024-12-31']" if "date" in column.kind.value else "[0, 120]"
    wider = f", or with a step of {step} or more as third number" if step else ""
    return RecipeError(
        f"the bounds of {column.name!r} ({column.kind.value}) are {list(bounds)}: {why}\n\n"
        f"Hint: [privacy.bounds] {column.name} = {shown}{wider}"
    )
