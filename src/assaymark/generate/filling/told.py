"""Told: a column of few values that follows from another, judged where both are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.relations.anchor_days import DAY
from assaymark.generate.relations.date_parts import of_moments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.filling.cell_table import CellTable

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Told", "feature_of", "find_told"]

_MOST_VALUES, _LOOK = 60, 6000
_FEWEST, _RIGHT, _EACH, _OTHERS = 30, 0.995, 0.9, 0.05
_ALONE = 0.002  # of the rows may lie in another's band
_PARTS = ("month", "weekday", "day", "hour")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """A column whose value another one says, such as a group, a band, or a date's weekday.

    Attributes
    ----------
    column, source
        Which column follows, and from which.
    part
        What of the source says it: ``"itself"``, or the ``"month"``, ``"weekday"``, ``"day"`` of
        the month or ``"hour"`` of a date.
    low, high
        Between which values of that each value of the column lies, sorted, shape ``(k,)``.
    values
        The column's value there.
    """

    column: str
    source: str
    part: str
    low: Floats
    high: Floats
    values: Floats

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return self.column, self.source

    def says(self, cells: CellTable) -> Iterator[tuple[str, Floats]]:
        """Yield columns and what each must be in every row, NaN where that is not said."""
        yield self.column, self.said(cells.values[self.source], cells.kinds[self.source])
        if self.part == "itself" and (self.low == self.high).all():
            told, back = np.unique(self.values, return_counts=True)
            single = told[back == 1]
            place = {v: self.low[self.values == v][0] for v in single.tolist()}
            own = cells.values[self.column]
            yield self.source, np.array([place.get(v, np.nan) for v in own.tolist()])

    def said(self, source: Floats, kind: Kind) -> Floats:
        """Return what follows from values of the source, NaN where nothing does."""
        of = feature_of(source, self.part, kind)
        at = np.searchsorted(self.low, of, "right") - 1
        inside = np.isfinite(of) & (at >= 0)
        inside &= of <= self.high[np.maximum(at, 0)]
        return np.where(inside, self.values[np.maximum(at, 0)], np.nan)

    def broken(self, cells: CellTable) -> Bools:
        """Return where the column is not what follows."""
        said = self.said(cells.values[self.source], cells.kinds[self.source])
        own = cells.values[self.column]
        return np.asarray(np.isfinite(said) & np.isfinite(own) & (said != own), dtype=np.bool_)

    @property
    def text(self) -> str:
        """What it says, in words."""
        what = "" if self.part == "itself" else f"the {self.part} of "
        return f"{self.column} follows from {what}{self.source}"


def feature_of(values: Floats, part: str, kind: Kind) -> Floats:
    """Return a part of dates, counted from 0 (weekdays from Monday), or the values themselves."""
    if part == "itself":
        return values
    known = np.isfinite(values)
    numbers = np.where(known, values, 0.0)
    if part == "day":
        date = np.floor(numbers / DAY[kind]).astype(np.int64).astype("datetime64[D]")
        found = (date - date.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    else:
        found = of_moments(part, numbers, kind)
    return np.where(known, found.astype(np.float64), np.nan)


def find_told(cells: CellTable, names: Sequence[str]) -> tuple[Told, ...]:
    """Return the columns among ``names`` that follow from another, and from which.

    A column of at most sixty values follows if it does in 99.5 % of thirty rows or more in which
    both are there and another row has the same of the source, and in nine tenths of the rows of
    each value; if one row in twenty has not its commonest value; or if its values lie in bands of
    the source that do not overlap.
    """
    few = [x for x in names if 2 <= len(np.unique(_known(cells.values[x]))) <= _MOST_VALUES]
    found = []
    for x in few:
        for y in (y for y in names if y != x):
            for part in _parts_of(cells.kinds[y]):
                told = _told(cells, x, y, part)
                if told is not None:
                    found.append(told)
                    break
    return tuple(found)


def _parts_of(kind: Kind) -> tuple[str, ...]:
    """Return what of a column may say another, parts of dates first: a date is seen seldom."""
    if kind not in DAY:
        return ("itself",)
    return (*(_PARTS if kind is Kind.DATETIME else _PARTS[:-1]), "itself")


def _known(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _told(cells: CellTable, x: str, y: str, part: str) -> Told | None:
    own, kind = cells.values[x], cells.kinds[y]
    both = np.flatnonzero(np.isfinite(own) & np.isfinite(cells.values[y]))
    look = both[:: len(both) // _LOOK + 1]
    if len(look) < _FEWEST:
        return None
    table = None
    for rows, easily in ((look, 5.0), (both, 1.0)):
        of = feature_of(cells.values[y][rows], part, kind)
        table = None
        if part == "itself" and y not in cells.levels:
            table = _bands(of, own[rows])
        table = table or _table(of, own[rows], easily)
        if table is None:
            return None
    if table is None or not _of_several(cells, x, y, both, part):
        return None
    low, high, values = table
    return Told(column=x, source=y, part=part, low=low, high=high, values=values)


def _of_several(cells: CellTable, x: str, y: str, both: NDArray[np.int64], part: str) -> bool:
    """Whether it is so between persons: in a person's own rows a birthday says the sex, too."""
    if cells.persons is None:
        return True
    of = feature_of(cells.values[y][both], part, cells.kinds[y])
    own = cells.values[x][both]
    each = np.unique(np.column_stack([of, own, cells.persons[both]]), axis=0)
    if part == "itself" and y not in cells.levels and _bands(each[:, 0], each[:, 1]):
        return True
    return _table(each[:, 0], each[:, 1], 1.0) is not None


