"""Fragments: how much of a record one synthetic row repeats, be it a part only, in bits.

:mod:`assaymark.evaluate.agreement` knows numbers by their sixteenth. Of a part of a record that is
too little: a few columns agree that closely with some row by chance. Here numbers that are nearer
than 255 of 256 real values count by how few real values are as near, so that three long numbers in
one row say more than fourteen columns that are roughly alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.evaluate.agreement import agreement_of
from assaymark.evaluate.features import measured_columns, numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.schema import Column
    from assaymark.evaluate.agreement import Agreement

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = ["Closeness", "closeness_of", "unlinked"]

_CLOSE, _ROUGH = 8.0, 4.0  # bits: nearer than 1 of 256; what the two grids of sixteenths say
_RARE = 1 / 128  # values of a category that are as rare count as close
_COLUMNS = 2  # columns in which a row has to be close to be looked at
_MOST, _BLOCK = 64, 2_000  # rows looked at for each record and column; records at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ordered:
    """Values of one ordered column among the real rows, ascending."""

    column: Column
    real: Floats

    def values(self, data: Dataset) -> Floats:
        """Return the column as numbers, missing as NaN."""
        return numbers_of(data.frame[self.column.name])

    def reach(self, own: Floats) -> tuple[Floats, Floats]:
        """Return between which values rows are close to these; nowhere for common values."""
        last, aside = len(self.real) - 1, len(self.real) / 2 ** (_CLOSE + 1)
        left = np.searchsorted(self.real, own, side="left")
        right = np.searchsorted(self.real, own, side="right")
        able = ~np.isnan(own) & (right - left <= 2 * aside)
        low = self.real[np.clip(left - round(aside), 0, last)]
        high = self.real[np.clip(right - 1 + round(aside), 0, last)]
        low, high = np.minimum(low, own), np.maximum(high, own)
        return np.where(able, low, np.inf), np.where(able, high, -np.inf)

    def bits(self, own: Floats, made: Floats) -> Floats:
        """Return the bits beyond the rough ones that each pair of close values is worth."""
        gap = np.abs(own - made)
        high = np.searchsorted(self.real, own + gap, side="right")
        low = np.searchsorted(self.real, own - gap, side="left")
        found = np.log2(len(self.real)) - np.log2(np.maximum(high - low, 1))
        return np.asarray(np.maximum(found - _ROUGH, 0.0), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Valued:
    """Rare values of one other column; a row with the same one is close, at no further bits."""

    column: Column
    rare: pl.Series

    def values(self, data: Dataset) -> Floats:
        """Return the place of rare values, all others as NaN."""
        words = data.frame[self.column.name].cast(pl.String)
        codes = words.replace_strict(
            self.rare, pl.Series(range(len(self.rare)), dtype=pl.Float64), default=None
        )
        return np.asarray(codes.cast(pl.Float64).to_numpy(), dtype=np.float64)

    def reach(self, own: Floats) -> tuple[Floats, Floats]:
        """Return the value itself, twice."""
        return np.where(np.isnan(own), np.inf, own), np.where(np.isnan(own), -np.inf, own)

    def bits(self, own: Floats, made: Floats) -> Floats:  # noqa: ARG002
        """Return 0: all is said by agreeing."""
        return np.zeros(len(own))


class _Seen(NamedTuple):
    """A table as codes of the agreement, and as values of each column; one array a column."""

    codes: list[Codes]
    values: list[Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Closeness:
    """What it is worth, in bits, that a row is close to a record; learnt from real rows."""

    agreement: Agreement
    columns: tuple[_Ordered | _Valued, ...]

    def most(self, records: Dataset, synthetics: Sequence[Dataset]) -> Floats:
        """Return the most that one row repeats of each record, ``(n,)``.

        Rows close in at least two columns are looked at; 0 where there are none.
        """
        best, own = np.zeros(records.n), self._seen(records)
        for made in (self._seen(s) for s in synthetics):
            orders = [np.argsort(v, kind="stable")[: (~np.isnan(v)).sum()] for v in made.values]
            for start in range(0, records.n, _BLOCK):
                part = slice(start, start + _BLOCK)
                record, row = self._close([v[part] for v in own.values], made, orders)
                record += start
                np.maximum.at(best, record, self._worth(own, record, made, row))
        return best

    def whole(self, records: Dataset) -> Floats:
        """Return what an exact copy would repeat of each record, ``(n,)``."""
        own, everyone = self._seen(records), np.arange(records.n)
        return self._worth(own, everyone, own, everyone)

    def _seen(self, data: Dataset) -> _Seen:
        return _Seen(
            codes=[c.codes(data) for c in self.agreement.coded],
            values=[c.values(data) for c in self.columns],
        )

    def _close(self, own: list[Floats], made: _Seen, orders: list[Codes]) -> tuple[Codes, Codes]:
        """Return pairs of records and rows that are close in at least two columns."""
        pairs, rows = [np.zeros(0, dtype=np.int64)], max((len(v) for v in made.values), default=1)
        for column, mine, values, order in zip(self.columns, own, made.values, orders, strict=True):
            ascending = values[order]
            low, high = column.reach(mine)
            first = np.searchsorted(ascending, low, side="left")
            last = np.maximum(np.searchsorted(ascending, high, side="right"), first)
            middle = np.searchsorted(ascending, mine) - _MOST // 2
            first = np.clip(middle, first, np.maximum(last - _MOST, first))
            count = np.minimum(last - first, _MOST)
            record = np.repeat(np.arange(len(mine)), count)
            place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            pairs.append(record * rows + order[np.repeat(first, count) + place])
        found, times = np.unique(np.concatenate(pairs), return_counts=True)
        record, row = np.divmod(found[times >= _COLUMNS], rows)
        return record, row

    def _worth(self, own: _Seen, record: Codes, made: _Seen, row: Codes) -> Floats:
        """Return the bits that these pairs of a record and a row agree on."""
        found = np.zeros(len(record))
        for c, mine, theirs in zip(self.agreement.coded, own.codes, made.codes, strict=True):
            codes = mine[record]
            found += np.where(codes == theirs[row], c.bits[codes], 0.0)
        for column, here, there in zip(self.columns, own.values, made.values, strict=True):
            low, high = column.reach(here)
            close = (there[row] >= low[record]) & (there[row] <= high[record])
            found[close] += column.bits(here[record[close]], there[row[close]])
        return found


def closeness_of(real: Sequence[Dataset]) -> Closeness:
    """Return the closeness whose values and bits come from these real rows."""
    columns: list[_Ordered | _Valued] = []
    for column in sorted(measured_columns(real[0]), key=lambda c: c.name):
        pooled = pl.concat([d.frame[column.name] for d in real]).drop_nulls()
        if column.kind.ordered:
            if len(pooled):
                columns.append(_Ordered(column=column, real=np.sort(numbers_of(pooled))))
            continue
        counts = pooled.cast(pl.String).alias("v").value_counts(name="n").sort("v")
        rare = counts.filter(pl.col("n") <= _RARE * len(pooled))["v"]
        columns.append(_Valued(column=column, rare=rare))
    return Closeness(agreement=agreement_of(real), columns=tuple(columns))


def unlinked(data: Dataset, rng: np.random.Generator) -> Dataset:
    """Return the rows with each column permuted by itself: the same values, no row of anybody."""
    columns = [s.gather(rng.permutation(data.n)) for s in data.frame.iter_columns()]
    return Dataset(schema=data.schema, frame=pl.DataFrame(columns))
