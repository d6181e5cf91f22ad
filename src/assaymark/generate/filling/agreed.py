"""Agreed: one value in all rows of a person, of columns of which no row of the person has one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.filling.cell_table import put_rows
from assaymark.generate.filling.ties import settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.generate.filling.cell_table import CellTable
    from assaymark.generate.filling.completion import Completed, Completion
    from assaymark.generate.filling.of_person import OfPerson

    Rows = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["agreed"]

_TRIED = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Proposal:
    """A value for each person, and in how many of the person's rows it will not do."""

    ties: tuple[OfPerson, ...]
    against: NDArray[np.int64]

    def or_better(self, other: _Proposal) -> _Proposal:
        """Return for each person that of two which will do in more rows, this if in as many."""
        better = other.against < self.against
        pairs = zip(self.ties, other.ties, strict=True)
        return _Proposal(
            ties=tuple(replace(a, values=np.where(better, b.values, a.values)) for a, b in pairs),
            against=np.where(better, other.against, self.against),
        )


def agreed(completion: Completion, made: Completed, streams: Streams) -> Completed:
    """Return filled rows such that what is the same in a person's rows is so where it was drawn.

    Rows are filled one by one, so that a person of whose sex no row says anything would have
    several. Of what the person's first eight rows drew, that is taken with which most of the
    person's rows go; rows that had drawn another are filled again with it.
    """
    known, ties = completion.known, completion.ties
    rows = _rows_of_nobody(known, ties.of_persons)
    if not len(rows) or known.persons is None:
        return made
    best = _best(completion, made, rows)
    chosen = ties.with_persons(best.ties)
    given = known.take(rows)
    here = settled(given, chosen)
    other = np.zeros(len(rows), dtype=np.bool_)
    for tie in best.ties:
        want = here.values[tie.column]
        other |= np.isfinite(want) & (made.cells.values[tie.column][rows] != want)
    wrong = _any(completion, here, given)
    start = put_rows(made.cells, rows[other & ~wrong], here.take(np.flatnonzero(other & ~wrong)))
    start = put_rows(start, rows[other & wrong], given.take(np.flatnonzero(other & wrong)))
    again = replace(completion, known=start, ties=chosen).filled(streams.child("persons"))
    return replace(again, already=made.already)


def _rows_of_nobody(known: CellTable, ties: Sequence[OfPerson]) -> Rows:
    """Return the rows of persons of several rows that all lack a column."""
    if known.persons is None:
        return np.array([], dtype=np.int64)
    found = np.zeros(known.n, dtype=np.bool_)
    several = np.bincount(known.persons) > 1
    for tie in ties:
        some = np.bincount(known.persons, known.known(tie.column), len(several)) > 0
        found |= (several & ~some)[known.persons]
    return np.flatnonzero(found)


def _best(completion: Completion, made: Completed, rows: Rows) -> _Proposal:
    """Return the values that most rows of each person go with, of those drawn in its first."""
    given = completion.known.take(rows)
    persons = given.persons
    if persons is None:
        raise TypeError("rows without persons have no columns that are the same in a person")
    n = len(completion.ties.of_persons[0].values)
    order = np.argsort(persons, kind="stable")
    who, first, held = np.unique(persons[order], return_index=True, return_counts=True)
    best: _Proposal | None = None
    for k in range(min(_TRIED, int(held.max()))):
        at = rows[order[first + k % held]]
        drawn = []
        for tie in completion.ties.of_persons:
            values = tie.values.copy()
            lacks = np.isnan(values[who]) & ~_known(completion.known, tie.column, n)[who]
            values[who[lacks]] = made.cells.values[tie.column][at[lacks]]
            drawn.append(replace(tie, values=values))
        here = settled(given, completion.ties.with_persons(drawn))
        against = np.bincount(persons, _any(completion, here, given), n)
        for tie in drawn:  # what was left empty is no proposal
            against[who] += np.isnan(tie.values[who]) * held
        one = _Proposal(ties=tuple(drawn), against=against.astype(np.int64))
        best = one if best is None else best.or_better(one)
    if best is None:
        raise TypeError("no row to take a value from")
    return best


def _known(cells: CellTable, column: str, n: int) -> Bools:
    """Return of which persons some row has the column."""
    persons = np.zeros(0, dtype=np.int64) if cells.persons is None else cells.persons
    some = np.bincount(persons, cells.known(column), n)
    return np.asarray(some > 0, dtype=np.bool_)


def _any(completion: Completion, here: CellTable, given: CellTable) -> Bools:
    wrong = completion.wrong(here, given).values()
    return np.asarray(np.logical_or.reduce([np.zeros(here.n, dtype=np.bool_), *wrong]))
