"""Anchor days: the day that a moment is on, and whole days of the calendar from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.relations.anchors import Anchor
from assaymark.generate.relations.ranks import correlation, ranked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample

    Floats = NDArray[np.float64]

__all__ = ["DAY", "Days", "day_of", "whole_days"]

DAY = {Kind.DATE: 1.0, Kind.DATETIME: 86_400e6}
"""What a day is in the numbers of a date, and of a moment."""

_MOST_DATES, _FEWEST_VALUES = 12, 3
_ALIKE = 0.98  # correlation of ranks of days and their number


@dataclass(frozen=True, slots=True, kw_only=True)
class Days(Anchor):
    """The day of a moment, or the days of the calendar between two.

    Attributes
    ----------
    terms
        Place of the moment, with 1, and of an earlier one, if there is one, with -1.
    units
        What a day is in the numbers of each.
    """

    units: tuple[float, ...]

    def at(self, numbers: Mapping[int, Floats]) -> Floats:
        """Return the days, NaN where a moment is missing; shape ``(n,)``."""
        whole = (
            c * np.floor(numbers[j] / unit)
            for (j, c), unit in zip(self.terms, self.units, strict=True)
        )
        return np.asarray(sum(whole, np.float64(self.constant)), dtype=np.float64)

    @property
    def whole(self) -> bool:
        """Nothing is rounded."""
        return True

    def words(self, names: Sequence[str]) -> str:
        """Return what it is, by the columns' ``names``."""
        inside = " - ".join(names[j] for j, _ in self.terms)
        added = f" {'-' if self.constant < 0 else '+'} {abs(self.constant):g}"
        return f"days({inside}){added if self.constant else ''}"


def day_of(moment: int) -> Days:
    """Return the day of the moment at a place."""
    return Days(terms=((moment, 1.0),), units=(DAY[Kind.DATETIME],))


def whole_days(sample: Sample) -> Iterator[tuple[int, Days]]:
    """Yield dates that are the day of a moment, and numbers that are the days between two.

    Either may be missing where the moments are there.
    """
    kinds = {j: c.column.kind for j, c in sample.codings.items()}
    moments = [j for j, k in kinds.items() if k is Kind.DATETIME][:_MOST_DATES]
    dates = [j for j, k in kinds.items() if k is Kind.DATE][:_MOST_DATES]
    for x in dates if moments else ():
        found = (day_of(j) for j in moments)
        held = next((a for a in found if sample.holds(x, a, gaps=True)), None)
        if held is not None:
            yield x, held
    numbers = [
        x for x, k in kinds.items() if k is Kind.INTEGER and sample.many[x] >= _FEWEST_VALUES
    ]
    seen: set[int] = set()
    for later, earlier in permutations([*moments, *dates], 2) if moments and numbers else ():
        if kinds[later] is kinds[earlier] is Kind.DATE:
            continue  # their difference is a sum as others
        terms = (later, 1.0), (earlier, -1.0)
        plain = Days(terms=terms, units=(DAY[kinds[later]], DAY[kinds[earlier]]))
        between = plain.at(sample.numbers)
        for x in (x for x in numbers if x not in seen):
            both = np.isfinite(between) & np.isfinite(sample.numbers[x])
            if both.any() and _together(between[both], sample.numbers[x][both]) >= _ALIKE:
                more = float(np.median(sample.numbers[x][both] - between[both]))
                anchor = Days(terms=terms, units=plain.units, constant=round(more) + 0.0)
                if sample.holds(x, anchor, gaps=True):
                    seen.add(x)
                    yield x, anchor


def _together(one: Floats, other: Floats) -> float:
    return correlation(ranked(one), ranked(other))
