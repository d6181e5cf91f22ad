"""Besides: columns beside a table's own while gaps are filled: differences, and sameness."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Column, Kind
from assaymark.generate.filling.cell_table import CellTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.filling.in_order import InOrder
    from assaymark.generate.filling.numerals import Numerals

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Between", "Sameness", "beside", "find_between", "find_sameness"]

_FEWEST, _ALWAYS, _BEYOND_CHANCE, _BEYOND_OF_NUMBERS = 30, 0.99, 0.2, 0.05
_FEWEST_LEVELS, _MANY = 3, 20
_DIGITS, _MOST = 9, 12
_DATES, _NARROWER = (Kind.DATE, Kind.DATETIME), 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """A column ``name`` beside the table's: how far ``high`` is above ``low``."""

    name: str
    low: str
    high: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return self.name, self.low, self.high

    @property
    def text(self) -> str:
        """What it says, in words."""
        return f"{self.name} lies between them"

    def says(self, cells: CellTable) -> Iterator[tuple[str, Floats]]:
        """Yield columns and what each must be in every row, NaN where that is not said."""
        step, low, high = (cells.values[c] for c in self.columns)
        yield self.name, np.round(high - low, _DIGITS)
        yield self.high, np.round(low + step, _DIGITS)
        yield self.low, np.round(high - step, _DIGITS)

    def broken(self, cells: CellTable) -> Bools:
        """Return where it is not what lies between the two."""
        step, low, high = (cells.values[c] for c in self.columns)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.abs(high - low - step) > 10.0**-_DIGITS * 2, dtype=np.bool_)

    def column(self, cells: CellTable) -> Column:
        """Return what it holds."""
        decimal = Kind.DECIMAL in (cells.kinds[self.low], cells.kinds[self.high])
        return Column(name=self.name, kind=Kind.DECIMAL if decimal else Kind.INTEGER)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sameness:
    """A column ``name`` beside the table's: whether ``one`` is the same as ``other``.

    Attributes
    ----------
    places
        Of categories, the place of each level of ``other`` among those of ``one``, -1 if none.
    """

    name: str
    one: str
    other: str
    places: Floats | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return self.name, self.one, self.other

    @property
    def text(self) -> str:
        """What it says, in words."""
        return f"{self.one} is {self.other} as often as in the table"

    def says(self, cells: CellTable) -> Iterator[tuple[str, Floats]]:
        """Yield columns and what each must be in every row, NaN where that is not said."""
        flag, one, other = (cells.values[c] for c in self.columns)
        there = self._moved(other)
        both = np.isfinite(one) & np.isfinite(there)
        yield self.name, np.where(both, (one == there).astype(np.float64), np.nan)
        yield self.one, np.where((flag == 1) & (there >= 0), there, np.nan)
        back = one if self.places is None else self._back(one)
        yield self.other, np.where(flag == 1, back, np.nan)

    def broken(self, cells: CellTable) -> Bools:
        """Return where it does not say whether the two are the same."""
        flag, one, other = (cells.values[c] for c in self.columns)
        there = self._moved(other)
        known = np.isfinite(flag) & np.isfinite(one) & np.isfinite(there)
        return np.asarray(known & ((one == there) != (flag == 1)), dtype=np.bool_)

    def column(self, cells: CellTable) -> Column:
        """Return what it holds."""
        del cells
        return Column(name=self.name, kind=Kind.BOOLEAN)

    def _moved(self, other: Floats) -> Floats:
        if self.places is None:
            return other
        known = np.isfinite(other)
        return np.where(known, self.places[np.where(known, other, 0).astype(np.int64)], np.nan)

    def _back(self, one: Floats) -> Floats:
        places = self.places if self.places is not None else np.empty(0)
        back = {p: float(i) for i, p in enumerate(places.tolist()) if p >= 0}
        return np.array([back.get(v, np.nan) for v in one.tolist()], dtype=np.float64)


