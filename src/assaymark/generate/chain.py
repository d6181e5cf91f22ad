"""Chain: columns drawn one after the other, each from those before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import polars as pl

from assaymark.generate.anchored import Anchored, Found, Gap, Sum
from assaymark.generate.cells import CellCoding
from assaymark.generate.derived import Absent, Lookup
from assaymark.generate.link import Link, Place
from assaymark.generate.wording import Worded, Wording

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.encoding import Coding

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint64]

__all__ = ["Chain", "Part", "Restricted", "Rows"]


class Restricted(Protocol):
    """A link under a condition; see :class:`assaymark.generate.within.Within`."""

    def draw(self, drawn: Codes, place: Place, out: Codes, inside: Floats, weight: Floats) -> None:
        """Draw as the link does, from what the condition leaves."""
        ...


Part: TypeAlias = Link | Lookup | Anchored | Sum | Wording

_PAD = 64  # columns a power of two apart push each other out of the processor's cache


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Rows as far as they are drawn; arrays are filled column after column.

    Attributes
    ----------
    key, row
        Where their random numbers are taken from; see :class:`~assaymark.generate.link.Place`.
    codes, inside
        Shape ``(columns, n)``, in the order of the chain.
    found
        Values that are not drawn within cells, by place in the chain.
    """

    key: tuple[int, int]
    row: int | Words
    codes: Codes
    inside: Floats
    found: dict[int, Found | Worded] = field(default_factory=dict)

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
        )

    def place(self, column: int) -> Place:
        """Return where the random numbers of a column are taken from."""
        return Place(key=self.key, row=self.row, column=column)


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
        if isinstance(link, Anchored | Sum | Wording):
            numbers = {j: self._numbers(rows, j) for a in link.anchors for j, _ in a.terms}
            rows.found[i] = link.draw(drawn, rows.place(i), rows.inside[i], numbers)
            rows.codes[i] = rows.found[i].codes
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

    def null(self, rows: Rows, i: int) -> NDArray[np.bool_] | None:
        """Return where another column says that column ``i`` is missing, if one does."""
        because = self.absent[i]
        if because is None:
            return None
        return np.asarray(because.table[rows.codes[because.source]], dtype=np.bool_)

    def series(self, rows: Rows, i: int) -> pl.Series:
        """Return the values of column ``i``."""
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
