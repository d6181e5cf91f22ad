"""Drawing: the columns of a chain, drawn one after the other for some rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from assaymark.generate.anchored import Anchored, Sum
from assaymark.generate.anchors import cells_of
from assaymark.generate.link import Place

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from assaymark.generate.anchored import Found
    from assaymark.generate.derived import Absent, Lookup
    from assaymark.generate.encoding import Coding, Encoding
    from assaymark.generate.link import Link

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint64]

__all__ = ["Chain", "Drawing", "Restricted"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """What is drawn column after column.

    Attributes
    ----------
    order
        Places of the columns in the table, in the order they are drawn.
    links, absent
        What the first, second, ... column in that order is drawn from, and why it is missing.
    """

    encoding: Encoding
    order: tuple[int, ...]
    links: tuple[Link | Anchored | Sum | Lookup, ...]
    absent: tuple[Absent | None, ...]

    @property
    def codings(self) -> tuple[Coding, ...]:
        """How the columns are coded, in the order they are drawn."""
        return tuple(self.encoding.codings[i] for i in self.order)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in the order they are drawn."""
        return tuple(c.column.name for c in self.codings)

    @property
    def terms(self) -> frozenset[int]:
        """The columns, by place in the table, that others' values lie at or near."""
        made = (link for link in self.links if isinstance(link, Anchored | Sum))
        return frozenset(j for link in made for a in link.anchors for j, _ in a.terms)


class Restricted(Protocol):
    """A link under a condition; see :class:`assaymark.generate.within.Within`."""

    def draw(self, drawn: Codes, place: Place, out: Codes, inside: Floats, weight: Floats) -> None:
        """Draw as the link does, from what the condition leaves."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """Rows whose columns are drawn in place, in the order of the chain.

    Attributes
    ----------
    rows
        The rows' numbers, shape ``(n,)``.
    codes, inside
        Codes so far, and where in its cell a value lies, shape ``(columns, n)``.
    found, numbers
        Values that no code says, and numbers that others lie near, by place in the table.
    """

    chain: Chain
    terms: frozenset[int]
    key: tuple[int, int]
    rows: Words
    codes: Codes
    inside: Floats
    found: dict[int, Found]
    numbers: dict[int, Floats]

    @classmethod
    def begun(cls, chain: Chain, key: tuple[int, int], rows: Words) -> Drawing:
        """Return a drawing of these rows without any column."""
        shape = len(chain.order), len(rows)
        return cls(
            chain=chain,
            terms=chain.terms,
            key=key,
            rows=rows,
            codes=np.empty(shape, dtype=np.int32),
            inside=np.empty(shape),
            found={},
            numbers={},
        )

    def place(self, i: int) -> Place:
        """Return where the random numbers of the ``i``-th column are taken from."""
        return Place(key=self.key, row=self.rows, column=i)

    def draw(self, i: int, part: Restricted | None = None, weight: Floats | None = None) -> None:
        """Draw the ``i``-th column, by ``part`` if it is given; ``weight`` is multiplied."""
        column, link = self.chain.order[i], self.chain.links[i]
        before, out, inside = self.codes[:i], self.codes[i], self.inside[i]
        null = self.null(i)
        if isinstance(link, Anchored | Sum):
            found = link.draw(before, self.place(i), inside, self.numbers)
            found = found if null is None else found.without(null)
            out[:] = found.codes
            self.found[column], self.numbers[column] = found, found.numbers
            return
        if part is None or weight is None:
            link.draw(before, self.place(i), out, inside)
        else:
            part.draw(before, self.place(i), out, inside, weight)
        if null is not None:
            out[null] = self.chain.codings[i].size - 1
        self.count(i)

    def count(self, i: int) -> None:
        """Keep the ``i``-th column's numbers, if others may lie near them."""
        column = self.chain.order[i]
        if column in self.terms and column not in self.found:
            cells = cells_of(self.chain.encoding, column)
            self.numbers[column] = cells.numbers(self.codes[i], self.inside[i])

    def null(self, i: int) -> NDArray[np.bool_] | None:
        """Return where another column says that the ``i``-th one is missing, if one does."""
        because = self.chain.absent[i]
        if because is None:
            return None
        source = self.chain.order.index(because.source)
        return np.asarray(because.table[self.codes[source]], dtype=np.bool_)

    def series(self, i: int) -> pl.Series:
        """Return the values of the ``i``-th column."""
        found = self.found.get(self.chain.order[i])
        if found is not None:
            return found.series
        return self.chain.codings[i].decode(self.codes[i], self.inside[i])

    def take(self, at: NDArray[np.int64]) -> Drawing:
        """Return the drawing of these rows alone."""
        return replace(
            self,
            rows=self.rows[at],
            codes=self.codes[:, at],
            inside=self.inside[:, at],
            found={j: f.take(at) for j, f in self.found.items()},
            numbers={j: n[at] for j, n in self.numbers.items()},
        )

    def frame(self) -> pl.DataFrame:
        """Return the rows as a table, when all columns are drawn."""
        back: NDArray[np.int64] = np.argsort(self.chain.order)
        instead = {column: f.series for column, f in self.found.items()}
        return self.chain.encoding.decode(self.codes[back], self.inside[back], instead)
