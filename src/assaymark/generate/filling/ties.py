"""Ties: all that a table with gaps shows to hold between its columns, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Protocol

import numpy as np

from assaymark.core.schema import Schema
from assaymark.generate.coding.encoding import encode
from assaymark.generate.filling.asked import orders_asked, sums_asked
from assaymark.generate.filling.besides import Sameness, beside, find_between, find_sameness
from assaymark.generate.filling.cell_table import cell_table
from assaymark.generate.filling.in_order import find_order
from assaymark.generate.filling.in_range import find_ranges
from assaymark.generate.filling.numerals import Numerals, find_said
from assaymark.generate.filling.of_person import OfPerson, find_of_person
from assaymark.generate.filling.reasons import find_reasons, present
from assaymark.generate.filling.told import find_told
from assaymark.generate.filling.worked import find_worked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.constraint import ConstraintSpec
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.generate.filling.besides import Between
    from assaymark.generate.filling.cell_table import CellTable
    from assaymark.generate.filling.in_order import InOrder
    from assaymark.generate.filling.in_range import InRange
    from assaymark.generate.filling.reasons import Reason
    from assaymark.generate.filling.worked import Worked

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Tie", "Ties", "find_ties", "rules_in_words", "schema_beside", "settled"]

_ROUNDS, _MOVES, _LOOK = 8, 3, 20_000


class Tie(Protocol):
    """What holds between columns in every row in which all of them are there."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        ...

    @property
    def text(self) -> str:
        """What it says, in words."""
        ...

    def says(self, cells: CellTable) -> Iterator[tuple[str, Floats]]:
        """Yield columns and what each must be in every row, NaN where that is not said."""
        ...

    def broken(self, cells: CellTable) -> Bools:
        """Return where it does not hold; not where a cell is missing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ties:
    """What holds between the columns of a table.

    Attributes
    ----------
    follows
        From which of these cells follow.
    reasons
        Why columns must be missing.
    orders
        Which columns are in order.
    besides
        What columns stand beside the table's own; they are among ``follows`` too.
    ranges
        Between which values numbers and dates lie.
    """

    follows: tuple[Tie, ...]
    reasons: tuple[Reason, ...]
    orders: tuple[InOrder, ...]
    besides: tuple[Between | Sameness | Numerals, ...]
    ranges: tuple[InRange, ...]

    @property
    def sames(self) -> tuple[Sameness, ...]:
        """Which columns are often the same."""
        return tuple(b for b in self.besides if isinstance(b, Sameness))

    @property
    def of_persons(self) -> tuple[OfPerson, ...]:
        """Which columns are the same in all rows of a person."""
        return tuple(t for t in self.follows if isinstance(t, OfPerson))

    def with_persons(self, others: Sequence[OfPerson]) -> Ties:
        """Return the same with other values of persons."""
        rest = tuple(t for t in self.follows if not isinstance(t, OfPerson))
        return replace(self, follows=(*rest, *others))

    @property
    def all(self) -> tuple[Tie, ...]:
        """All of them."""
        return (*self.follows, *self.reasons, *self.orders, *self.ranges)

    def order(self, cells: CellTable) -> tuple[str, ...]:
        """Return all columns, those of few values first, but what is a reason before what it is of.

        A column beside comes before those that follow from it and another, a number before the
        text that says it.
        """
        many = {c: len(np.unique(v[np.isfinite(v)])) for c, v in cells.values.items()}
        found = sorted(cells.values, key=lambda c: many[c])
        before = [(r.source, r.column) for r in self.reasons]
        before += [(b.name, c) for b in self.besides for c in b.columns[1:]]
        before += [(b.number, b.said) for b in self.besides if isinstance(b, Numerals)]
        for _ in range(_MOVES):
            for first, then in before:
                if found.index(first) > found.index(then):
                    found.remove(first)
                    found.insert(found.index(then), first)
        return tuple(found)


def find_ties(
    dataset: Dataset,
    protect: int,
    streams: Streams,
    anyway: Sequence[str] = (),
    specs: Sequence[ConstraintSpec] = (),
) -> tuple[Ties, CellTable]:
    """Return what holds between columns, judged where all that it is about is there; and the cells.

    The cells are those of the table with all that follows exactly, and of columns beside. In the
    columns ``anyway`` nothing is taken for a reason to be missing.
    """
    names = dataset.schema.names
    cells = cell_table(dataset.frame, dataset.schema)
    if dataset.persons is not None:
        cells = replace(cells, persons=dataset.person_codes)
    numerals, cells = find_said(dataset, cells, protect, anyway)
    said = [frozenset({n.said, n.number}) for n in numerals]
    look = cells.take(np.arange(0, cells.n, cells.n // _LOOK + 1))
    encoded = encode(dataset, protect, streams)
    asked = sums_asked(specs, dataset, encoded)
    stated = {frozenset(w.columns) for w in asked}
    found = find_worked(dataset, encoded, cells, protect)
    worked: list[Worked] = [*asked, *(w for w in found if frozenset(w.columns) not in stated)]
    sums = [frozenset(w.columns) for w in worked]
    told = [t for t in find_told(cells, names) if frozenset(t.columns) not in (*sums, *said)]
    orders = list(dict.fromkeys((*orders_asked(specs), *find_order(look, names))))
    reasons = [r for r in find_reasons(look, names) if r.column not in anyway]
    reasons = [r for r in reasons if frozenset(r.columns) not in said]
    known = [*sums, *said, *(frozenset(t.columns) for t in told)]
    between = find_between(look, orders, known)
    known += [frozenset(b.columns) for b in between]
    besides: tuple[Between | Sameness | Numerals, ...] = (
        *numerals,
        *between,
        *find_sameness(look, names, known),
    )
    ties = Ties(
        follows=(*worked, *told, *besides, *find_of_person(cells, names)),
        reasons=(*(n.reason(cells) for n in numerals), *reasons),
        orders=tuple(orders),
        besides=besides,
        ranges=find_ranges(cells),
    )
    first = settled(beside(cells, numerals), ties)
    return _with_persons(settled(beside(first, besides[len(numerals) :]), ties), ties)


def _with_persons(cells: CellTable, ties: Ties) -> tuple[Ties, CellTable]:
    """Return ties and cells with what follows in one row of a person said in the others."""
    for _ in range(_ROUNDS if ties.of_persons else 0):
        before = cells
        ties = ties.with_persons([t.learnt(cells) for t in ties.of_persons])
        cells = settled(cells, ties)
        if cells is before:
            break
    return ties, cells


def settled(cells: CellTable, ties: Ties) -> CellTable:
    """Return the cells with all that follow exactly from those that are there.

    A cell that must be missing stays so, and one that may have to be as far as is known. Columns
    beside that are not there yet are left out.
    """
    follows = [t for t in ties.follows if all(c in cells.values for c in t.columns)]
    for _ in range(_ROUNDS):
        sure, before = present(ties.reasons, cells), cells
        for tie in chain(follows, ties.reasons):
            for column, said in tie.says(cells):
                values = cells.values[column]
                new = np.isnan(values) & np.isfinite(said)
                if column in sure:
                    new &= sure[column]
                if new.any():
                    cells = cells.put(column, np.where(new, said, values))
        if cells is before:
            break
    return cells


def rules_in_words(ties: Ties) -> list[tuple[str, tuple[str, ...]]]:
    """Return in words what cells follow by, and the columns that it is about."""
    beside = {b.name for b in ties.besides}
    plain = [(t.text, t.columns) for t in ties.follows if not beside & set(t.columns)]
    return [*plain, *((b.text, b.columns[1:]) for b in ties.besides if isinstance(b, Numerals))]


def schema_beside(schema: Schema, ties: Ties, cells: CellTable) -> Schema:
    """Return the schema with the columns beside, in the order in which they are drawn."""
    every = {c.name: c for c in (*schema.columns, *(b.column(cells) for b in ties.besides))}
    return Schema(columns=tuple(every[c] for c in ties.order(cells)))
