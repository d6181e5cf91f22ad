"""Anchors: what the values of a column lie at or near, such as a sum of other columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Column, Kind
from assaymark.generate.cells import CellCoding, fit_points

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.generate.encoding import Encoding

    Floats = NDArray[np.float64]

__all__ = [
    "Anchor",
    "Apart",
    "apart",
    "cells_of",
    "coded",
    "density",
    "numbers_of",
]

_LARGEST = 2.0**52
_ROUNDING = 1e-5  # so little says how halves are rounded, and is not worth a word
_DIFFERENCE = Column(name="difference", kind=Kind.INTEGER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A sum of columns with coefficients, and a constant.

    Attributes
    ----------
    terms
        Place of each column in the table, or in the chain, and its coefficient.
    """

    terms: tuple[tuple[int, float], ...]
    constant: float = 0.0

    def at(self, numbers: Mapping[int, Floats]) -> Floats:
        """Return the sum, NaN where one of its columns is missing; shape ``(n,)``."""
        total = sum((c * numbers[j] for j, c in self.terms), np.float64(self.constant))
        return np.asarray(total, dtype=np.float64)

    def moved(self, order: Sequence[int]) -> Anchor:
        """Return the same with each column's place in ``order``."""
        terms = tuple((order.index(j), c) for j, c in self.terms)
        return Anchor(terms=terms, constant=self.constant)

    def words(self, names: Sequence[str]) -> str:
        """Return the sum as a formula of the columns' ``names``, rounding left out."""
        parts = [
            f"{'-' if c < 0 else '+'} {'' if abs(c) == 1 else f'{abs(c):g} * '}{names[j]}"
            for j, c in self.terms
        ]
        if abs(self.constant) > _ROUNDING:
            parts.append(f"{'-' if self.constant < 0 else '+'} {abs(self.constant):g}")
        return " ".join(parts).removeprefix("+ ")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Apart:
    """How many points of a column's grid each of its values lies above an anchor.

    Attributes
    ----------
    points
        Shape ``(n,)``; 0 where the value or the anchor is missing.
    value, anchor
        Where they are there.
    """

    points: NDArray[np.int64]
    value: NDArray[np.bool_]
    anchor: NDArray[np.bool_]

    @property
    def both(self) -> NDArray[np.bool_]:
        """Where there is a difference."""
        return self.value & self.anchor

    def only(self, rows: NDArray[np.bool_]) -> Apart:
        """Return these rows alone."""
        return Apart(points=self.points[rows], value=self.value[rows], anchor=self.anchor[rows])


def apart(coding: CellCoding, numbers: Floats, anchor: Floats) -> Apart:
    """Return how far a column's values are from those of an anchor."""
    value, there = np.isfinite(numbers), np.isfinite(anchor)
    both = value & there
    mine, other = (coding.grid.index(np.where(both, v, 0.0)) for v in (numbers, anchor))
    return Apart(points=np.where(both, mine - other, 0), value=value, anchor=there)


def numbers_of(dataset: Dataset) -> dict[int, Floats]:
    """Return the values of numbers and dates by place in the table, NaN where missing.

    Columns with numbers that a float does not hold to the unit are left out.
    """
    found = {}
    for j, column in enumerate(dataset.schema.columns):
        if column.kind.ordered:
            values = dataset.frame[column.name].to_physical().cast(pl.Float64)
            numbers = values.fill_null(np.nan).to_numpy()
            if not (np.abs(numbers) > _LARGEST).any():
                found[j] = numbers
    return found


def cells_of(encoding: Encoding, column: int) -> CellCoding:
    """Return how a number or date is coded.

    Raises
    ------
    TypeError
        When the column is neither.
    """
    coding = encoding.codings[column]
    if not isinstance(coding, CellCoding):
        raise TypeError(f"column {coding.column.name!r} has no order")
    return coding


def coded(
    steps: NDArray[np.int64], persons: NDArray[np.int64], protect: int
) -> tuple[CellCoding, NDArray[np.int32]]:
    """Code differences, so that none of fewer than ``protect`` persons comes out."""
    return fit_points(_DIFFERENCE, steps, persons, protect)


def density(coding: CellCoding, mass: Floats) -> Floats:
    """Return the log of the share of each point of each code, shape ``(codes,)``."""
    known = mass[: len(coding.first)]
    share = known / max(float(known.sum()), 1e-12)
    return np.log(np.maximum(share, 1e-12)) - np.log(np.maximum(coding.points, 1))
