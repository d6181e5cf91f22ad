"""Anchor years: whole years or months between two dates, such as an age at a visit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.relations.anchor_days import DAY
from assaymark.generate.relations.anchors import Anchor
from assaymark.generate.relations.ranks import correlation, ranked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample

    Floats = NDArray[np.float64]

__all__ = ["Years", "whole_years"]

_MOST_DATES, _FEWEST_VALUES = 12, 3
_ALIKE = 0.85  # correlation of ranks of a time and its whole years, of which there are few
_SPANS = ((12, 0.0), (12, 365.25), (12, 365.0), (1, 0.0), (1, 30.4375))


@dataclass(frozen=True, slots=True, kw_only=True)
class Years(Anchor):
    """Whole years, or months, from one date to another.

    Attributes
    ----------
    terms
        Place of the later date, with 1, and of the earlier, with -1.
    units
        What a day is in the numbers of each.
    months
        Of how many months the whole ones are counted: 12 or 1.
    length
        How many days these have; 0 where they end on the day of the month on which they began.
    """

    units: tuple[float, float]
    months: int = 12
    length: float = 0.0

    def at(self, numbers: Mapping[int, Floats]) -> Floats:
        """Return the whole years or months, NaN where a date is missing; shape ``(n,)``."""
        both = [numbers[j] / unit for (j, _), unit in zip(self.terms, self.units, strict=True)]
        there = np.isfinite(both[0]) & np.isfinite(both[1])
        later, earlier = (np.floor(np.where(there, v, 0.0)) for v in both)
        if self.length:
            found = np.floor((later - earlier) / self.length)
        else:
            (months, days), (first, begun) = _months(later), _months(earlier)
            found = np.floor((months - first - (days < begun)) / self.months)
        return np.where(there, found + self.constant, np.nan)

    @property
    def whole(self) -> bool:
        """Nothing is rounded."""
        return True

    def words(self, names: Sequence[str]) -> str:
        """Return what it is, by the columns' ``names``."""
        (later, _), (earlier, _) = self.terms
        size = "years" if self.months > 1 else "months"
        return f"{size}({names[later]} - {names[earlier]})"


def _months(days: Floats) -> tuple[Floats, Floats]:
    """Return which month each day is in, and which day of it."""
    day = days.astype(np.int64).astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    since = (day - month.astype("datetime64[D]")).astype(np.float64)
    return month.astype(np.int64).astype(np.float64), since


def whole_years(sample: Sample) -> Iterator[tuple[int, Years]]:
    """Yield columns that are whole years or months between two dates, and which.

    They may be missing where both dates are there.
    """
    units = {j: DAY[c.column.kind] for j, c in sample.codings.items() if not sample.measured(j)}
    dates = list(units)[:_MOST_DATES]
    days = {j: sample.numbers[j] / units[j] for j in dates}
    numbers = [
        x
        for x, coding in sample.codings.items()
        if coding.column.kind in (Kind.INTEGER, Kind.DECIMAL) and sample.many[x] >= _FEWEST_VALUES
    ]
    found: set[int] = set()
    for later, earlier in permutations(dates, 2) if numbers else ():
        between = days[later] - days[earlier]
        ranks, there = ranked(between), np.isfinite(between)
        for x in numbers:
            both = there & np.isfinite(sample.numbers[x])
            if x in found or _together(ranks[both], sample.ranks[x][both]) < _ALIKE:
                continue
            own = sample.numbers[x]
            terms, size = ((later, 1.0), (earlier, -1.0)), (units[later], units[earlier])
            spans = (Years(terms=terms, units=size, months=m, length=n) for m, n in _SPANS)
            held = [a for a in spans if sample.holds(x, a, gaps=True)]
            if held:
                found.add(x)
                yield x, max(held, key=lambda a: int((a.at(sample.numbers) == own).sum()))


def _together(one: Floats, other: Floats) -> float:
    """Return how parts of two columns of ranks go together."""
    size = np.sqrt(correlation(one, one) * correlation(other, other))
    return correlation(one, other) / max(float(size), 1e-12)
