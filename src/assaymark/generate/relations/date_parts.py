"""Date parts: the weekday, the month and the hour of dates, and columns that say them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.relations.anchor_days import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Days = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["VALUES", "ComesOut", "DatePart", "of_days", "of_moments"]

_FURTHEST = 183
VALUES = {"month": 12, "weekday": 7, "hour": 24}
"""How many values each part has."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatePart:
    """A column that says the weekday, the month or the hour of a date, or groups of them.

    Attributes
    ----------
    column
        Its place in the table, or in the chain.
    unit
        ``"weekday"`` (0 is Monday), ``"month"`` (0 is January) or ``"hour"``.
    allowed
        Which values go with each of its codes, shape ``(codes, values)``.
    """

    column: int
    unit: str
    allowed: Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComesOut:
    """Which weekdays, months and hours a date may have, since enough persons have them.

    Attributes
    ----------
    kind
        Whether numbers are days or microseconds.
    units, allowed
        Parts of the date, and for each which of its values may come out.
    """

    kind: Kind
    units: tuple[str, ...]
    allowed: tuple[Bools, ...]

    def of(self, numbers: Floats) -> Bools:
        """Return which dates, given as numbers, may come out; shape ``(n,)``."""
        found = np.ones(len(numbers), dtype=np.bool_)
        for unit, allowed in zip(self.units, self.allowed, strict=True):
            found &= allowed[of_moments(unit, numbers, self.kind)]
        return found

    def at_hours(self, numbers: Floats) -> Floats:
        """Return the moments on the same days, at an hour that may come out, each as often."""
        out = numbers
        for unit, allowed in zip(self.units, self.allowed, strict=True):
            if unit == "hour" and allowed.any():
                hour, open_hours = of_moments(unit, numbers, self.kind), np.flatnonzero(allowed)
                other = np.where(allowed[hour], hour, open_hours[hour % len(open_hours)])
                out = numbers + (other - hour) * (DAY[self.kind] / VALUES["hour"])
        return out

    def offsets(self) -> Iterator[float]:
        """Yield how far dates may be moved, the nearest days first; half a year at most."""
        yield 0.0
        for days in range(1, _FURTHEST + 1):
            yield days * DAY[self.kind]
            yield -days * DAY[self.kind]


def of_days(unit: str, days: Days) -> Days:
    """Return the weekday or the month of each day since 1970, counted from 0."""
    if unit == "weekday":
        return (days + 3) % 7  # 1 January 1970 was a Thursday
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12


def of_moments(unit: str, numbers: Floats, kind: Kind) -> Days:
    """Return the weekday, the month or the hour of dates or moments, counted from 0."""
    days = numbers / DAY[kind]
    whole = np.floor(days).astype(np.int64)
    if unit == "hour":
        return np.minimum(((days - whole) * 24 + 1e-9).astype(np.int64), 23)
    return of_days(unit, whole)
