"""Rounded: a number with as many decimals as another column says, as a test does of its results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.coding.cells import CellCoding
from assaymark.generate.coding.levels import persons_per_code
from assaymark.generate.relations.anchored import Found
from assaymark.generate.relations.anchors import cells_of
from assaymark.generate.relations.derived import tells_values

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.coding.encoding import Coding, Encoded
    from assaymark.generate.trees.link import Link, Place

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["Decimals", "Rounded", "decimals_first", "find_rounded"]

_FEW = 3  # persons who may have more decimals, whom nobody is told from
_MOST_CODES, _MANY_DECIMALS = 1000, 10**6
_LOOK, _SOME, _ROUGHLY = 3000, 0.02, 0.1
_BY_CHANCE = 0.01
_FEWEST_VALUES, _OFTEN, _CLEAR = 5, 0.5, 0.8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decimals:
    """What says of which numbers a column's values are multiples.

    Attributes
    ----------
    source
        Place of the column whose code says it: in the table, or in the chain.
    steps
        By code of that one, in units of the last decimal: 10 of numbers with one decimal less.
    """

    source: int
    steps: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rounded:
    """A number that is drawn from its cells, then rounded as another column says.

    Attributes
    ----------
    link
        Draws a code of ``coding``.
    decimals
        To what; places are places in the chain.
    """

    coding: CellCoding
    link: Link
    decimals: Decimals

    def draw(self, drawn: Codes, place: Place, inside: Floats) -> Found:
        """Draw the values; see :meth:`Link.draw`."""
        known = len(self.coding.first)
        codes = np.empty(drawn.shape[1], dtype=np.int32)
        self.link.draw(drawn, place, codes, inside)
        null = codes >= known
        points = self.coding.points_of(np.where(null, 0, codes).astype(np.int32), inside)
        steps = self.decimals.steps[drawn[self.decimals.source]]
        for step in np.unique(steps[steps > 1]).tolist():
            rows = (steps == step) & ~null
            points[rows] = self._rounded(points[rows], step)
        return Found(coding=self.coding, points=np.where(null, 0, points), null=null)

    def _rounded(self, points: Whole, step: int) -> Whole:
        """Return the nearest points at multiples of a step that may come out."""
        grid = self.coding.grid
        low, high = (p * grid.step + grid.base for p in self.coding.span)
        first, last = -(-low // step), high // step
        if first > last:
            return points
        multiple = np.rint((points * grid.step + grid.base) / step).astype(np.int64)
        found = np.clip(multiple, first, last) * step
        return np.asarray((found - grid.base) // grid.step, dtype=np.int64)


def find_rounded(
    encoded: Encoded,
    numbers: dict[int, Floats],
    drawn: tuple[Sequence[int], Collection[int]],
    protect: int,
) -> dict[int, Decimals]:
    """Return, by place in the table, numbers of which another column says the decimals.

    A code of that one says that there are fewer than the column has if all have so few, but for
    three persons at most, and twice as many as protect a value are these, of five values; and if
    as many as have the code would by chance have so few in fewer than one table of a hundred,
    whichever pair of columns and code is looked at. With the other codes half of the values must
    have more, but for a fifth of the persons: not where people round as they like. Of several
    columns the one that says so of most.

    Parameters
    ----------
    drawn
        The columns in the order they are drawn, and those of which nothing is rounded.
    """
    free, said = drawn
    found = {}
    for x in free:
        coding = encoded.encoding.codings[x]
        if x in said or x not in numbers or not _decimal(coding):
            continue
        scale = cells_of(encoded.encoding, x).grid.scale
        likely = _likely(encoded, x, numbers[x], [y for y in free if y != x and y not in said])
        known = np.isfinite(numbers[x])
        whole = np.rint(numbers[x][known] * scale).astype(np.int64)
        tried = (
            (float(weight), Decimals(source=y, steps=steps))
            for y in likely
            for weight, steps in _told(encoded, (x, y), (known, whole), protect)
        )
        best = max(tried, key=lambda t: (t[0], -t[1].source), default=None)
        if best is not None:
            found[x] = best[1]
    return found


def decimals_first(
    free: Sequence[int], rounded: Mapping[int, Decimals], needs: Mapping[int, set[int]]
) -> tuple[int, ...]:
    """Let what says the decimals of a number come before it, or the number after that.

    As far as nothing comes before what it ``needs``; some numbers may stay where they are.
    """
    moved = list(free)
    for x, told in rounded.items():
        at, source = moved.index(x), moved.index(told.source)
        if source < at:
            continue
        if not needs.get(told.source, set()) & {*moved[at:source]}:
            moved.insert(at, moved.pop(source))
        elif not any(x in needs.get(y, set()) for y in moved[at : source + 1]):
            moved.insert(source, moved.pop(at))
    return tuple(moved)


def _decimal(coding: Coding) -> bool:
    if not isinstance(coding, CellCoding) or coding.column.kind is not Kind.DECIMAL:
        return False
    some = 10 <= coding.grid.scale < _MANY_DECIMALS  # more are what 32 bits are off by
    return some and 10 % coding.grid.step == 0


def _levels(encoded: Encoded, y: int) -> bool:
    coding = encoded.encoding.codings[y]
    return 1 < coding.size <= _MOST_CODES and tells_values(coding)


def _likely(encoded: Encoded, x: int, numbers: Floats, among: Sequence[int]) -> list[int]:
    """Return the columns with a code that, in a first look, says more than chance would."""
    look, grid = encoded.glance(_LOOK), cells_of(encoded.encoding, x).grid
    known = np.isfinite(numbers[look])
    fine = np.rint(numbers[look][known] * grid.scale).astype(np.int64) % 10 != 0
    coarse, found = 1.0 - float(fine.mean() if len(fine) else 0.0), []
    for y in (y for y in among if 0.0 < coarse < 1.0 and _levels(encoded, y)):
        codes, size = encoded.codes[y, look][known], encoded.encoding.codings[y].size
        whose = encoded.persons[look][known]
        total = persons_per_code(codes, whose, size)
        finer = persons_per_code(codes[fine], whose[fine], size)
        few = (finer <= _FEW + _SOME * total) & (size * coarse ** (total - finer) < _ROUGHLY)
        if few.any() and ((finer >= _OFTEN * total) & (total > 0)).any():
            found.append(y)
    return found


def _told(
    encoded: Encoded,
    pair: tuple[int, int],
    values: tuple[NDArray[np.bool_], Whole],
    protect: int,
) -> Iterator[tuple[float, NDArray[np.int64]]]:
    """Yield of how many a column says that they have fewer decimals, and how many, if of any."""
    (x, y), (known, whole) = pair, values
    codings = encoded.encoding.codings
    size, scale = codings[y].size, cells_of(encoded.encoding, x).grid.scale
    tries = size * len(codings) ** 2
    here = np.flatnonzero(known & ~encoded.redrawn[y])
    codes, persons = encoded.codes[y, here], encoded.persons[here]
    kept = whole[~encoded.redrawn[y][known]]
    people = persons_per_code(codes, persons, size)
    steps, step = np.ones(size, dtype=np.int64), 10
    while step <= scale:
        fine = kept % step != 0
        finer = persons_per_code(codes[fine], persons[fine], size)
        chance = tries * (1.0 - float(fine.mean() if len(fine) else 0.0)) ** people
        few = (finer <= _FEW) & (people - finer >= 2 * protect) & (chance < _BY_CHANCE)
        more, clear = finer >= _OFTEN * people, _CLEAR * people.sum()
        if few.any() and more.any() and people[few | more].sum() >= clear:
            few &= _values(codes[~fine], kept[~fine], size) >= _FEWEST_VALUES
            if people[few | more].sum() >= clear:
                steps[few] = step
        step *= 10
    weight = float(encoded.weights[here][steps[codes] > 1].sum())
    if weight > 0:
        yield weight, steps


def _values(codes: Codes, whole: Whole, size: int) -> NDArray[np.int64]:
    """Return how many values go with each code."""
    pairs = np.unique(np.stack([codes.astype(np.int64), whole]), axis=1)
    return np.bincount(pairs[0], minlength=size)
