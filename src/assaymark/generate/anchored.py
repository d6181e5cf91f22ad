"""Anchored: a column whose values are drawn near others' where they lie near them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.generate.anchors import apart, cells_of, coded, density
from assaymark.generate.classes import Cut, cut_of, merged
from assaymark.generate.forest import Target, target_of
from assaymark.generate.levels import persons_among

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from assaymark.generate.anchors import Anchor, Apart
    from assaymark.generate.cells import CellCoding
    from assaymark.generate.encoding import Encoded
    from assaymark.generate.link import Link, Place

    Codes = NDArray[np.int32]
    Points = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["Anchored", "Found", "Gap", "Near", "Sum", "anchored", "gap_of"]

_ALL, _EACH, _PART = 0.998, 0.9, 0.2
_ROUNDS = 3
_GROUPS = 12
_FEWEST_GAPS = 3
_TIMES = 8
_AGAIN = 1 << 20
_SMALL = 100  # times those who must stand behind a value


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
    """

    coding: CellCoding
    anchor: Anchor
    otherwise: Link | None

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
        if (null & there).any() and len(self.coding.first):  # such as what is divided by 0
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
    """

    LATER: ClassVar = ("alone",)

    coding: CellCoding
    near: tuple[Near, ...]
    link: Link
    alone: bool = True

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
        which = np.arange(n)
        for again in range(_TIMES):
            at = replace(place.only(which), column=place.column + again * _AGAIN)
            codes, u = np.empty(len(which), dtype=np.int32), np.empty(len(which))
            self.link.draw(drawn[:, which], at, codes, u)
            found = self._points(codes, u, [a[which] for a in anchors])
            points[which], null[which], wrong = found
            inside[which] = u
            which = which[wrong]
            if not len(which):
                break
        low, high = self.coding.span
        return Found(coding=self.coding, points=np.clip(points, low, high), null=null)

    def _points(
        self, codes: Codes, inside: Floats, anchors: Sequence[Floats]
    ) -> tuple[Points, NDArray[np.bool_], NDArray[np.bool_]]:
        """Return points, which are missing, and which may not come out."""
        known = len(self.coding.first)
        null = codes == known if self.coding.missing else np.zeros(len(codes), dtype=np.bool_)
        points, own = np.zeros(len(codes), dtype=np.int64), codes < known
        there = np.any([np.isfinite(a) for a in anchors], axis=0)
        wrong = own & there & (not self.alone)
        points[own] = self.coding.points_of(codes[own], inside[own])
        low, high = self.coding.span
        first = self.coding.size
        for near, anchor in zip(self.near, anchors, strict=True):
            here = (codes >= first) & (codes < first + near.coding.size)
            lost = here & ~np.isfinite(anchor)
            at = self.coding.grid.index(anchor[here & ~lost])
            step = near.coding.points_of(codes[here & ~lost] - first, inside[here & ~lost])
            points[here & ~lost] = at + step
            points[lost] = self.coding.first[len(self.coding.first) // 2]
            wrong |= lost | (here & ((points < low) | (points > high)))
            first += near.coding.size
        return points, null, wrong


def anchored(
    encoded: Encoded,
    column: int,
    steps: Mapping[Anchor, Apart],
    how: tuple[int, int],
    grow: Callable[[Target], Link],
) -> Sum | Anchored | Link:
    """Return what draws a column that has anchors.

    Parameters
    ----------
    steps
        The anchors, the best first, and how far the values are from each.
    how
        Persons who must stand behind a difference, and classes that pools tell apart.
    grow
        Grows the trees of what is to be drawn.
    """
    coding = cells_of(encoded.encoding, column)
    first = next(iter(steps))
    if _says_all(encoded, column, steps[first]):
        needed = (steps[first].value & ~steps[first].anchor).any()
        otherwise = grow(target_of(encoded, column, how[1])) if needed else None
        return Sum(coding=coding, anchor=first, otherwise=otherwise)
    sides, codings = _sides(encoded, column, list(steps.values()), how[0])
    near = tuple(
        Near(anchor=a, coding=c) for a, c in zip(steps, codings, strict=True) if c is not None
    )
    codes, size = encoded.codes[column].copy(), coding.size
    for j, (there, step) in enumerate(zip(codings, steps.values(), strict=True), start=1):
        if there is not None:
            codes[sides == j] = size + there.encode(step.points[sides == j])
            size += there.size
    mass = np.bincount(codes, encoded.weights, minlength=size).astype(np.float64)
    cut = _cut(coding, near, mass, how[1])
    link = grow(Target(codes=codes, mass=mass, cut=cut))
    alone = _some_alone(encoded, sides == 0, [s.both for s in steps.values()])
    return Anchored(coding=coding, near=near, link=link, alone=alone) if near else link


def _some_alone(
    encoded: Encoded, own: NDArray[np.bool_], both: Sequence[NDArray[np.bool_]]
) -> bool:
    """Whether more than 0.2 % of the persons lie near no anchor although one is there."""
    there = np.any(both, axis=0)
    far = float(encoded.weights[own & there].sum())
    return far > (1 - _ALL) * float(encoded.weights[there].sum())


def _cut(coding: CellCoding, near: Sequence[Near], mass: Floats, most: int) -> Cut:
    """Cut a column's own codes, then the differences from each anchor, into classes."""
    cut = cut_of(coding, mass[: coding.size], most)
    classes, groups, first = cut.classes, cut.groups, coding.size
    for part in (n.coding for n in near):
        fine = merged(mass[first : first + part.size], most)
        held = np.bincount(fine, mass[first : first + part.size]).astype(np.float64)
        groups = np.append(groups, merged(held, _GROUPS) + groups.max() + 1).astype(np.int32)
        classes = np.append(classes, fine + classes.max() + 1).astype(np.int32)
        first += part.size
    return Cut(classes=classes, groups=groups)


