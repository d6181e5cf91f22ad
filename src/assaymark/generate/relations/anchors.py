"""Anchors: what the values of a column lie at or near, such as a sum of other columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.compiled import compiled
from assaymark.core.schema import Kind
from assaymark.generate.coding.cells import CellCoding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.generate.coding.encoding import Encoding

    Floats = NDArray[np.float64]

__all__ = [
    "BASES",
    "Anchor",
    "Apart",
    "Logarithm",
    "Product",
    "apart",
    "cells_of",
    "natural_log",
    "noise_of",
    "numbers_of",
]

_LARGEST = 2.0**52
_BEYOND = 2.0**62
_LAST_OF_64, _LAST_OF_32 = 2.0**-48, 2.0**-22
_WHOLE_32 = 2.0**24
_SMALL = 0.01
_MANY_DECIMALS = 10**6
_ROOT_HALF, _LOG_2, _SERIES = 0.7071067811865476, 0.6931471805599453, 23

BASES = {"": 1.0, "10": 0.4342944819032518, "2": 1.4426950408889634}
"""What a natural logarithm is multiplied by for one to each base."""
_ROUNDING = 1e-5  # so little says how halves are rounded, and is not worth a word
_PLAIN = 1, 86_400e6  # a date as a moment is a multiple of it
_UNITS = {60_000_000: "1 min", 3_600_000_000: "1 h", 86_400_000_000: "1 day"}


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
        return replace(self, terms=tuple((order.index(j), c) for j, c in self.terms))

    @property
    def whole(self) -> bool:
        """Whether it says whole numbers of whole numbers, so that nothing is rounded."""
        return not any(c % 1 for _, c in self.terms)

    def words(self, names: Sequence[str]) -> str:
        """Return the sum as a formula of the columns' ``names``, rounding left out.

        A small part of a difference, such as hours of microseconds, as what it is divided by.
        """
        sizes = {abs(c) for _, c in self.terms}
        if len(sizes) == 1 and len(self.terms) > 1 and max(sizes) <= _SMALL:
            first = sorted(self.terms, key=lambda t: t[1] < 0)
            whole = Anchor(terms=tuple((j, float(np.sign(c))) for j, c in first)).words(names)
            size = 1 / max(sizes)
            unit = _UNITS.get(round(size), f"{size:.12g}")
            return " ".join([f"({whole}) / {unit}", *self._added])
        parts = [f"{'-' if c < 0 else '+'} {_times(abs(c))}{names[j]}" for j, c in self.terms]
        return " ".join([*parts, *self._added]).removeprefix("+ ")

    @property
    def _added(self) -> list[str]:
        if abs(self.constant) <= _ROUNDING:
            return []
        return [f"{'-' if self.constant < 0 else '+'} {abs(self.constant):g}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Anchor):
    """Powers of columns multiplied, such as a price times a quantity, or weight by height squared.

    Attributes
    ----------
    terms
        Place of each column, and its power: a multiple of a half.
    lines
        What of each column is taken to that power, as a constant and a multiple of the column:
        0 and 1 for itself, 1 and -1 for what a discount leaves.
    factor
        What all is multiplied by, before the constant is added.
    """

    lines: tuple[tuple[float, float], ...]
    factor: float = 1.0

    def at(self, numbers: Mapping[int, Floats]) -> Floats:
        """Return the product, NaN where a column is missing or divides by 0; shape ``(n,)``."""
        n = len(numbers[self.terms[0][0]])
        over, under = np.full(n, self.factor), np.ones(n)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for (j, power), (start, slope) in zip(self.terms, self.lines, strict=True):
                raised = _raised(numbers[j] if not start else start + slope * numbers[j], power)
                over, under = (over * raised, under) if power > 0 else (over, under * raised)
            found = np.asarray(over / under + self.constant, dtype=np.float64)
        return np.where(np.isfinite(found), found, np.nan)

    @property
    def whole(self) -> bool:
        """Whether it says whole numbers of whole numbers."""
        plain = all(p > 0 and not p % 1 and not a for (_, p), (a, _) in self._parts)
        return plain and not self.factor % 1

    @property
    def _parts(self) -> tuple[tuple[tuple[int, float], tuple[float, float]], ...]:
        return tuple(zip(self.terms, self.lines, strict=True))

    def words(self, names: Sequence[str]) -> str:
        """Return the product as a formula of the columns' ``names``, rounding left out."""
        factor = [] if self.factor == 1 else [f"{self.factor:g}"]
        over = [_power(_line(names[j], line), p) for (j, p), line in self._parts if p > 0]
        under = [_power(_line(names[j], line), -p) for (j, p), line in self._parts if p < 0]
        return " / ".join([" * ".join([*factor, *over]) or "1", *under])


