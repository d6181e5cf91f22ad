"""Of a person: columns that are the same in all rows of a person, known from the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.filling.cell_table import CellTable

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["OfPerson", "find_of_person"]

_FEWEST, _UNLIKE = 30, 10
_WRONG_OF, _EACH = 0.005, 0.9
_WRONG, _WRONG_OF_FEW = 2.0, 0.05  # two persons may be against it where there are forty


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OfPerson:
    """A column that is the same in all rows of a person, such as a sex or a day of birth.

    Attributes
    ----------
    values
        Each person's value by the person's number, NaN where none is known or rows differ.
    """

    column: str
    values: Floats

    @property
    def columns(self) -> tuple[str, ...]:
        """The column that it is about."""
        return (self.column,)

    @property
    def text(self) -> str:
        """What it says, in words."""
        return f"{self.column} is the same in all rows of a person"

    def says(self, cells: CellTable) -> Iterator[tuple[str, Floats]]:
        """Yield the column and what it must be in every row, NaN where that is not said."""
        yield self.column, self._said(cells)

    def broken(self, cells: CellTable) -> Bools:
        """Return where a row has another value than the person."""
        said, own = self._said(cells), cells.values[self.column]
        return np.asarray(np.isfinite(said) & np.isfinite(own) & (said != own), dtype=np.bool_)

    def learnt(self, cells: CellTable) -> OfPerson:
        """Return the same with the values that ``cells`` show."""
        if cells.persons is None:
            return self
        low, high, _ = _ends(cells.values[self.column], cells.persons, len(self.values))
        return replace(self, values=np.where(low == high, low, np.nan))

    def _said(self, cells: CellTable) -> Floats:
        if cells.persons is None:
            return np.full(cells.n, np.nan)
        return self.values[cells.persons]


def find_of_person(cells: CellTable, names: Sequence[str]) -> tuple[OfPerson, ...]:
    """Return the columns with gaps among ``names`` that are the same in all rows of a person.

    A column is if it is so in 99.5 % of thirty persons or more with two known rows, or in all but
    two of forty or more, and in nine tenths of those of them, ten or more, who have something else
    than the commonest value: what nearly everybody has is the same everywhere by chance.
    """
    if cells.persons is None:
        return ()
    n = int(cells.persons.max(initial=-1)) + 1
    found = []
    for name in (x for x in names if not cells.known(x).all()):
        values = cells.values[name]
        low, high, many = _ends(values, cells.persons, n)
        two, same = many >= 2, low == high
        unlike = two & ~(same & (low == _commonest(values)))
        enough = two.sum() >= _FEWEST and unlike.sum() >= _UNLIKE
        most = max(_WRONG_OF * two.sum(), min(_WRONG, _WRONG_OF_FEW * two.sum()))
        if enough and (two & ~same).sum() <= most and same[unlike].mean() >= _EACH:
            found.append(OfPerson(column=name, values=np.where(same, low, np.nan)))
    return tuple(found)


def _ends(
    values: Floats, persons: NDArray[np.int64], n: int
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return each person's lowest and highest value, and how many rows have one."""
    known = np.isfinite(values)
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, persons[known], values[known])
    np.maximum.at(high, persons[known], values[known])
    return low, high, np.bincount(persons[known], minlength=n)


def _commonest(values: Floats) -> float:
    found, count = np.unique(values[np.isfinite(values)], return_counts=True)
    return float(found[count.argmax()]) if len(found) else np.nan
