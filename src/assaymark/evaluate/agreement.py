"""Agreement: how much of a record one synthetic row repeats, in bits, whichever columns it is.

The weights are those of record linkage: to agree on a rare value says more than to agree on a
common one. A copy with a changed, jittered or swapped column still repeats nearly all of the
record, so few bits are missing; distances over all columns lose such copies among neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.evaluate.blocks import in_blocks
from assaymark.evaluate.features import doubled_ranks, measured_columns, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Points = NDArray[np.float32]

__all__ = ["Agreement", "Found", "agreement_of"]

_BINS = 16  # of equal frequency; two grids, shifted by half a bin, so that near values share one
_COMMON, _BUCKETS = 150, 50  # values with a code of their own; buckets that the rest share
_BLOCK, _TILE, _ROWS = 256, 1_024, 16_384
_COMBINATIONS = 128
_ROUNDING = 1e-2  # bits; sums of single precision


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """Of each record: its bits, and those that the synthetic row most like it lacks; ``(n,)``."""

    bits: Floats
    missing: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Coded:
    """One way to code a column, and the bits that agreeing on each code is worth."""

    column: Column
    bits: Floats
    ranks: Floats | None = None
    shift: float = 0.0
    values: pl.Series | None = None

    def codes(self, data: Dataset) -> Codes:
        """Return the code of each row; the last one stands for a missing value."""
        series = data.frame[self.column.name]
        if self.ranks is not None:
            return _binned(series, self.ranks, self.shift)
        assert self.values is not None  # noqa: S101
        return _valued(series, self.values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """The codes of all columns, their bits learnt from real rows."""

    coded: tuple[_Coded, ...]

    def points(self, data: Dataset) -> Points:
        """Return coordinates whose inner product is the number of bits two rows agree on."""
        blocks = []
        for c in self.coded:
            codes = c.codes(data)
            hot = np.zeros((data.n, len(c.bits)), dtype=np.float32)
            hot[np.arange(data.n), codes] = np.sqrt(c.bits[codes])
            blocks.append(hot)
        return np.hstack(blocks) if blocks else np.zeros((data.n, 1), dtype=np.float32)

    def found(self, records: Dataset, synthetics: Sequence[Dataset]) -> Found:
        """Return how much of each of ``records`` the synthetic row most like it lacks."""
        codes = [c.codes(records) for c in self.coded]
        bits, best = np.zeros(records.n), np.zeros(records.n)
        for c, own in zip(self.coded, codes, strict=True):
            bits += c.bits[own]
        if records.n and codes:
            joint, worth = _joined(codes, [c.bits for c in self.coded])
            for turned in _blocks(self, synthetics):
                most = partial(_most, joint, worth @ turned)
                best = np.maximum(best, in_blocks(records.n, _BLOCK, most))
        missing = bits - best
        return Found(bits=bits, missing=np.where(missing < _ROUNDING, 0.0, missing))


def _joined(codes: Sequence[Codes], bits: Sequence[Floats]) -> tuple[csr_array, csr_array]:
    """Return two sparse factors of the records' coordinates, the first one with few entries a row.

    Neighbouring columns that have few combinations of codes between them are taken as one: the
    first factor has a 1 for the combination of each record, shape ``(records, combinations)``, the
    second the coordinates of each, shape ``(combinations, coordinates)``.
    """
    from scipy.sparse import block_diag, coo_array, csr_array, hstack

    each, ones, worth = np.arange(len(codes[0])), np.ones(len(codes[0]), dtype=np.float32), []
    chosen = []
    for members in _groups(codes):
        together = np.column_stack([codes[i] for i in members])
        kinds, which = np.unique(together, axis=0, return_inverse=True)
        chosen.append(coo_array((ones, (each, which.ravel())), shape=(len(each), len(kinds))))
        roots = (
            np.eye(len(bits[i]))[k] * np.sqrt(bits[i])
            for i, k in zip(members, kinds.T, strict=True)
        )
        worth.append(np.hstack(list(roots)).astype(np.float32))
    return csr_array(hstack(chosen)), csr_array(block_diag(worth))


def _groups(codes: Sequence[Codes]) -> list[list[int]]:
    """Return neighbouring columns in groups of at most so many combinations of codes."""
    groups: list[list[int]] = []
    combined = np.zeros(0, dtype=np.int64)
    for i, code in enumerate(codes):
        key = combined * (int(code.max()) + 1) + code if groups else code
        kinds, key = np.unique(key, return_inverse=True)
        if groups and len(kinds) <= _COMBINATIONS:
            groups[-1].append(i)
            combined = key.ravel()
        else:
            groups.append([i])
            combined = np.unique(code, return_inverse=True)[1].ravel()
    return groups


def _most(joint: csr_array, worth: Points, part: slice) -> Floats:
    return np.asarray((joint[part] @ worth).max(axis=1), dtype=np.float64)


def agreement_of(real: Sequence[Dataset]) -> Agreement:
    """Return the agreement whose bins, values and bits come from these real rows.

    Bits of a code are minus the binary logarithm of its share of the rows; an ordered column has
    two grids, each worth half. Values after the 150th share 50 codes.

    References
    ----------
    Fellegi & Sunter (1969), A theory for record linkage: weights of agreement.
    """
    coded = []
    for column in sorted(measured_columns(real[0]), key=lambda c: c.name):
        pooled = pl.concat([d.frame[column.name] for d in real])
        if column.kind.ordered:
            ranks = np.sort(numbers_of(pooled.drop_nulls()))
            for shift in (0.0, 0.5):
                codes = _binned(pooled, ranks, shift)
                bits = _bits(codes, _BINS + 2) / 2
                coded.append(_Coded(column=column, ranks=ranks, shift=shift, bits=bits))
        else:
            counts = pooled.drop_nulls().cast(pl.String).alias("v").value_counts(name="n")
            values = counts.sort(["n", "v"], descending=[True, False])["v"].head(_COMMON)
            codes = _valued(pooled, values)
            bits = _bits(codes, len(values) + _extra(values) + 1)
            coded.append(_Coded(column=column, values=values, bits=bits))
    return Agreement(coded=tuple(coded))


def _blocks(agreement: Agreement, synthetics: Sequence[Dataset]) -> Iterator[Points]:
    for made in synthetics:
        for start in range(0, made.n, _ROWS):
            points = agreement.points(made.take(np.arange(start, min(start + _ROWS, made.n))))
            for first in range(0, len(points), _TILE):
                yield np.ascontiguousarray(points[first : first + _TILE].T)


def _bits(codes: Codes, n_codes: int) -> Floats:
    share = np.bincount(codes, minlength=n_codes) / max(len(codes), 1)
    return -np.log2(np.maximum(share, 1 / max(len(codes), 2)))


def _binned(series: pl.Series, ranks: Floats, shift: float) -> Codes:
    plain = numbers_of(series)
    share = doubled_ranks(ranks, plain) / (2 * max(len(ranks), 1))
    codes = np.clip((share * _BINS + shift).astype(np.int64), 0, _BINS)
    return np.where(np.isnan(plain), _BINS + 1, codes)


def _extra(values: pl.Series) -> int:
    return _BUCKETS if len(values) == _COMMON else 1


def _valued(series: pl.Series, values: pl.Series) -> Codes:
    """Code of each value: its place, a bucket after those where rare or new, the last missing."""
    words = series.cast(pl.String)
    known = words.replace_strict(
        values, pl.Series(range(len(values)), dtype=pl.Int64), default=None, return_dtype=pl.Int64
    )
    extra = _extra(values)
    bucket = (words.hash(seed=17) % extra).cast(pl.Int64) + len(values)
    codes = known.fill_null(bucket)
    missing = words.is_null().to_numpy()
    plain = codes.fill_null(0).to_numpy()
    return np.asarray(np.where(missing, len(values) + extra, plain), dtype=np.int64)
