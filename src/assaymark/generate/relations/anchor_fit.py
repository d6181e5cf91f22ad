"""Anchor fit: whether rows are coded by themselves or by their difference from an anchor."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from assaymark.generate.coding.levels import persons_among
from assaymark.generate.relations.against import against
from assaymark.generate.relations.anchor_days import DAY, Days
from assaymark.generate.relations.anchor_years import Years
from assaymark.generate.relations.anchored import Anchored, Near, Sum
from assaymark.generate.relations.anchors import Anchor, cells_of
from assaymark.generate.relations.densities import coded, density, density_at
from assaymark.generate.trees.classes import Cut, cut_of, merged
from assaymark.generate.trees.known import Target, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.coding.cells import CellCoding
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.relations.anchors import Apart
    from assaymark.generate.trees.link import Link

    Points = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["Grow", "anchored", "date_reach", "reach_of"]

_EACH, _PART = 0.9, 0.2
_ROUNDS = 3
_GROUPS = 12
_SMALL = 100  # times those who must stand behind a value


class Grow(Protocol):
    """Grows the trees of what is to be drawn, from some of the rows or all."""

    def __call__(self, target: Target, rows: NDArray[np.bool_] | None) -> Link:
        """Return what draws ``target``, whose codes are those of these rows."""
        ...


def anchored(
    encoded: Encoded,
    column: int,
    steps: Mapping[Anchor, Apart],
    how: tuple[int, int],
    grow: Grow,
    *,
    gaps: bool = False,
) -> Sum | Anchored | Link:
    """Return what draws a column that has anchors.

    Rows in which none of them is there have trees of their own, where persons enough have them:
    what goes with the missing one would else be drawn beside one that is there, too.

    Parameters
    ----------
    steps
        The anchors, the best first, and how far the values are from each.
    how
        Persons who must stand behind a difference, and classes that pools tell apart.
    grow
        Grows the trees of what is to be drawn, from some of the rows or all.
    gaps
        Whether the column may be missing where what it is worked out from is there.
    """
    coding = cells_of(encoded.encoding, column)
    first = next(iter(steps))
    gaps = gaps or isinstance(first, Years | Days)
    if _says_all(encoded, column, steps[first], 2 * how[0] if gaps else None):
        needed = (steps[first].value & ~steps[first].anchor).any()
        otherwise = grow(target_of(encoded, column, how[1]), None) if needed else None
        gone = _gone(encoded, steps[first], how[0], grow) if gaps else None
        empty = type(first) is not Anchor and (otherwise is not None or coding.missing)
        return Sum(coding=coding, anchor=first, otherwise=otherwise, gone=gone, empty=empty)
    there = np.any([s.anchor for s in steps.values()], axis=0)
    if not _enough(encoded, there, how[0]) or not _enough(encoded, ~there, how[0]):
        return _mixed(encoded, column, steps, how, partial(grow, rows=None))
    part = {a: s.only(there) for a, s in steps.items()}
    found = _mixed(encoded.only(there), column, part, how, partial(grow, rows=there))
    if not isinstance(found, Anchored):
        return grow(target_of(encoded, column, how[1]), None)
    alone = replace(target_of(encoded.only(~there), column, how[1]), scores=None)
    return replace(found, otherwise=grow(alone, ~there))


def _gone(encoded: Encoded, steps: Apart, protect: int, grow: Grow) -> Link | None:
    """Return what draws where a column is missing that its anchor would say, if it is of enough."""
    missing = steps.anchor & ~steps.value
    if persons_among(encoded.persons[missing]) < protect:
        return None
    here = steps.anchor
    codes = missing[here].astype(np.int32)
    mass = np.bincount(codes, encoded.weights[here], minlength=2).astype(np.float64)
    both = np.arange(2, dtype=np.int32)
    return grow(Target(codes=codes, mass=mass, cut=Cut(classes=both, groups=both)), here)


def _enough(encoded: Encoded, rows: NDArray[np.bool_], protect: int) -> bool:
    """Whether pools can be filled from some rows."""
    return persons_among(encoded.persons[rows]) >= 2 * protect


def _mixed(
    encoded: Encoded,
    column: int,
    steps: Mapping[Anchor, Apart],
    how: tuple[int, int],
    grow: Callable[[Target], Link],
) -> Anchored | Link:
    """Return what draws each row by itself or by its difference from one of the anchors."""
    coding = cells_of(encoded.encoding, column)
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
    alone = _some_alone(encoded, sides == 0, [s.both for s in steps.values()], how[0])
    return Anchored(coding=coding, near=near, link=link, alone=alone) if near else link


def _some_alone(
    encoded: Encoded, own: NDArray[np.bool_], both: Sequence[NDArray[np.bool_]], protect: int
) -> bool:
    """Whether more than 0.2 % of the persons lie near no anchor although one is there.

    And as many as protect a value: of a few hundred, one would be more than that.
    """
    there = np.any(both, axis=0)
    if persons_among(encoded.persons[own & there]) < protect:
        return False
    far = float(encoded.weights[own & there].sum())
    return far > against(float(encoded.weights[there].sum()))


def reach_of(
    encoded: Encoded, column: int, anchors: Sequence[Anchor], protect: int
) -> tuple[int, int] | None:
    """Return between which points a column of few persons may come out, if not its own outermost.

    What other columns that it lies near come out as may: of thirty persons who died the outermost
    twenty are cut off, but none of these of a hundred who were discharged.
    """
    coding = cells_of(encoded.encoding, column)
    known = encoded.codes[column] < len(coding.first)
    if persons_among(encoded.persons[known]) >= _SMALL * protect:
        return None
    spans = [coding.span]
    for anchor in anchors:
        if type(anchor) is Anchor and [c for _, c in anchor.terms] == [1.0] and not anchor.constant:
            other = cells_of(encoded.encoding, anchor.terms[0][0])
            low, high = coding.grid.index(other.grid.value(np.array(other.span))).tolist()
            spans.append((low, high))
    return min(low for low, _ in spans), max(high for _, high in spans)


def date_reach(
    own: CellCoding, near: Sequence[Near], others: Mapping[int, tuple[float, float]]
) -> tuple[int, int]:
    """Return between which points a date may come out: where those it is near and the days do.

    Both ends of those and of the days between are of persons enough. A date cut off at its own
    outermost values would lie further from the other than anybody's.

    Parameters
    ----------
    others
        Between which numbers the columns come out that it is near, by their place.
    """
    spans = [own.span]
    for part in near:
        if len(part.anchor.terms) == 1 and type(part.anchor) in (Anchor, Days):
            j = part.anchor.terms[0][0]
            ends = part.anchor.at({j: np.array(others[j])})
            at = own.grid.index(ends) + np.array(part.coding.span)
            spans.append((int(at[0]), int(at[1])))
    return min(low for low, _ in spans), max(high for _, high in spans)


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


def _says_all(encoded: Encoded, column: int, steps: Apart, fewest: int | None) -> bool:
    """Whether an anchor is the value wherever it is there itself, for a fifth of the persons.

    Or wherever both are there, for ``fewest`` persons, if this is given. That is, for all
    persons but those who may be :func:`against` a rule, and for nine in ten of each code.
    """
    codes, size = encoded.codes[column], encoded.encoding.codings[column].size
    right = steps.both & (steps.points == 0)
    there = steps.anchor if fewest is None else steps.both
    held, each = (
        np.bincount(codes, encoded.weights * part, minlength=size) for part in (right, there)
    )
    enough = each.sum() >= _PART * encoded.weights.sum()
    if fewest is not None:
        enough = persons_among(encoded.persons[right]) >= fewest
    wrong = float(each.sum() - held.sum())
    return bool(enough and wrong <= against(float(each.sum())) and (held >= _EACH * each).all())


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
            here = step.both & ((sides == j) | (turn == 0))
            near, log = _fitted(encoded, step, here, protect, ends=coding.column.kind in DAY)
            codings.append(near)
            log[~step.both] = -np.inf
            logs.append(log + np.log(share[j] / share.sum()))
        sides = np.argmax(np.stack(logs), axis=0)
    return sides, codings


def _fitted(
    encoded: Encoded, steps: Apart, fit: NDArray[np.bool_], protect: int, *, ends: bool
) -> tuple[CellCoding | None, Floats]:
    """Code the differences of the rows ``fit``, and return the log-density of all rows' ones.

    What lies outside the outermost ones is taken for these where it is likely, of few persons or
    with ``ends``: of dates, since one by itself lies years off.
    """
    diff = steps.points
    log = np.full(len(diff), -np.inf)
    if len(np.unique(encoded.persons[fit])) < 2 * protect:
        return None, log
    coding, codes = coded(diff[fit], encoded.persons[fit], protect)
    if not len(coding.first):
        return None, log
    mass = np.bincount(codes, encoded.weights[fit], minlength=coding.size).astype(np.float64)
    few = persons_among(encoded.persons[fit]) < _SMALL * protect
    return coding, density_at(coding, density(coding, mass), diff, ends=few or ends)