def find_between(
    cells: CellTable, orders: Sequence[InOrder], told: Sequence[frozenset[str]]
) -> list[Between]:
    """Return what lies between columns in order, twelve at most, but for those already ``told``.

    Of numbers, only where that varies less than either: a discount is below the net amount since
    it is small, and what lies between them is the net amount again.
    """
    open_ = [o for o in orders if not any({o.low, o.high} <= t for t in told) and _near(cells, o)]
    return [Between(name=f"{o.high} minus {o.low}", low=o.low, high=o.high) for o in open_[:_MOST]]


def _near(cells: CellTable, order: InOrder) -> bool:
    """Whether two columns are of one kind, and dates, or numbers that go up and down together."""
    low, high = (cells.values[c] for c in order.columns)
    if cells.kinds[order.low] is not cells.kinds[order.high] or order.low in cells.levels:
        return False
    if cells.kinds[order.low] in _DATES:
        return True
    both = np.isfinite(low) & np.isfinite(high)
    if not both.any():
        return False
    least = min(_width(low[both]), _width(high[both]))
    return _width(high[both] - low[both]) < _NARROWER * least


def _width(values: Floats) -> float:
    """Return between which values nine of ten lie, so that few outliers do not count."""
    low, high = np.quantile(values, (0.05, 0.95))
    return float(high - low)


def find_sameness(
    cells: CellTable, names: Sequence[str], told: Sequence[frozenset[str]]
) -> list[Sameness]:
    """Return which columns often have the level or number of another, but for those ``told``.

    Far more often than by chance (Cohen's kappa of .2, of numbers of many values of .05), in
    thirty rows at least; not if always.
    """
    best: dict[str, tuple[float, Sameness]] = {}
    for a, b in combinations(names, 2):
        if any({a, b} <= t for t in told) or cells.kinds[a] is not cells.kinds[b]:
            continue
        made = _same(cells, a, b)
        if made is not None and (b not in best or made[0] > best[b][0]):
            best[b] = made
    return [s for _, s in sorted(best.values(), key=lambda t: -t[0])[:_MOST]]


def _same(cells: CellTable, other: str, one: str) -> tuple[float, Sameness] | None:
    places = None
    if one in cells.levels:
        if cells.kinds[one] is Kind.BOOLEAN:
            return None
        place = {level: float(i) for i, level in enumerate(cells.levels[one])}
        places = np.array([place.get(level, -1.0) for level in cells.levels[other]])
        if (places >= 0).sum() < _FEWEST_LEVELS:
            return None
    found = Sameness(name=f"{one} is {other}", one=one, other=other, places=places)
    theirs, own = found._moved(cells.values[other]), cells.values[one]
    both = np.isfinite(theirs) & np.isfinite(own)
    values, held = np.unique(own[both], return_counts=True)
    if both.sum() < _FEWEST or (places is None and len(values) < _MANY):
        return None
    equal = own[both] == theirs[both]
    share = {v: n / both.sum() for v, n in zip(values.tolist(), held.tolist(), strict=True)}
    chance = float(np.mean([share.get(v, 0.0) for v in theirs[both].tolist()]))
    often = float(equal.mean())
    beyond = (often - chance) / max(1 - chance, 1e-9)
    least = _BEYOND_OF_NUMBERS if places is None else _BEYOND_CHANCE
    if equal.sum() < _FEWEST or often >= _ALWAYS or beyond < least:
        return None
    return beyond, found


def beside(cells: CellTable, more: Sequence[Between | Sameness | Numerals]) -> CellTable:
    """Return the cells of the columns beside, where they follow."""
    for one in more:
        column = one.column(cells)
        blank = np.full(cells.n, np.nan)
        levels: dict[str, tuple[str | bool, ...]] = {}
        if not isinstance(one, Between):
            levels[one.name] = (False, True) if isinstance(one, Sameness) else one.levels
        cells = cells.also(
            CellTable(values={one.name: blank}, levels=levels, kinds={one.name: column.kind})
        )
        said = dict(one.says(cells))[one.name]
        cells = cells.put(one.name, said)
    return cells
