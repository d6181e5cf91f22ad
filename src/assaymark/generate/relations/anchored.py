"""Anchored: a column whose values are drawn near others' where they lie near them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from assaymark.generate.relations.anchors import apart
from assaymark.generate.relations.densities import coded
from assaymark.generate.trees.link import spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from assaymark.generate.coding.cells import CellCoding
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.relations.anchors import Anchor, Apart
    from assaymark.generate.relations.date_parts import ComesOut
    from assaymark.generate.trees.link import Link, Place

    Codes = NDArray[np.int32]
    Points = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["Anchored", "Found", "Gap", "Near", "Sum", "gap_of"]

_FEWEST_GAPS = 3
_TIMES, _MOST_TIMES = 8, 64
_AGAIN = 1 << 20
_WITHIN, _BETWEEN = 16, 1 << 16  # columns are fewer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Near:
    """An anchor, and the differences from it that are drawn, in points of the column's grid."""

    anchor: Anchor
    coding: CellCoding


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """The values of an anchored column: points of its grid, and where they are missing."""

    coding: CellCoding
    points: Points
    null: NDArray[np.bool_]

    def take(self, kept: NDArray[np.int64]) -> Found:
        """Return some of the rows."""
        return replace(self, points=self.points[kept], null=self.null[kept])

    def put(self, which: NDArray[np.int64], drawn: Found) -> Found:
        """Return the same with some rows drawn again."""
        points, null = self.points.copy(), self.null.copy()
        points[which], null[which] = drawn.points, drawn.null
        return replace(self, points=points, null=null)

    def without(self, null: NDArray[np.bool_]) -> Found:
        """Return the same with more of them missing."""
        return replace(self, null=self.null | null)

    @property
    def numbers(self) -> Floats:
        """The values as numbers, NaN where missing."""
        return np.where(self.null, np.nan, self.coding.grid.value(self.points))

    @property
    def series(self) -> pl.Series:
        """The values."""
        return self.coding.at(self.points, self.null)

    @property
    def codes(self) -> Codes:
        """The code of each value."""
        found = self.coding.encode(self.points)
        return np.where(self.null, len(self.coding.first), found).astype(np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gap:
    """How far a column is from its first anchor, for later columns to be drawn from.

    The stay between two dates says more of its cost than the dates do.

    Attributes
    ----------
    of
        The column's place in the chain; the anchor's terms are places in the chain too.
    coding
        Codes of the difference, in points of the column's grid; the last is "missing".
    """

    of: int
    anchor: Anchor
    coding: CellCoding

    def codes(self, column: CellCoding, numbers: Floats, anchor: Floats) -> Codes:
        """Return the code of each row's difference."""
        steps = apart(column, numbers, anchor)
        found = np.full(len(numbers), len(self.coding.first), dtype=np.int32)
        found[steps.both] = self.coding.encode(steps.points[steps.both])
        return found


def gap_of(
    encoded: Encoded, of: int, anchor: Anchor, steps: Apart, protect: int
) -> tuple[Gap, Codes] | None:
    """Return how far a column is from an anchor, and the codes in the source, if there are any."""
    both = steps.both
    if len(np.unique(encoded.persons[both])) < 2 * protect:
        return None
    coding, codes = coded(steps.points[both], encoded.persons[both], protect)
    if len(coding.first) < _FEWEST_GAPS:
        return None
    every = np.full(len(both), len(coding.first), dtype=np.int32)
    every[both] = codes
    return Gap(of=of, anchor=anchor, coding=replace(coding, missing=True)), every


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sum:
    """A column that is a sum of others wherever these are there.

    Attributes
    ----------
    otherwise
        Draws a code of ``coding`` where they are not; ``None`` if the column is missing too then.
    gone
        Draws 1 where it is missing although these are there, else 0; ``None`` if it never is.
    empty
        Whether it is missing, or drawn by ``otherwise``, where it cannot be worked out, such as
        what is divided by 0; else it is a value from the middle there.
    """

    LATER: ClassVar = ("gone", "empty")

    coding: CellCoding
    anchor: Anchor
    otherwise: Link | None
    gone: Link | None = None
    empty: bool = False

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """What it is made of."""
        return (self.anchor,)

    def draw(
        self, drawn: Codes, place: Place, inside: Floats, numbers: Mapping[int, Floats]
    ) -> Found:
        """Return the values that follow; see :meth:`Anchored.draw`."""
        sums = self.anchor.at(numbers)
        null = ~np.isfinite(sums)
        points = self.coding.grid.index(np.where(null, 0.0, sums))
        there = np.all([np.isfinite(numbers[j]) for j, _ in self.anchor.terms], axis=0)
        if not self.empty and (null & there).any() and len(self.coding.first):
            middle = np.full(1, len(self.coding.first) // 2, dtype=np.int32)
            points[null & there] = self.coding.points_of(middle, np.full(1, 0.5))[0]
            null &= ~there
        which = np.flatnonzero(null)
        if self.otherwise is not None and len(which):
            codes, u = np.empty(len(which), dtype=np.int32), np.empty(len(which))
            self.otherwise.draw(drawn[:, which], place.only(which), codes, u)
            there = codes < len(self.coding.first)
            null[which], inside[which] = ~there, u
            points[which[there]] = self.coding.points_of(codes[there], u[there])
        which = np.flatnonzero(np.isfinite(sums))
        if self.gone is not None and len(which):
            codes = np.empty(len(which), dtype=np.int32)
            self.gone.draw(drawn[:, which], place.only(which), codes, np.empty(0))
            null[which] = codes > 0
        return Found(coding=self.coding, points=points, null=null)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anchored:
    """A column, each row of which is drawn by itself or by its difference from an anchor.

    Attributes
    ----------
    link
        Draws a code of ``coding`` or, after those, of the differences in ``near``.
    alone
        Whether a row may be drawn by itself where one of the anchors is there.
    reach
        Between which points values may come out, if not the outermost of ``coding``.
    otherwise
        Draws a code of ``coding`` where no anchor is there; ``None`` if ``link`` does.
    when
        On which weekdays and in which months and hours a date may lie, if others say these.
    """

    LATER: ClassVar = ("alone", "reach", "otherwise", "when")

    coding: CellCoding
    near: tuple[Near, ...]
    link: Link
    alone: bool = True
    reach: tuple[int, int] | None = None
    otherwise: Link | None = None
    when: ComesOut | None = None

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """What it may be near."""
        return tuple(n.anchor for n in self.near)

    def draw(
        self, drawn: Codes, place: Place, inside: Floats, numbers: Mapping[int, Floats]
    ) -> Found:
        """Draw the values; see :meth:`Link.draw`.

        A difference from something missing, or to a value that may not come out, or a row by
        itself that may not be, is drawn again up to eight times, then cut to what may come out.

        Parameters
        ----------
        numbers
            Values of the columns that anchors are made of, by place in the chain.
        """
        anchors = [a.at(numbers) for a in self.anchors]
        n = drawn.shape[1]
        points, null = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
        tries, there = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
        which = np.arange(n)
        if self.otherwise is not None:
            no_anchor = ~np.any([np.isfinite(a) for a in anchors], axis=0)
            which = np.flatnonzero(no_anchor)
            for again in range(_TIMES):
                at = replace(place.only(which), column=place.column + again * _AGAIN)
                codes, u = np.empty(len(which), dtype=np.int32), np.empty(len(which))
                self.otherwise.draw(drawn[:, which], at, codes, u)
                found = self._points(codes, u, [a[which] for a in anchors])
                new = ~found.null | (not again)
                points[which[new]], inside[which[new]] = found.points[new], u[new]
                null[which[new]] = found.null[new]
                which = which[(found.wrong & ~found.null) | ~new]
                if self.when is None or not len(which):
                    break
            which = np.flatnonzero(~no_anchor)
        for again in range(_MOST_TIMES):
            at = replace(place.only(which), column=place.column + again * _AGAIN)
            codes, u = np.empty(len(which), dtype=np.int32), np.empty(len(which))
            self.link.draw(drawn[:, which], at, codes, u)
            found = self._within(at, codes, u, [a[which] for a in anchors])
            new = ~(found.null & there[which])  # what is there stays there
            points[which[new]], null[which] = found.points[new], found.null & new
            inside[which[new]] = u[new]
            tries[which] += new
            there[which] |= found.wrong & ~found.lost
            which = which[(found.wrong | ~new) & (tries[which] < _TIMES)]
            if not len(which):
                break
        low, high = self.coding.span if self.reach is None else self.reach
        points = self._settled(np.clip(points, low, high), null, anchors)
        return Found(coding=self.coding, points=points, null=null)

    def _within(self, place: Place, codes: Codes, u: Floats, anchors: Sequence[Floats]) -> _Tried:
        """Return points of these cells, so far as there are any on the days and hours that are had.

        A cell that reaches across a night is none to be drawn again for that: those that touch the
        first and the last hour would be left out too often. ``u`` gets where in them they are.
        """
        found = self._points(codes, u, anchors)
        for again in range(1, _WITHIN if self.when is not None else 0):
            which = np.flatnonzero(found.wrong & ~found.null & (codes >= self.coding.size))
            if not len(which):
                break
            other = np.empty(len(which))
            spread(replace(place.only(which), column=place.column + again * _BETWEEN), other)
            part = self._points(codes[which], other, [a[which] for a in anchors])
            found.points[which], found.wrong[which] = part.points, part.wrong
            u[which] = other
        return found

    def _settled(
        self, points: Points, null: NDArray[np.bool_], anchors: Sequence[Floats]
    ) -> Points:
        """Move dates that still are as nobody has them to the next day and hour that somebody has.

        A date near another stays there, and none leaves what may come out.
        """
        if self.when is None:
            return points
        out, value, when = points.copy(), self.coding.grid.value, self.when
        low, high = self.coding.span if self.reach is None else self.reach
        which = np.flatnonzero(~null & ~when.of(value(points).astype(np.float64)))
        was_near = self._is_near(points, anchors)
        for offset in when.offsets():
            if not len(which):
                break
            moved = when.at_hours(value(points[which]).astype(np.float64)) + offset
            at = self.coding.grid.index(moved)
            fits = when.of(value(at).astype(np.float64)) & (at >= low) & (at <= high)
            fits &= self._is_near(at, [a[which] for a in anchors]) | ~was_near[which]
            out[which[fits]] = at[fits]
            which = which[~fits]
        return out

    def _is_near(self, points: Points, anchors: Sequence[Floats]) -> NDArray[np.bool_]:
        """Return which points are as far from an anchor as somebody's are."""
        found = np.zeros(len(points), dtype=np.bool_)
        for near, anchor in zip(self.near, anchors, strict=True):
            there, (low, high) = np.isfinite(anchor), near.coding.span
            step = points[there] - self.coding.grid.index(anchor[there])
            found[there] |= (step >= low) & (step <= high)
        return found

    def _points(self, codes: Codes, inside: Floats, anchors: Sequence[Floats]) -> _Tried:
        """Return points, which are missing, and which may not come out."""
        known = len(self.coding.first)
        null = codes == known if self.coding.missing else np.zeros(len(codes), dtype=np.bool_)
        points, own = np.zeros(len(codes), dtype=np.int64), codes < known
        there = np.any([np.isfinite(a) for a in anchors], axis=0)
        wrong = own & there & (not self.alone)
        points[own] = self.coding.points_of(codes[own], inside[own])
        low, high = self.coding.span if self.reach is None else self.reach
        first, no_anchor = self.coding.size, np.zeros(len(codes), dtype=np.bool_)
        for near, anchor in zip(self.near, anchors, strict=True):
            here = (codes >= first) & (codes < first + near.coding.size)
            lost = here & ~np.isfinite(anchor)
            at = self.coding.grid.index(anchor[here & ~lost])
            step = near.coding.points_of(codes[here & ~lost] - first, inside[here & ~lost])
            points[here & ~lost] = at + step
            points[lost] = self.coding.first[len(self.coding.first) // 2]
            wrong |= lost | (here & ((points < low) | (points > high)))
            no_anchor |= lost
            first += near.coding.size
        if self.when is not None:
            wrong |= ~null & ~self.when.of(self.coding.grid.value(points).astype(np.float64))
        return _Tried(points=points, null=null, wrong=wrong, lost=no_anchor)


class _Tried(NamedTuple):
    """What a try gave, which of it may not come out, and which is near something missing."""

    points: Points
    null: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    lost: NDArray[np.bool_]