def _says_all(encoded: Encoded, column: int, steps: Apart) -> bool:
    """Whether an anchor is the value wherever it is there itself.

    That is, for all but 0.2 % of the persons, and for nine in ten of each code.
    """
    codes, size = encoded.codes[column], encoded.encoding.codings[column].size
    right = steps.both & (steps.points == 0)
    held, each = (
        np.bincount(codes, encoded.weights * part, minlength=size) for part in (right, steps.anchor)
    )
    enough = each.sum() >= _PART * encoded.weights.sum()
    return bool(enough and held.sum() >= _ALL * each.sum() and (held >= _EACH * each).all())


def _sides(
    encoded: Encoded,
    column: int,
    steps: Sequence[Apart],
    protect: int,
) -> tuple[NDArray[np.int64], list[CellCoding | None]]:
    """Return what each row is coded by (0 itself, j the j-th anchor), and the anchors' codes."""
    coding = cells_of(encoded.encoding, column)
    own = encoded.codes[column]
    known = own < len(coding.first)
    plain = np.full(len(own), -np.inf)
    plain[known] = density(coding, encoded.mass(column))[own[known]]
    sides = np.full(len(own), -1)
    codings: list[CellCoding | None] = []
    for turn in range(_ROUNDS):
        share = np.bincount(sides[sides >= 0], minlength=len(steps) + 1) + 1.0
        logs = [plain + np.log(share[0] / share.sum())]
        codings = []
        for j, step in enumerate(steps, start=1):
            near, log = _fitted(encoded, step, step.both & ((sides == j) | (turn == 0)), protect)
            codings.append(near)
            log[~step.both] = -np.inf
            logs.append(log + np.log(share[j] / share.sum()))
        sides = np.argmax(np.stack(logs), axis=0)
    return sides, codings


def _fitted(
    encoded: Encoded, steps: Apart, fit: NDArray[np.bool_], protect: int
) -> tuple[CellCoding | None, Floats]:
    """Code the differences of the rows ``fit``, and return the log-density of all rows' ones."""
    diff = steps.points
    log = np.full(len(diff), -np.inf)
    if len(np.unique(encoded.persons[fit])) < 2 * protect:
        return None, log
    coding, codes = coded(diff[fit], encoded.persons[fit], protect)
    if not len(coding.first):
        return None, log
    mass = np.bincount(codes, encoded.weights[fit], minlength=coding.size).astype(np.float64)
    low, high = coding.span
    log = density(coding, mass)[coding.encode(diff)]
    few = persons_among(encoded.persons[fit]) < _SMALL * protect
    below, above = np.maximum(low - diff, 0), np.maximum(diff - high, 0)
    if few:
        return coding, log - _tail(below, coding.points[0]) - _tail(above, coding.points[-1])
    return coding, np.where(below + above > 0, -np.inf, log)


def _tail(outside: Points, width: np.int64) -> Floats:
    """Return how much less likely differences so far outside an end cell of a width are than in it.

    Of few persons, the ten at either end are many. Their differences come out as those of the end
    cell where that is likelier than the value by itself; what lies far off has no part in it,
    since a density that falls with the square of the distance is taken there.
    """
    return np.asarray(2 * np.log1p(outside / max(int(width), 1)), dtype=np.float64)
