"""Dated: a date that is drawn on the weekday, in the month or at the hour that others say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.coding.cells import CellCoding
from assaymark.generate.coding.levels import persons_per_code
from assaymark.generate.relations.against import against
from assaymark.generate.relations.anchor_days import DAY
from assaymark.generate.relations.anchored import Found
from assaymark.generate.relations.date_parts import VALUES, DatePart, of_days, of_moments
from assaymark.generate.relations.derived import tells_values

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.trees.link import Link, Place

    Codes = NDArray[np.int32]
    Days = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["Dated", "find_dated"]

_LOOK, _ROUGHLY = 3000, 0.98
_EACH, _PERSONS_A_VALUE = 0.9, 10
_OTHERS = 0.05  # of the persons have not the commonest value of a part, at least
_MOST_CODES = 25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dated:
    """A date drawn from its cells, on a day and at an hour that other columns say.

    Attributes
    ----------
    link
        Draws a code of ``coding``.
    parts
        What other columns say of it.
    """

    coding: CellCoding
    link: Link
    parts: tuple[DatePart, ...]

    def draw(self, drawn: Codes, place: Place, inside: Floats) -> Found:
        """Draw the values; see :meth:`Link.draw`.

        Of the days that go with what is said, one in the cell is taken, else the nearest in
        another; where no day goes with it, as said by nobody, any day in the cell.
        """
        n, known = drawn.shape[1], len(self.coding.first)
        codes = np.empty(n, dtype=np.int32)
        self.link.draw(drawn, place, codes, inside)
        null = codes >= known
        safe = np.where(null, 0, codes).astype(np.int32)
        ends = [self._numbers(safe, np.full(n, u)) for u in (0.0, 1.0)]
        unit = DAY[self.coding.column.kind]
        number = self._numbers(safe, inside)
        day = np.floor(number / unit).astype(np.int64)
        time = number - day * unit
        within = [np.floor(e / unit).astype(np.int64) for e in ends]
        day = self._days(drawn, day, (within[0], within[1]), inside)
        time = self._times(drawn, time / unit) * unit
        points = self.coding.grid.index(day * unit + time)
        low, high = self.coding.span
        points = np.clip(points, low, high)
        return Found(coding=self.coding, points=np.where(null, 0, points), null=null)

    def _numbers(self, codes: Codes, u: Floats) -> Floats:
        return np.asarray(self.coding.grid.value(self.coding.points_of(codes, u)), dtype=np.float64)

    def _days(self, drawn: Codes, day: Days, within: tuple[Days, Days], u: Floats) -> Days:
        """Return days of the months and weekdays that are said."""
        every = self._every()
        if not len(every):
            return day
        out = every[_nearest(every, day)]
        asked = [p for p in self.parts if p.unit != "hour"]
        if not asked:
            return out
        said = np.stack([drawn[p.column] for p in asked])
        combos, which = np.unique(said, axis=1, return_inverse=True)
        for k, codes in enumerate(combos.T):
            rows = np.flatnonzero(which.reshape(-1) == k)
            pairs = zip(asked, codes, strict=True)
            days = every[np.all([p.allowed[c][of_days(p.unit, every)] for p, c in pairs], axis=0)]
            if len(days):
                out[rows] = _one_of(days, day[rows], (within[0][rows], within[1][rows]), u[rows])
        return out

    def _every(self) -> Days:
        """Return the days of which the first and the last moment lie in cells."""
        unit, grid = DAY[self.coding.column.kind], self.coding.grid
        low, high = grid.value(np.array(self.coding.span)) / unit
        days = np.arange(int(np.ceil(low)), int(np.floor(high)) + 1)
        codes = np.arange(len(self.coding.first), dtype=np.int32)
        ends = [self.coding.points_of(codes, np.full(len(codes), u)) for u in (0.0, 1.0)]
        inside = np.ones(len(days), dtype=np.bool_)
        for moment in (0.0, 1.0 - 1.0 / unit):
            points = grid.index(np.asarray((days + moment) * unit, dtype=np.float64))
            code = self.coding.encode(points)
            inside &= (points >= ends[0][code]) & (points <= ends[1][code])
        return days[inside]

    def _times(self, drawn: Codes, time: Floats) -> Floats:
        """Return times, as shares of a day, in the hours that are said."""
        for part in self.parts:
            if part.unit == "hour":
                hour = np.minimum((time * 24).astype(np.int64), 23)
                fits = part.allowed[drawn[part.column]]
                wrong = np.flatnonzero(~fits[np.arange(len(hour)), hour] & fits.any(axis=1))
                total = np.cumsum(fits[wrong], axis=1)
                aim = np.floor(time[wrong] * total[:, -1])
                found = (total <= aim[:, None]).sum(axis=1)
                time = time.copy()
                time[wrong] += (found - hour[wrong]) / 24
        return time


def _one_of(days: Days, day: Days, within: tuple[Days, Days], u: Floats) -> Days:
    """Return for each row one of the ``days`` within its cell, or the nearest to its own day."""
    first = np.searchsorted(days, within[0], "left")
    last = np.searchsorted(days, within[1], "right")
    there = last > first
    inside = first + np.floor(u * (last - first)).astype(np.int64)
    inside = np.minimum(inside, len(days) - 1)
    return np.asarray(days[np.where(there, inside, _nearest(days, day))])


def _nearest(days: Days, day: Days) -> Days:
    """Return the place of the nearest of some sorted ``days`` to each day."""
    after = np.minimum(np.searchsorted(days, day), len(days) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(np.abs(days[before] - day) < np.abs(days[after] - day), before, after)


def find_dated(
    encoded: Encoded,
    numbers: Mapping[int, Floats],
    columns: tuple[Sequence[int], Collection[int], Collection[int]],
    protect: int,
) -> dict[int, tuple[DatePart, ...]]:
    """Return, by place in the table of a date, which columns say its weekday, month or hour.

    For all persons but those who may be :func:`against` a rule, and nine in ten of each code; ten
    persons a value must have both, and one in twenty another value than most. A value of fewer than
    ``protect`` persons goes with no code, so that it does not come out.

    Parameters
    ----------
    columns
        The columns in their order, those of them that say nothing of a date, and the dates that
        lie near others or are worked out: what says a part of one of these and of another date as
        well is told of the other. Of dates that are the same where both are there, that which is
        there most often is told.
    """
    order, held, near = columns
    codings = encoded.encoding.codings
    said = [
        j
        for j in order
        if j not in held
        and 1 < codings[j].size <= _MOST_CODES
        and codings[j].column.kind not in DAY
        and tells_values(codings[j])
    ]
    found: dict[int, tuple[DatePart, ...]] = {}
    there = {j: np.isfinite(numbers[j]) for j in order if j in numbers}
    dates = [j for j in there if codings[j].column.kind in DAY]
    for j in sorted(dates, key=lambda j: (j in near, -int(there[j].sum()))):
        parts = []
        for unit, size in VALUES.items():
            if there[j].sum() < _PERSONS_A_VALUE * size:
                continue
            value = of_moments(unit, np.where(there[j], numbers[j], 0.0), codings[j].column.kind)
            rules = ((x, _allowed(encoded, x, value, there[j], (size, protect))) for x in said)
            more = [DatePart(column=x, unit=unit, allowed=a) for x, a in rules if a is not None]
            said = [x for x in said if all(x != p.column for p in more)]
            parts += more
        if parts:
            found[j] = tuple(parts)
    return found


def _allowed(
    encoded: Encoded, x: int, value: Days, there: Bools, how: tuple[int, int]
) -> Bools | None:
    """Return which values go with each code of a column, if values say the code."""
    (values, protect), coding = how, encoded.encoding.codings[x]
    known = coding.size - coding.missing
    some = encoded.glance(_LOOK)
    own = there & ~encoded.redrawn[x] & (encoded.codes[x] < known)
    seen = own[some]
    pair = value[some][seen] * known + encoded.codes[x, some][seen]
    weights = encoded.weights[some][seen]
    most = np.bincount(pair, weights, values * known).reshape(values, known).max(axis=1)
    if most.sum() < _ROUGHLY * weights.sum():
        return None
    held = persons_per_code(value[own], encoded.persons[own], values)
    pair = value[own] * known + encoded.codes[x, own]
    joint = np.bincount(pair, encoded.weights[own], values * known).reshape(values, known)
    each, total = joint.sum(axis=0), float(joint.sum())
    if (held > 0).sum() < 2 or held.sum() < _PERSONS_A_VALUE * (held > 0).sum():
        return None
    right = np.bincount(joint.argmax(axis=1), joint.max(axis=1), minlength=known)
    if (
        total - each.max() < _OTHERS * total
        or total - right.sum() > against(total)
        or (right < _EACH * each).any()
    ):
        return None
    allowed = np.zeros((coding.size, values), dtype=np.bool_)
    allowed[joint.argmax(axis=1), np.arange(values)] = held >= protect
    allowed[known:] = True
    return allowed if allowed.any(axis=1).all() else None
