"""Anchor ends: columns that are another, or dates so many days after one, where all are there."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.coding.levels import persons_among
from assaymark.generate.relations.anchor_days import DAY
from assaymark.generate.relations.anchors import Anchor
from assaymark.generate.relations.ranks import correlation, ranked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample

    Floats = NDArray[np.float64]

__all__ = ["ends", "last_day", "near_ends", "seldom"]

_MOST_DATES, _FEWEST_VALUES = 12, 12
_NUMBERS = Kind.INTEGER, Kind.DECIMAL
_ALIKE = 0.98
_CLOSE, _SAME = 0.9, 0.2
_WRONG, _FEWEST_PERSONS = 2, 200
_WITHIN, _SELDOMER = 0.99, 0.95
_UNITS = {Kind.DATE: (1.0, 7.0), Kind.DATETIME: (86_400e6, 3_600e6, 60e6, 1e6)}
_ROUND = 1e-3
_OFTEN, _OFTEN_ROWS = 0.04, 40
_MANY = 64


def ends(sample: Sample) -> Iterator[tuple[int, Anchor]]:
    """Yield columns that others say where all are there, and how.

    A date or a number that is there seldomer than another, and is it where it is there (a day of
    death, which is that of the last contact), but for two persons; else a date that is another and
    a number of days, or so many weeks, hours, minutes: the end of a follow-up. Drawn both by
    themselves, two dates that do not say each other would leave a time between them that nobody
    has.
    """
    kinds = {j: c.column.kind for j, c in sample.codings.items()}
    there = {j: np.isfinite(v) for j, v in sample.numbers.items()}
    dates = [j for j, k in kinds.items() if k in DAY][:_MOST_DATES]
    several = [w for w in kinds if kinds[w] in _NUMBERS and sample.many[w] >= _FEWEST_VALUES]
    seldom_there = dates if sample.gaps else (*dates, *several)  # who fills gaps finds equal ones
    for x in sorted(seldom_there, key=lambda j: int(there[j].sum())):
        others = [y for y in (*dates, *several) if y != x and kinds[y] is kinds[x]]
        others = [y for y in others if _within(there, x, y)]
        copied = (y for y in others if _seldomer(there, x, y) and _copies(sample, x, y))
        y = next(copied, None)
        if y is not None:
            yield x, Anchor(terms=((y, 1.0),))
        elif x in dates:
            times = [w for w in several if _within(there, x, w)]
            later = (_later(sample, x, *p) for p in product(others, times))
            held = next((a for a in later if a and sample.holds(x, a, gaps=True)), None)
            if held is not None:
                yield x, held


def _copies(sample: Sample, x: int, y: int) -> bool:
    """Whether one column is another where it is there, but for two of twenty persons and more."""
    if not sample.equal(x, [y]):
        return False
    held = sample.holds(x, Anchor(terms=((y, 1.0),)), gaps=True)
    if held or sample.gaps:
        return held
    own, other = sample.numbers[x], sample.numbers[y]
    wrong = np.isfinite(own) & np.isfinite(other) & (own != other)
    right, wrong_ones = (sample.persons[w] for w in (own == other, wrong))
    many = persons_among(right) >= sample.fewest and sample.n_persons >= _FEWEST_PERSONS
    return bool(many and persons_among(wrong_ones) <= _WRONG)


def near_ends(sample: Sample, found: Mapping[int, Anchor]) -> Iterator[tuple[int, int]]:
    """Yield dates that are near one that is worked out from days, and that one.

    Drawn before it, they would be near nothing.
    """
    dates = [j for j, c in sample.codings.items() if c.column.kind in DAY][:_MOST_DATES]
    for x, anchor in found.items():
        terms = [j for j, _ in anchor.terms]
        for z in dates if len(terms) > 1 else ():
            if z != x and z not in terms and _close(sample, x, z):
                yield z, x


def _close(sample: Sample, x: int, z: int) -> bool:
    """Whether two dates say each other roughly where both are there, or are often the same."""
    own, other = sample.numbers[x], sample.numbers[z]
    both = np.isfinite(own) & np.isfinite(other)
    if persons_among(sample.persons[both]) < sample.fewest:
        return False
    same = (own[both] == other[both]).mean() >= _SAME
    return bool(same or correlation(ranked(own[both]), ranked(other[both])) >= _CLOSE)


def seldom(sample: Sample, found: Mapping[int, Anchor]) -> frozenset[int]:
    """Return those of them that are often missing where what says them is there."""
    whole = {x: np.isfinite(a.at(sample.numbers)).sum() for x, a in found.items()}
    there = {x: np.isfinite(sample.numbers[x]).sum() for x in found}
    return frozenset(x for x in found if there[x] < _SELDOMER * whole[x])


def _within(there: dict[int, NDArray[np.bool_]], x: int, y: int) -> bool:
    """Whether a column is there wherever another one is."""
    return bool((there[x] & there[y]).sum() >= _WITHIN * there[x].sum())


def _seldomer(there: dict[int, NDArray[np.bool_]], x: int, y: int) -> bool:
    return bool(there[x].sum() < _SELDOMER * there[y].sum())


def _later(sample: Sample, x: int, y: int, w: int) -> Anchor | None:
    """Return a date and so many days, weeks or hours after it, if that may be ``x``.

    Of two dates that say each other, one is drawn near the other and needs no days.
    """
    numbers = sample.numbers
    both = np.isfinite(numbers[x]) & np.isfinite(numbers[y]) & np.isfinite(numbers[w])
    between, days = (numbers[x] - numbers[y])[both], numbers[w][both]
    if not both.any() or np.median(between) <= 0 or np.median(days) <= 0:
        return None
    if correlation(ranked(between), ranked(days)) < _ALIKE:
        return None
    alone = correlation(*(ranked(numbers[j][both]) for j in (x, y)))
    if alone >= _ALIKE and not _seldomer({j: np.isfinite(numbers[j]) for j in (x, w)}, x, w):
        return None
    size = float(np.median(between[days != 0] / days[days != 0]))
    unit = next((u for u in _UNITS[sample.codings[x].column.kind] if _near(size, u)), None)
    return None if unit is None else Anchor(terms=tuple(sorted(((y, 1.0), (w, unit)))))


def _near(size: float, unit: float) -> bool:
    return abs(size - unit) <= _ROUND * unit


def last_day(sample: Sample, x: int, y: int) -> Anchor | None:
    """Return a date the other way, of days, or days, of a date, if both often end on one day.

    Who was still followed when a study ended has as many days as were left from the first.
    """
    kinds = {sample.codings[j].column.kind for j in (x, y)}
    if kinds != {Kind.INTEGER, Kind.DATE} or min(sample.many[x], sample.many[y]) < _MANY:
        return None
    end = (sample.numbers[x] + sample.numbers[y])[sample.telling[x]]
    _, counts = np.unique(end[np.isfinite(end)], return_counts=True)
    most = int(counts.max(initial=0))
    if most < max(_OFTEN * int(sample.telling[x].sum()), _OFTEN_ROWS):
        return None
    return Anchor(terms=((y, -1.0),))
