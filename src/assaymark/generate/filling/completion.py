"""Completion: rows with gaps filled such that all that holds between columns holds on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.dataset import Dataset
from assaymark.generate.chain.imputed import Because
from assaymark.generate.coding.cells import CellCoding
from assaymark.generate.coding.levels import LevelCoding
from assaymark.generate.filling.cell_table import cell_table, put_rows
from assaymark.generate.filling.fitting import fitting
from assaymark.generate.filling.numerals import Numerals
from assaymark.generate.filling.reasons import absent
from assaymark.generate.filling.seldom import seldom, with_seldom
from assaymark.generate.filling.ties import settled
from assaymark.generate.filling.told import Told
from assaymark.generate.filling.worked import Worked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.schema import Schema
    from assaymark.core.streams import Streams
    from assaymark.generate.chain.model import TreeChainModel
    from assaymark.generate.coding.encoding import Coding
    from assaymark.generate.constraints.demands import Demands
    from assaymark.generate.filling.besides import Between, Sameness
    from assaymark.generate.filling.cell_table import CellTable
    from assaymark.generate.filling.reasons import Reason
    from assaymark.generate.filling.ties import Tie, Ties

    Bools = NDArray[np.bool_]
    Rows = NDArray[np.int64]

__all__ = ["Completed", "Completion"]

_DRAWS, _ROUNDS = 8, 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Completed:
    """Filled rows.

    Attributes
    ----------
    cells
        All cells, NaN where they are missing still.
    must
        By column, where a cell must be missing.
    failed
        Rows of which nothing that was drawn kept to all: the cells in question are empty.
    broken
        By what was not kept to, in how many of these.
    already
        By what is demanded, in how many rows cells that are there, or follow, break it.
    """

    cells: CellTable
    must: dict[str, Bools]
    failed: Rows
    broken: dict[str, int]
    already: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Completion:
    """What rows are filled by.

    Attributes
    ----------
    model
        A chain fitted to the rows with all that follows, and the columns beside, in its order.
    known
        The cells that are there, or follow exactly.
    demands
        What else must hold on every row, of the columns ``schema``.
    """

    model: TreeChainModel
    ties: Ties
    known: CellTable
    schema: Schema
    beside: Schema
    demands: Demands

    def filled(self, streams: Streams) -> Completed:
        """Return the rows filled: of several draws a row, the first that keeps to all is taken.

        Where each leaves a cell open, the first that keeps to all else.
        """
        cells, because = self.known, self._because()
        todo = np.flatnonzero(self._open(self.known).any(axis=0))
        rng = streams.child("fit").generator()
        said = {b.said for b in self.ties.besides if isinstance(b, Numerals)}
        codings = [c for c in self.model.encoding.codings if c.column.name not in said]
        rare = seldom(self.known, codings)
        kept = np.zeros(cells.n, dtype=np.bool_)  # all holds, but a cell is open still
        broken: dict[str, int] = {}
        for round_ in range(_ROUNDS):
            if not len(todo):
                break
            frame = self.known.take(todo).frame().select(self.beside.names)
            data = Dataset(schema=self.beside, frame=frame)
            drawn = self.model.impute_often(data, streams.child(round_), because, _DRAWS)
            left = np.arange(len(todo))
            for frame in drawn:
                tried = cell_table(frame[left], self.beside, like=self.known)
                known = self.known.take(todo[left])
                tried = with_seldom(tried, known, rare, rng)
                made = self._completed(known, tried, (round_, rng))
                wrong, open_ = self.wrong(made, known), self._open(made).any(axis=0)
                holds = ~np.logical_or.reduce([np.zeros(made.n, dtype=np.bool_), *wrong.values()])
                right = holds & ~open_
                put = np.flatnonzero(right | (holds & ~kept[todo[left]]))
                cells = put_rows(cells, todo[left[put]], made.take(put))
                kept[todo[left[put]]] = True
                last, left = made.take(np.flatnonzero(~right)), left[~right]
                lost = ~kept[todo[left]]
                broken = {k: n for k, w in wrong.items() if (n := int((w[~right] & lost).sum()))}
                if not len(left):
                    break
            todo = todo[left]
        lost = np.flatnonzero(~kept[todo])
        if len(lost):
            emptied = self._emptied(last.take(lost), self.known.take(todo[lost]))
            cells = put_rows(cells, todo[lost], emptied)
        given = self.known.frame().select(self.schema.names)
        already = {one.text: int((~one.hold(given)).sum()) for one in self.demands.single}
        return Completed(
            cells=cells,
            must=absent(self.ties.reasons, cells),
            failed=todo,
            broken=broken if len(todo) else {},
            already={text: n for text, n in already.items() if n},
        )

    def wrong(self, cells: CellTable, known: CellTable) -> dict[str, Bools]:
        """Return by what must hold in which rows it does not, if it is about a filled cell."""
        found: dict[str, Bools] = {}
        for tie in self.ties.all:
            found[tie.text] = tie.broken(cells) & _touched(tie, cells, known)
        return found | self._asked(cells, known)

    def _completed(
        self, cells: CellTable, drawn: CellTable, how: tuple[int, np.random.Generator]
    ) -> CellTable:
        """Fill column after column from what was drawn; what then follows is worked out first."""
        round_, rng = how
        for column in self._order(round_):
            stop = absent([r for r in self.ties.reasons if r.column == column], cells)
            hole = ~cells.known(column) & ~stop.get(column, np.zeros(cells.n, dtype=np.bool_))
            rows = np.flatnonzero(hole & drawn.known(column))
            if not len(rows):
                continue
            here = cells.take(rows).put(column, drawn.values[column][rows])
            here = fitting(here, column, self.ties, self.known, rng)
            cells = put_rows(cells, rows, settled(here, self.ties))
        return cells

    def _order(self, round_: int) -> list[str]:
        """Return in which order columns are filled: in every other round dates and own ones first.

        What lies between two dates is mostly drawn first, but where a weekday is known few of its
        values will do. So are days of which months are known, before the dates that make them.
        """
        names = list(self.beside.names)
        if round_ % 2:
            late = {b.name for b in self.ties.besides if not isinstance(b, Numerals)}
            why = {r.column for r in self.ties.reasons}
            parts = (t for t in self.ties.follows if isinstance(t, Told) and t.part != "itself")
            pairs = (t for t in self.ties.follows if isinstance(t, Worked) and len(t.columns) == 2)
            rounded = {t.columns[1] for t in pairs if not t.anchor.whole}
            early = {*(t.source for t in parts), *rounded} - why
            names.sort(key=lambda c: (c in late) - (c in early))
        return names

    def _asked(self, cells: CellTable, known: CellTable) -> dict[str, Bools]:
        """Return by constraint in which rows filled cells break it, and known ones do not."""
        frame, given = (c.frame().select(self.schema.names) for c in (cells, known))
        return {one.text: ~one.hold(frame) & one.hold(given) for one in self.demands.single}

    def _open(self, cells: CellTable) -> Bools:
        """Return which cells of the table's own columns are to be filled still."""
        stop = absent(self.ties.reasons, cells)
        none = np.zeros(cells.n, dtype=np.bool_)
        return np.array(
            [
                ~cells.known(c) & ~stop.get(c, none) & self.known.known(c).any()
                for c in self.schema.names
            ]
        )

    def _emptied(self, cells: CellTable, known: CellTable) -> CellTable:
        """Return rows without the filled cells of what does not hold."""
        for tie in self.ties.all:
            wrong = tie.broken(cells) & _touched(tie, cells, known)
            for column in tie.columns if wrong.any() else ():
                own = known.values[column]
                cells = cells.put(column, np.where(wrong, own, cells.values[column]))
        none = np.zeros(cells.n, dtype=np.bool_)
        rows = np.logical_or.reduce([none, *self._asked(cells, known).values()])
        for column in cells.values if rows.any() else ():
            own = known.values[column]
            cells = cells.put(column, np.where(rows, own, cells.values[column]))
        return cells

    def _because(self) -> list[Because]:
        """Return the reasons in the codes of the model, those for columns beside too."""
        names = self.beside.names
        codings = dict(zip(names, self.model.encoding.codings, strict=True))
        found = []
        for reason in self.ties.reasons:
            table = self._table(reason, codings[reason.source])
            own = [(reason.column, reason.rate)]
            own += [(b.name, 1.0) for b in self.ties.besides if reason.column in _ends(b)]
            found += [
                Because(
                    column=names.index(c), source=names.index(reason.source), table=table, rate=rate
                )
                for c, rate in own
                if names.index(reason.source) < names.index(c)
            ]
        return found

    def _table(self, reason: Reason, coding: Coding) -> Bools:
        values = np.full(coding.size, np.nan)
        if isinstance(coding, CellCoding):
            codes = np.arange(len(coding.first), dtype=np.int32)
            values[: len(codes)] = coding.numbers(codes, np.full(len(codes), 0.5))
        elif isinstance(coding, LevelCoding):
            levels = self.known.levels[reason.source]
            values[: len(coding.levels)] = [levels.index(v) for v in coding.levels]
        return reason.must(values)


def _ends(one: Between | Sameness | Numerals) -> tuple[str, ...]:
    """Return the columns without which a column beside is missing: not the number of a word."""
    return (one.said,) if isinstance(one, Numerals) else one.columns


def _touched(tie: Tie, cells: CellTable, known: CellTable) -> Bools:
    """Return in which rows a cell that it is about was filled."""
    filled = [cells.known(c) & ~known.known(c) for c in tie.columns]
    return np.asarray(np.logical_or.reduce(filled), dtype=np.bool_)
