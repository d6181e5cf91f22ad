"""Reasons: why a column must be missing, by what another says, judged where that is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.schema import Kind
    from assaymark.generate.filling.cell_table import CellTable

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Reason", "absent", "find_reasons", "present"]

_FEW_VALUES, _MOST_LEVELS = 20, 200
_FEWEST, _BY_CHANCE, _AGAINST = 10, 1e-4, 0.01
_SOME = 0.05  # of the rows where nothing speaks against it have the column, at least


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reason:
    """A column is missing where another has certain levels, or lies below or above a value.

    Attributes
    ----------
    levels
        The values of ``source`` with which nobody has a value of ``column``; sorted.
    below, above
        Beyond which values of ``source`` nobody has.
    rest
        The other values of a source of few.
    rate
        Which share of the column is missing where it need not be.
    """

    column: str
    source: str
    levels: Floats
    rest: Floats
    below: float = -np.inf
    above: float = np.inf
    rate: float

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return self.column, self.source

    @property
    def text(self) -> str:
        """What it says, in words."""
        return f"{self.column} is missing because of {self.source}"

    def must(self, source: Floats) -> Bools:
        """Return with which values of the source the column must be missing."""
        if len(self.levels):
            return np.isin(source, self.levels)
        with np.errstate(invalid="ignore"):
            return np.asarray((source < self.below) | (source > self.above), dtype=np.bool_)

    def says(self, cells: CellTable) -> Iterator[tuple[str, Floats]]:
        """Yield the source where the column is there and only one value allows that."""
        if len(self.rest) == 1 and len(self.levels):
            yield self.source, np.where(cells.known(self.column), self.rest[0], np.nan)

    def broken(self, cells: CellTable) -> Bools:
        """Return where the column is there although it must be missing."""
        return cells.known(self.column) & self.must(cells.values[self.source])

    def words(self, cells: CellTable) -> str:
        """Return when the column is missing."""
        if not len(self.levels):
            kind = cells.kinds[self.source]
            ends = ((self.below, "is below"), (self.above, "is above"))
            told = [f"{what} {_value(v, kind)}" for v, what in ends if np.isfinite(v)]
            return f"{self.source} {' or '.join(told)}"
        names = cells.levels.get(self.source)
        said = [str(names[int(v)]) if names else f"{v:g}" for v in self.levels.tolist()]
        more = f" and {len(said) - 3} more" if len(said) > 4 else ""
        return f"{self.source} is {', '.join(said[: 3 if more else 4])}{more}"


def absent(reasons: Sequence[Reason], cells: CellTable) -> dict[str, Bools]:
    """Return by column where it must be missing, as far as the cells that are there say."""
    found: dict[str, Bools] = {}
    for r in reasons:
        must = r.must(cells.values[r.source])
        found[r.column] = found[r.column] | must if r.column in found else must
    return found


def present(reasons: Sequence[Reason], cells: CellTable) -> dict[str, Bools]:
    """Return by column with reasons where all of these are known, and none says it is missing."""
    found: dict[str, Bools] = {}
    for r in reasons:
        open_ = cells.known(r.source) & ~r.must(cells.values[r.source])
        found[r.column] = found[r.column] & open_ if r.column in found else open_
    return found


def find_reasons(cells: CellTable, names: Sequence[str]) -> tuple[Reason, ...]:
    """Return why columns among ``names`` are missing.

    A value of another column is a reason if nobody who has it has the column (one in a hundred by
    mistake), where gaps as frequent as elsewhere would leave so many rows without it by chance
    less than once in ten thousand, all that is looked at counted. Of numbers and dates of many
    values, so are all below or above a value.
    """
    gappy = [x for x in names if 0 < cells.known(x).sum() < cells.n]
    tests = max(len(gappy) * len(names), 1)
    return tuple(r for x in gappy for r in _of_one(cells, x, names, tests))


def _of_one(cells: CellTable, x: str, names: Sequence[str], tests: int) -> list[Reason]:
    """Return the reasons for one column, that of most rows first, levels before thresholds.

    Each further one is judged by the rows in which those before it do not say that the column is
    missing: men are taller, so that tall people are not a reason of their own.
    """
    found: list[Reason] = []
    open_ = np.ones(cells.n, dtype=np.bool_)
    for few in (True, False):
        sources = [y for y in names if y != x and _is_few(cells, y) is few]
        while sources:
            made = {y: _reason(cells, (x, y), open_, tests) for y in sources}
            held = {y: r for y, r in made.items() if r is not None}
            if not held:
                break
            rows = {y: int((r.must(cells.values[y]) & open_).sum()) for y, r in held.items()}
            best = max(held, key=lambda y: rows[y])
            found.append(held[best])
            sources = [y for y in held if y != best]
            open_ &= cells.known(best) & ~held[best].must(cells.values[best])
    need = cells.known(x)[open_]
    rate = 1.0 - float(need.mean()) if len(need) else 0.0
    return [replace(r, rate=rate) for r in found]


def _is_few(cells: CellTable, y: str) -> bool:
    if y in cells.levels:
        return True
    return len(np.unique(cells.values[y][cells.known(y)])) <= _FEW_VALUES


def _reason(cells: CellTable, columns: tuple[str, str], rows: Bools, tests: int) -> Reason | None:
    x, y = columns
    there = cells.known(y) & rows
    of, present = cells.values[y][there], cells.known(x)[there]
    values, at, held = np.unique(of, return_inverse=True, return_counts=True)
    if len(values) < 2 or not present.any():
        return None
    if not _is_few(cells, y):
        return _beyond(columns, of, present, tests)
    if len(values) > _MOST_LEVELS:
        return None
    have = np.bincount(at, present, len(values)).astype(np.float64)
    return _by_levels(columns, values, held, have, tests)


def _by_levels(
    columns: tuple[str, str], values: Floats, held: NDArray[np.int64], have: Floats, tests: int
) -> Reason | None:
    without = have <= _AGAINST * held
    if without.all() or not without.any():
        return None
    rate = 1.0 - float(have[~without].sum() / held[~without].sum())
    if rate > 1 - _SOME:
        return None
    sure = without & (held >= _FEWEST) & _unlikely(rate, held - have, tests * len(values))
    if not sure.any():
        return None
    x, y = columns
    rest = values[~without]
    if (without & ~sure).any():
        rest = np.append(rest, values[without & ~sure])
    return Reason(column=x, source=y, levels=values[sure], rest=np.sort(rest), rate=rate)


def _beyond(columns: tuple[str, str], of: Floats, present: Bools, tests: int) -> Reason | None:
    low, high = float(of[present].min()), float(of[present].max())
    inside = (of >= low) & (of <= high)
    rate = 1.0 - float(present.sum() / inside.sum())
    if rate > 1 - _SOME:
        return None
    ends = [
        n >= _FEWEST and bool(_unlikely(rate, np.array([n]), tests * len(of))[0])
        for n in (int((of < low).sum()), int((of > high).sum()))
    ]
    if not any(ends):
        return None
    return Reason(
        column=columns[0],
        source=columns[1],
        levels=np.empty(0),
        rest=np.empty(0),
        below=low if ends[0] else -np.inf,
        above=high if ends[1] else np.inf,
        rate=rate,
    )


def _unlikely(rate: float, n: NDArray[np.float64] | NDArray[np.int64], tests: int) -> Bools:
    """Whether so many rows without a value are more than chance, all tests counted."""
    return np.asarray(n * np.log(max(rate, 1e-3)) + np.log(tests) < np.log(_BY_CHANCE))


def _value(value: float, kind: Kind) -> str:
    if kind.value == "date":
        return str(np.datetime64(int(value), "D"))
    if kind.value == "datetime":
        return str(np.datetime64(int(value), "us"))[:16]
    return f"{value:g}"
