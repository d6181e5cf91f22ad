"""Grid: the points that the values of a number or date lie on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl

from assaymark.core.schema import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Grid", "on_grid"]

_FINE, _COARSE = 2.0**50, 2.0**40
_NOISE = 2.0**-50  # of a number: what a sum of decimals may be off by
_BEYOND = 2.0**62  # no value is there
_MAX_DECIMALS = 12
_HOUR, _MINUTES = 100, 60  # 17:05 written as 1705
_LAST = 2400
_TIMES, _HOURS, _PARTS = 41, 6, 6  # by chance no value ends in 60 to 99 once in 1e9: .6^41


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The points a column's values lie on: ``(base + step * i) / scale``, i an integer.

    Whole numbers and dates have scale 1, a column with two decimals 100. Where no grid fits,
    ``scale`` is 0 and the points are ``origin + width * i``: so fine that they do not show.

    Attributes
    ----------
    clock
        Whether values are hours and minutes of a day written as one number, such as 1705, and
        ``base + step * i`` its minutes; what lies between 1759 and 1800 counts as 1800.
    """

    LATER: ClassVar[tuple[str, ...]] = ("clock",)

    base: int = 0
    step: int = 1
    scale: int = 1
    origin: float = 0.0
    width: float = 1.0
    clock: bool = False

    def index(self, values: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the point that each value is at, shape as given."""
        if self.scale == 0:
            at = np.asarray(values, dtype=np.float64) / self.width - self.origin / self.width
            return np.clip(np.rint(at), -_BEYOND, _BEYOND).astype(np.int64)
        if self.clock:
            values = _minutes(values)
        if values.dtype == np.int64:
            return (values.astype(np.int64) - self.base) // self.step
        at = np.rint((np.rint(values * self.scale) - self.base) / self.step)
        return np.clip(at, -_BEYOND, _BEYOND).astype(np.int64)

    def value(self, index: NDArray[np.int64]) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return the values at these points."""
        if self.scale == 0:
            half = self.origin / 2 + self.width / 2 * index.astype(np.float64)  # no overflow
            return 2 * half
        whole = index * self.step + self.base
        if self.clock:
            return whole // _MINUTES * _HOUR + whole % _MINUTES
        return whole if self.scale == 1 else whole / float(self.scale)


def on_grid(kind: Kind, values: pl.Series) -> tuple[Grid, NDArray[np.int64]]:
    """Return the coarsest grid that values, none of them missing, lie on, and each one's point."""
    if kind is Kind.DECIMAL:
        return _decimal_grid(values.to_numpy().astype(np.float64))
    whole = values.to_physical().cast(pl.Int64).to_numpy()
    return _clock_grid(whole) if _are_times(kind, whole) else _whole_grid(whole, 1)


def _are_times(kind: Kind, whole: NDArray[np.int64]) -> bool:
    """Whether whole numbers are hours and minutes: none of very many ends in 60 to 99."""
    if kind is not Kind.INTEGER or not len(whole) or whole.min() < 0 or whole.max() > _LAST:
        return False
    several = np.unique(whole[whole >= _HOUR])
    hours, minutes = np.unique(several // _HOUR), np.unique(several % _HOUR)
    enough = len(several) >= _TIMES and len(hours) >= _HOURS and len(minutes) >= _PARTS
    return bool(enough and (whole % _HOUR < _MINUTES).all())


def _clock_grid(whole: NDArray[np.int64]) -> tuple[Grid, NDArray[np.int64]]:
    grid, _ = _whole_grid(_minutes(whole), 1)
    grid = replace(grid, clock=True)
    return grid, grid.index(whole)


def _minutes(values: NDArray[Any]) -> NDArray[Any]:
    """Return the minutes of the day, in order also where a number is no time."""
    hours = values // _HOUR
    return np.asarray(_MINUTES * hours + np.minimum(values - _HOUR * hours, _MINUTES), values.dtype)


def _whole_grid(whole: NDArray[np.int64], scale: int) -> tuple[Grid, NDArray[np.int64]]:
    if not len(whole):
        return Grid(scale=scale), np.zeros(0, dtype=np.int64)
    low, high = int(whole.min()), int(whole.max())
    if high - low >= 2**62:
        grid = Grid(scale=scale)
        return grid, grid.index(whole)
    step = int(np.gcd.reduce(whole - low)) or 1
    grid = Grid(base=low % step, step=step, scale=scale)
    return grid, (whole - grid.base) // step


def _decimal_grid(values: NDArray[np.float64]) -> tuple[Grid, NDArray[np.int64]]:
    if not len(values):
        return Grid(), np.zeros(0, dtype=np.int64)
    largest = float(np.abs(values).max())
    for decimals in range(_MAX_DECIMALS + 1):
        if largest * 10.0**decimals > _FINE:
            break
        scaled = np.rint(values * 10.0**decimals)
        off = np.abs(scaled / 10.0**decimals - values)
        noise = _NOISE * np.abs(values) if largest * 10.0**decimals <= _COARSE else 0.0
        if (off <= noise).all():
            return _whole_grid(scaled.astype(np.int64), 10**decimals)
    low, high = float(values.min()), float(values.max())
    width = (high / _FINE - low / _FINE) or 1.0
    grid = Grid(scale=0, origin=low, width=width)
    return grid, grid.index(values)