def _table(of: Floats, own: Floats, easily: float) -> tuple[Floats, Floats, Floats] | None:
    """Return the keys and the value of each, if most rows have it."""
    keys, at, held = np.unique(of, return_inverse=True, return_counts=True)
    values, which = np.unique(own, return_inverse=True)
    joint = np.bincount(at * len(values) + which, minlength=len(keys) * len(values))
    joint = joint.reshape(len(keys), len(values))
    again = held > 1
    rows, right = joint[again].sum(), joint[again].max(axis=1).sum() if again.any() else 0
    if rows < max(_FEWEST, 0.2 * len(of)) or rows - right > easily * (1 - _RIGHT) * rows:
        return None
    each = joint[again].sum(axis=0)
    most = np.bincount(joint[again].argmax(axis=1), joint[again].max(axis=1), len(values))
    if rows - each.max() < _OTHERS * rows or (most < _EACH * each).any():
        return None
    if (joint.max(axis=1)[again] > 0).sum() < 2:
        return None
    sure = joint.max(axis=1) >= _EACH * held
    kept = keys[sure]
    return kept, kept, values[joint.argmax(axis=1)[sure]]


def _bands(of: Floats, own: Floats) -> tuple[Floats, Floats, Floats] | None:
    """Return the bands of sorted keys with a value each, if there is one a value."""
    order = np.lexsort((own, of))
    keys, values = of[order], own[order]
    stray = np.zeros(len(keys), dtype=np.bool_)
    stray[1:-1] = (values[1:-1] != values[:-2]) & (values[1:-1] != values[2:])
    if stray.sum() <= _ALONE * len(keys):
        keys, values = keys[~stray], values[~stray]
    begin = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    end = np.append(begin[1:], len(values)) - 1
    if len(begin) != len(np.unique(values)) or len(begin) < 2:
        return None
    low, high = keys[begin], keys[end]
    held = np.diff(np.append(begin, len(values)))
    enough = len(values) >= _FEWEST and len(values) - held.max() >= _OTHERS * len(values)
    if not enough or (low[1:] <= high[:-1]).any() or len(values) < 3 * len(begin):
        return None
    return low, high, values[begin]
