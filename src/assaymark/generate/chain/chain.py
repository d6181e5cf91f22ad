"""Chain: columns drawn one after the other, each from those before it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import polars as pl

from assaymark.generate.coding.cells import CellCoding
from assaymark.generate.relations.anchored import Anchored, Found, Gap, Sum
from assaymark.generate.relations.dated import Dated
from assaymark.generate.relations.derived import Absent, Lookup
from assaymark.generate.relations.one_of import OneOf
from assaymark.generate.relations.read_off import ReadOff
from assaymark.generate.relations.rounded import Rounded
from assaymark.generate.relations.same_as import Same
from assaymark.generate.relations.wording import Worded, Wording
from assaymark.generate.trees.link import Link, Place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.coding.encoding import Coding

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint64]

__all__ = ["Chain", "Part", "Restricted", "Rows"]


class Restricted(Protocol):
    """A link under a condition; see :class:`assaymark.generate.chain.within.Within`."""

    def draw(self, drawn: Codes, place: Place, out: Codes, inside: Floats, weight: Floats) -> None:
        """Draw as the link does, from what the condition leaves."""
        ...


Part: TypeAlias = (
    Link | Lookup | Anchored | Sum | Same | Dated | Rounded | ReadOff | OneOf | Wording
)

_FROM_LAST = 3
_AGAIN, _SHIFT = 8, 26  # anchored columns count their own tries below
_PAD = 64  # columns a power of two apart push each other out of the processor's cache


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Rows as far as they are drawn; arrays are filled column after column.

    Attributes
    ----------
    key, row
        Where random numbers are taken from; see :class:`~assaymark.generate.trees.link.Place`.
    codes, inside
        Shape ``(columns, n)``, in the order of the chain.
    found
        Values that are not drawn within cells, by place in the chain.
    texts
        Numbers that are written out, by place in the chain.
    shift
        What is added to the number of a column where it is drawn again.
    """

    key: tuple[int, int]
    row: int | Words
    codes: Codes
    inside: Floats
    found: dict[int, Found] = field(default_factory=dict)
    texts: dict[int, Worded] = field(default_factory=dict)
    shift: int = 0

    @classmethod
    def begun(cls, key: tuple[int, int], row: int | Words, shape: tuple[int, int]) -> Rows:
        """Return ``shape`` (columns, rows) of cells to be drawn."""
        columns, n = shape
        codes = np.empty((columns, n + _PAD), dtype=np.int32)[:, :n]
        return cls(key=key, row=row, codes=codes, inside=np.empty(shape))

    def take(self, kept: NDArray[np.int64]) -> Rows:
        """Return some of the rows, whose numbers must be given one by one."""
        return Rows(
            key=self.key,
            row=np.asarray(self.row)[kept],
            codes=self.codes[:, kept],
            inside=self.inside[:, kept],
            found={i: f.take(kept) for i, f in self.found.items()},
            texts={i: t.take(kept) for i, t in self.texts.items()},
        )

    def again(self, which: NDArray[np.int64], shift: int) -> Rows:
        """Return some of the rows, to be drawn from other random numbers."""
        return replace(self, row=self.place(0).only(which).row, shift=shift).parted(which)

    def parted(self, which: NDArray[np.int64]) -> Rows:
        """Return some of the rows, which have these numbers already."""
        found = {i: f.take(which) for i, f in self.found.items()}
        return replace(self, codes=self.codes[:, which], inside=self.inside[:, which], found=found)

    def put(self, which: NDArray[np.int64], drawn: Rows, columns: range) -> None:
        """Take over what was drawn again of some of the rows."""
        self.codes[:, which] = drawn.codes
        self.inside[:, which] = drawn.inside
        for i in columns:
            if i in self.found:
                self.found[i] = self.found[i].put(which, drawn.found[i])

    def place(self, column: int) -> Place:
        """Return where the random numbers of a column are taken from."""
        return Place(key=self.key, row=self.row, column=column + self.shift)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """What is drawn column after column; all places are places in the chain.

    Attributes
    ----------
    links, codings
        What draws each column, and how it is coded.
    absent
        Why a column is missing, if another one says so.
    names
        The columns of the table, in its order.
    gaps
        What else columns are drawn from.
    """

    links: tuple[Part, ...]
    codings: tuple[Coding, ...]
    absent: tuple[Absent | None, ...]
    names: tuple[str, ...]
    gaps: tuple[Gap, ...] = ()

    def begun(self, key: tuple[int, int], row: int | Words, n: int) -> Rows:
        """Return ``n`` rows to be drawn; the codes of the gaps come after those of the columns."""
        return Rows.begun(key, row, (len(self.links) + len(self.gaps), n))

    def draw(
        self, rows: Rows, i: int, part: Restricted | None = None, weight: Floats | None = None
    ) -> None:
        """Draw column ``i`` of the rows from the columns before it.

        By ``part`` if it is given, which multiplies ``weight``.
        """
        link, drawn = self.links[i], rows.codes
        if isinstance(link, Wording):
            number = {link.number: self._numbers(rows, link.number)}
            rows.texts[i] = link.draw(drawn, rows.place(i), rows.inside[i], number)
            rows.codes[i] = rows.texts[i].codes
        elif isinstance(link, Anchored | Sum | Dated | Rounded):
            rows.found[i] = self._found(rows, i, link)
            rows.codes[i] = rows.found[i].codes
        elif isinstance(link, ReadOff):
            dates = self._numbers(rows, link.source)
            link.draw(drawn, rows.place(i), rows.codes[i], rows.inside[i], dates)
        elif part is not None and weight is not None:
            part.draw(drawn, rows.place(i), rows.codes[i], rows.inside[i], weight)
        else:
            levels = not isinstance(self.codings[i], CellCoding)
            link.draw(drawn, rows.place(i), rows.codes[i], rows.inside[i, : 0 if levels else None])
        null = self.null(rows, i)
        if null is not None:
            rows.codes[i, null] = self.codings[i].size - 1
            if i in rows.found:
                rows.found[i] = rows.found[i].without(null)
        for j, gap in enumerate(self.gaps, start=len(self.links)):
            if gap.of == i:
                numbers = {k: self._numbers(rows, k) for k, _ in gap.anchor.terms}
                column, own = self.codings[i], self._numbers(rows, i)
                if isinstance(column, CellCoding):
                    rows.codes[j] = gap.codes(column, own, gap.anchor.at(numbers))

    def _found(self, rows: Rows, i: int, link: Anchored | Sum | Dated | Rounded) -> Found:
        """Draw a column whose values are not drawn within cells."""
        if isinstance(link, Dated | Rounded):
            return link.draw(rows.codes, rows.place(i), rows.inside[i])
        numbers = {j: self._numbers(rows, j) for a in link.anchors for j, _ in a.terms}
        return link.draw(rows.codes, rows.place(i), rows.inside[i], numbers)

    def settle(self, rows: Rows, i: int) -> None:
        """Draw again, seven times at most, what a sum is made of where the sum may not come out.

        That is, where it lies outside the values that ten persons have at either end. Three times
        the last of the columns in it and all after that, then the first of them and all after, are
        drawn again, given those before: as if rows whose sum lies outside had not been drawn.
        """
        first, last = self._parts(i)
        for again in range(1, _AGAIN) if first < i else ():
            begin = last if again <= _FROM_LAST else first
            sums = [k for k in range(begin, i + 1) if isinstance(self.links[k], Sum)]
            which = np.flatnonzero(np.any([self.outside(rows, k) for k in sums], axis=0))
            if not len(which):
                continue  # others may lie outside among all that begin earlier
            drawn = rows.again(which, (i % _AGAIN * _AGAIN + again) << _SHIFT)
            for k in range(begin, i + 1):
                self.draw(drawn, k)
            rows.put(which, drawn, range(begin, i + 1))

    def settled(self, i: int) -> int:
        """Return from which column on rows are drawn again for column ``i``; itself if none are."""
        return self._parts(i)[0]

    def _parts(self, i: int) -> tuple[int, int]:
        """Return the first and the last drawn column that a sum of several is made of."""
        link = self.links[i]
        if not isinstance(link, Sum) or len(link.anchor.terms) == 1:
            return i, i
        drawn = [self._drawn(j) for j, _ in link.anchor.terms]
        return min(drawn), max(drawn)

    def _drawn(self, i: int) -> int:
        """Return the last column that is drawn of those which a column is worked out from."""
        link = self.links[i]
        if isinstance(link, Lookup):
            return self._drawn(link.source)
        return max(self._drawn(j) for j, _ in link.anchor.terms) if isinstance(link, Sum) else i

    def outside(self, rows: Rows, i: int) -> NDArray[np.bool_]:
        """Return where a worked-out number lies outside what its column may show."""
        found = rows.found[i]
        if not len(found.coding.first):
            return np.zeros(len(found.null), dtype=np.bool_)
        low, high = found.coding.span
        return ~found.null & ((found.points < low) | (found.points > high))

    def null(self, rows: Rows, i: int) -> NDArray[np.bool_] | None:
        """Return where another column says that column ``i`` is missing, if one does."""
        because = self.absent[i]
        if because is None:
            return None
        return np.asarray(because.table[rows.codes[because.source]], dtype=np.bool_)

    def series(self, rows: Rows, i: int) -> pl.Series:
        """Return the values of column ``i``."""
        if i in rows.texts:
            return rows.texts[i].text
        if i in rows.found:
            return rows.found[i].series
        return self.codings[i].decode(rows.codes[i], rows.inside[i])

    def decode(self, rows: Rows) -> pl.DataFrame:
        """Return the table that finished rows stand for."""
        series = {c.column.name: self.series(rows, i) for i, c in enumerate(self.codings)}
        return pl.DataFrame({name: series[name] for name in self.names})

    def _numbers(self, rows: Rows, j: int) -> Floats:
        if j in rows.found:
            return rows.found[j].numbers
        coding = self.codings[j]
        if not isinstance(coding, CellCoding):
            raise TypeError(f"column {coding.column.name!r} has no order")
        return coding.numbers(rows.codes[j], rows.inside[j])
