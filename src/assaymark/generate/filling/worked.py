"""Worked: a column that is a sum, a product or years of others, worked out from what is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.relations.anchor_exact import Exact
from assaymark.generate.relations.anchor_sample import Sample
from assaymark.generate.relations.anchors import Anchor, Product, cells_of, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.generate.coding.cells import CellCoding
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.filling.cell_table import CellTable

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Worked", "find_worked"]

_EXACT, _FEWEST, _ALIKE = 0.995, 20, 0.98
_NOISE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worked:
    """A column that others make, wherever they are there.

    Attributes
    ----------
    anchor
        What makes it; its terms are places in ``names``.
    names
        The columns of the table.
    codings
        How the column and its parts are coded, which says their steps.
    room
        How many steps it may be off by rounding.
    """

    column: str
    anchor: Anchor
    names: tuple[str, ...]
    codings: Mapping[str, CellCoding]
    room: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return (self.column, *(self.names[j] for j, _ in self.anchor.terms))

    @property
    def text(self) -> str:
        """What it says, in words."""
        return f"{self.column} = {self.anchor.words(self.names)}"

    def says(self, cells: CellTable) -> Iterator[tuple[str, Floats]]:
        """Yield columns and what each must be in every row, NaN where that is not said.

        A part is said only where one step more or less would not do.
        """
        yield self.column, self.said(cells)
        for name, made in self.near(cells):
            grid = self.codings[name].grid
            step = grid.step / grid.scale if grid.scale else grid.width
            other = (self.broken(cells.put(name, made + s)) for s in (step, -step))
            yield name, np.where(np.logical_and(*other), made, np.nan)

    def near(self, cells: CellTable) -> Iterator[tuple[str, Floats]]:
        """Yield parts and one value each that would do in every row, NaN where none is found."""
        if isinstance(self.anchor, Product) or type(self.anchor) is Anchor:
            for k in range(len(self.anchor.terms)):
                yield self._part(cells, k)

    def said(self, cells: CellTable) -> Floats:
        """Return what the column is by what the others are."""
        return self._snapped(self.column, self.anchor.at(self._numbers(cells)))

    def broken(self, cells: CellTable) -> Bools:
        """Return where the column is further off than by rounding."""
        sums, own = self.anchor.at(self._numbers(cells)), cells.values[self.column]
        both = np.isfinite(sums) & np.isfinite(own)
        grid = self.codings[self.column].grid
        steps = np.abs(grid.index(np.where(both, sums, 0.0)) - grid.index(np.where(both, own, 0.0)))
        close = np.abs(np.where(both, sums - own, 0.0)) <= _NOISE * np.abs(np.where(both, own, 0.0))
        return np.asarray(both & (steps > self.room) & ~close, dtype=np.bool_)

    def _numbers(self, cells: CellTable) -> dict[int, Floats]:
        return {j: cells.values[self.names[j]] for j, _ in self.anchor.terms}

    def _snapped(self, column: str, values: Floats) -> Floats:
        known, grid = np.isfinite(values), self.codings[column].grid
        points = grid.index(np.where(known, values, 0.0))
        return np.where(known, np.asarray(grid.value(points), dtype=np.float64), np.nan)

    def _part(self, cells: CellTable, k: int) -> tuple[str, Floats]:
        """Return what one part must be by the column and the other parts."""
        (j, weight), column = self.anchor.terms[k], cells.values[self.column]
        name, numbers = self.names[j], self._numbers(cells)
        others = {i: v for i, v in numbers.items() if i != j}
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if isinstance(self.anchor, Product):
                start, slope = self.anchor.lines[k]
                one = {j: np.full(len(column), (1.0 - start) / slope)}
                ratio = (column - self.anchor.constant) / (
                    self.anchor.at({**others, **one}) - self.anchor.constant
                )
                found = (np.where(ratio > 0, ratio, np.nan) ** (1.0 / weight) - start) / slope
            else:
                rest = self.anchor.at({**others, j: np.zeros(len(column))})
                found = (column - rest) / weight
        made = self._snapped(name, found)
        wrong = self.broken(cells.put(name, made))
        return name, np.where(wrong, np.nan, made)


def find_worked(
    dataset: Dataset, encoded: Encoded, cells: CellTable, protect: int
) -> tuple[Worked, ...]:
    """Return the columns that others make in all rows in which all of them are there.

    As :class:`~assaymark.generate.relations.anchor_exact.Exact` finds them; one of the columns of
    each such set, that which is said most exactly.
    """
    numbers = numbers_of(dataset)
    exact = Exact.of(Sample.of(numbers, encoded, protect, gaps=True))
    exact.after()
    kept = list(exact.sample.numbers)
    codings = {dataset.schema.names[j]: cells_of(encoded.encoding, j) for j in kept}
    found: dict[frozenset[str], tuple[tuple[bool, bool, float, int], Worked]] = {}
    for x in kept:
        for anchor in _anchors(exact, x, kept):
            made = Worked(
                column=dataset.schema.names[x],
                anchor=anchor,
                names=dataset.schema.names,
                codings=codings,
                room=0,
            )
            right = _right(made, cells)
            made = replace(made, room=0 if right >= _EXACT else 1)
            worth = right >= _EXACT, anchor.whole, right, -len(made.text)
            key = frozenset(made.columns)
            if key not in found or worth > found[key][0]:
                found[key] = worth, made
    return tuple(w for _, w in found.values())


def _anchors(exact: Exact, x: int, kept: list[int]) -> Iterator[Anchor]:
    others = [y for y in kept if y != x]
    alike = [y for y in others if abs(exact.sample.related(x, y)) >= _ALIKE]
    for earlier in (others, *([y] for y in alike)):
        for anchor in exact.anchor(x, earlier):
            if exact.sample.measured(x) or anchor.whole:  # days of hours are off by one at the ends
                yield anchor
            if anchor.whole and len(earlier) > 1:
                yield from _instead(exact, x, anchor, earlier)


def _instead(exact: Exact, x: int, found: Anchor, earlier: list[int]) -> Iterator[Anchor]:
    """Yield sums without one of the parts: days until a death are those until last seen, too."""
    for left, _ in found.terms:
        rest = [y for y in earlier if y != left]
        yield from (a for a in exact.anchor(x, rest) if a.whole)


def _right(made: Worked, cells: CellTable) -> float:
    said, own = made.said(cells), cells.values[made.column]
    both = np.isfinite(said) & np.isfinite(own)
    if both.sum() < _FEWEST:
        return 0.0
    return float(1.0 - made.broken(cells)[both].mean())