@dataclass(frozen=True, slots=True, kw_only=True)
class Logarithm(Anchor):
    """A logarithm of a column, to any base.

    Attributes
    ----------
    terms
        Place of the column, and what its natural logarithm is multiplied by.
    shift
        What is added to the column before.
    """

    shift: float = 0.0

    def at(self, numbers: Mapping[int, Floats]) -> Floats:
        """Return the logarithm, NaN where the column is missing or too low; shape ``(n,)``."""
        ((j, factor),) = self.terms
        return np.asarray(self.constant + factor * natural_log(numbers[j] + self.shift))

    @property
    def whole(self) -> bool:
        """Logarithms are rounded."""
        return False

    def words(self, names: Sequence[str]) -> str:
        """Return a formula of the columns' ``names``, rounding left out."""
        ((j, factor),) = self.terms
        base = next((b for b, f in BASES.items() if f == abs(factor)), None)
        size = f"{factor:g} * " if base is None else "-" * (factor < 0)
        base = base or ""
        inside = f"{names[j]} + {self.shift:g}" if self.shift else names[j]
        added = f" {'-' if self.constant < 0 else '+'} {abs(self.constant):g}"
        return f"{size}log{base}({inside}){added if abs(self.constant) > _ROUNDING else ''}"


def natural_log(values: Floats) -> Floats:
    """Return natural logarithms to the last bits, the same on every machine; NaN of 0 and less.

    Of a number between .7 and 1.4 times a power of two, by the series of the inverse hyperbolic
    tangent.
    """
    safe = np.where(np.isfinite(values) & (values > 0), values, np.nan)
    part, power = np.frexp(safe)
    small = part < _ROOT_HALF
    part, power = np.where(small, 2 * part, part), power - small
    ratio = (part - 1) / (part + 1)
    square = ratio * ratio
    total = np.zeros(len(ratio))
    for odd in range(_SERIES, 0, -2):
        total = total * square + 1.0 / odd
    return np.asarray(2 * ratio * total + power * _LOG_2, dtype=np.float64)


def _raised(base: Floats, power: float) -> Floats:
    """Return ``base`` to the size of ``power``, the same on every machine."""
    out = np.sqrt(base) if abs(power) % 1 else np.ones(len(base))
    for _ in range(int(abs(power))):
        out = out * base
    return out


def _times(size: float) -> str:
    """Return what a column is multiplied by, as words before it."""
    return "" if size in _PLAIN else f"{_UNITS.get(round(size), f'{size:g}')} * "


def _line(name: str, line: tuple[float, float]) -> str:
    start, slope = line
    if not start:
        return name
    size = "" if abs(slope) == 1 else f"{abs(slope):g} * "
    return f"({start:g} {'-' if slope < 0 else '+'} {size}{name})"


def _power(base: str, power: float) -> str:
    return base if power == 1 else f"{base}^{power:g}"


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
    """Return how far a column's values are from those of an anchor.

    What a number of 32 or 64 bits is off by where it is worked out is no distance.
    """
    value, there = np.isfinite(numbers), np.isfinite(anchor)
    both = value & there
    noise, grid = noise_of(coding), coding.grid
    points = np.zeros(len(numbers), dtype=np.int64)
    if grid.scale and not grid.clock:
        known = (float(grid.scale), float(grid.base), float(grid.step)), noise
        _points_apart(numbers, anchor, both, known, points)
    else:
        mine, other = (grid.index(v[both]) for v in (numbers, anchor))
        same = np.abs(numbers[both] - anchor[both]) <= noise * np.abs(numbers[both])
        points[both] = np.where(same, 0, mine - other)
    return Apart(points=points, value=value, anchor=there)


@compiled
def _points_apart(
    numbers: Floats,
    anchor: Floats,
    both: NDArray[np.bool_],
    known: tuple[tuple[float, float, float], float],
    out: NDArray[np.int64],
) -> None:
    grid, noise = known
    for i in range(len(out)):
        if both[i] and not abs(numbers[i] - anchor[i]) <= noise * abs(numbers[i]):
            out[i] = _point(numbers[i], grid) - _point(anchor[i], grid)


@compiled
def _point(value: float, grid: tuple[float, float, float]) -> int:
    """Return the point of a grid at which a value is, as ``Grid.index`` does."""
    scale, base, step = grid
    at = np.rint((np.rint(value * scale) - base) / step)
    return int(min(max(at, -_BEYOND), _BEYOND))


def noise_of(coding: CellCoding) -> float:
    """Return of which share of itself a column's number may be off where it was worked out.

    Of numbers on no grid, the last bits of 64; of those with many decimals, the last of 32.
    """
    grid = coding.grid
    if grid.scale == 0:
        return _LAST_OF_64
    if grid.scale < _MANY_DECIMALS:
        return 0.0
    most = max(abs(float(grid.value(np.array([end]))[0])) for end in coding.span)
    return _LAST_OF_32 if most < _WHOLE_32 else 0.0


def numbers_of(dataset: Dataset) -> dict[int, Floats]:
    """Return the values of numbers and dates by place in the table, NaN where missing.

    Columns with numbers that a float does not hold to the unit are left out. Of moments the unit
    is what they are multiples of: a float holds whole seconds for thousands of years.
    """
    found = {}
    for j, column in enumerate(dataset.schema.columns):
        if column.kind.ordered:
            values = dataset.frame[column.name].to_physical()
            numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
            unit = _unit(values) if column.kind is Kind.DATETIME else 1
            if not (np.abs(numbers) > _LARGEST * unit).any():
                found[j] = numbers
    return found


def _unit(whole: pl.Series) -> int:
    """Return the largest power of two that all whole numbers are multiples of; 64 of seconds."""
    bits = int(np.bitwise_or.reduce(whole.drop_nulls().to_numpy().astype(np.int64)))
    return bits & -bits or 1


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
