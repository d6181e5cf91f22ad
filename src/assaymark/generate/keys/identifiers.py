"""Identifiers: columns of fresh values, each once, for the rows of a synthetic table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.dataset import POLARS_TYPES
from assaymark.core.schema import Column, Kind, Role
from assaymark.errors import InputError
from assaymark.generate.keys.pattern import Pattern
from assaymark.generate.keys.permutation import Permutation
from assaymark.generate.philox import philox_strip

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from assaymark.core.streams import Streams

__all__ = ["FreshColumn", "Identifiers"]

_UNIT = 2.0**-32
_WAY, _TAIL = 0, 1  # counters of Philox: which way a row goes; what is beyond a capacity
_NARROW, _HALF = np.uint64(0), np.uint64(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshColumn:
    """One column of fresh identifiers; it holds no value of the source.

    Attributes
    ----------
    kind
        INTEGER where every value is a whole number without zeros before it, else CATEGORY.
    patterns
        How values are written, each of another length or with other texts about the digits, if
        there are several.
    missing
        Share of rows without a value, in [0, 1).
    """

    name: str
    kind: Kind
    patterns: tuple[Pattern, ...]
    missing: float = 0.0

    @property
    def words(self) -> str:
        """How values are written, in words."""
        return " or ".join(p.words for p in self.patterns)

    @property
    def column(self) -> Column:
        """The column as a schema has it: an identifier, of which nothing can be asked."""
        return Column(name=self.name, kind=self.kind, roles=(Role.DIRECT_IDENTIFIER,))

    def roomy(self, n: int) -> FreshColumn:
        """Return the column such that ``n`` values can differ.

        Of several patterns those stay that have room for all; otherwise the one with most room is
        given as many digits as it needs. Where they differ in the texts about their digits, such
        as "RAD-" and "LAB-", all stay, and each is given as many.
        """
        whole = self.kind is Kind.INTEGER
        about = {p.about for p in self.patterns}
        if len(about) == len(self.patterns) and None not in about:
            return replace(self, patterns=tuple(p.roomy(n, whole=whole) for p in self.patterns))
        wide = tuple(p for p in self.patterns if p.capacity >= n)
        kept = wide or (max(self.patterns, key=lambda p: p.capacity).roomy(n, whole=whole),)
        return replace(self, patterns=kept)

    def values(self, rows: range, total: int, streams: Streams) -> pl.Series:
        """Return the values of these rows out of ``total``: any row by itself, and no two alike."""
        patterns = self.roomy(total).patterns
        at = np.arange(rows.start, rows.stop, dtype=np.uint64)
        way = _words(streams.child("way"), at, _WAY)(0)
        gone, chosen = (way >> _HALF) * _UNIT < self.missing, (way & np.uint64(2**32 - 1)) * _UNIT
        ends = np.cumsum([p.share for p in patterns])
        which = np.searchsorted(ends[:-1] / ends[-1], chosen, side="right")
        texts = pl.Series(self.name, [None] * len(at), dtype=pl.String)
        for i, pattern in enumerate(patterns):
            here = np.flatnonzero((which == i) & ~gone)
            own = streams.child("pattern", i)
            order = Permutation(key=own.child("order").words(), size=pattern.capacity)
            words = _words(own.child("beyond"), at[here], _TAIL)
            texts = texts.scatter(here, pattern.written(order.of(at[here]), words))
        return texts.cast(POLARS_TYPES[self.kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """The columns of a table that are made afresh, and where they stand.

    Attributes
    ----------
    table
        The table's name: the same column of another table has other values.
    columns
        One recipe each.
    order
        Names of the source's columns, in order.
    """

    table: str = ""
    columns: tuple[FreshColumn, ...] = ()
    order: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(c.name for c in self.columns)

    def joined(
        self, frame: pl.DataFrame, rows: range, total: int, streams: Streams
    ) -> pl.DataFrame:
        """Return ``frame``, which holds these rows out of ``total``, with the fresh columns.

        A value depends on the root of ``streams``, table, column, number of the row and
        ``total`` only: any block by itself has the same bytes.

        Raises
        ------
        InputError
            When the frame does not hold as many rows.
        """
        if not self.columns:
            return frame
        if frame.height != len(rows) or rows.stop > total:
            raise InputError(
                f"identifiers of rows {rows.start} to {rows.stop} out of {total} were asked for, "
                f"beside {frame.height} rows\n\nHint: say which rows the frame holds"
            )
        own = streams.child("identifiers", self.table)
        fresh = [c.values(rows, total, own.child(c.name)) for c in self.columns]
        whole = frame.with_columns(fresh)
        known = [name for name in self.order if name in whole.columns]
        return whole.select(*known, *(c for c in frame.columns if c not in known))


def _words(
    streams: Streams, rows: NDArray[np.uint64], column: int
) -> Callable[[int], NDArray[np.uint64]]:
    """Return the function that gives the words of 64 bits of these rows by number of the draw."""
    key = (np.uint64(streams.words()[0]), np.uint64(streams.words()[1]))

    def words(draw: int) -> NDArray[np.uint64]:
        out = np.empty((4, len(rows)), dtype=np.uint32)
        philox_strip(key, rows, np.uint64(column), np.uint64(draw), out)
        high, low = out[0].astype(np.uint64), out[1].astype(np.uint64)
        return np.asarray((high << _HALF) | low, dtype=np.uint64)

    return words
