"""Levels: the codes of an unordered column, with levels of few persons left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.schema import Column

__all__ = ["LevelCoding", "fit_levels", "persons_among", "persons_per_code"]

_OTHER = frozenset({"other", "others"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelCoding:
    """Codes 0 to ``size - 1`` of a category or boolean; the last one is "missing" if kept.

    Attributes
    ----------
    levels
        The levels that may come out, most frequent first.
    hidden
        How many levels were left out because fewer than ``protect`` persons hold them.
    """

    column: Column
    levels: tuple[str, ...] | tuple[bool, ...]
    missing: bool
    hidden: int
    ordered: bool = False

    @property
    def size(self) -> int:
        """Number of codes."""
        return len(self.levels) + self.missing

    def decode(self, codes: NDArray[np.int32], u: NDArray[np.float64]) -> pl.Series:
        """Return the levels of ``codes``; ``u`` is not needed here."""
        del u
        kind = pl.Boolean() if self.column.kind is Kind.BOOLEAN else pl.String()
        known = pl.Series(self.column.name, [*self.levels, None], dtype=kind)
        places = np.ascontiguousarray(codes, dtype=np.int32).view(np.uint32)  # read where they are
        return known.gather(pl.Series(places))


def fit_levels(
    column: Column, values: pl.Series, persons: NDArray[np.int64], protect: int
) -> tuple[LevelCoding, NDArray[np.int32]]:
    """Code ``values``, shape ``(n,)``; -1 where a level is held by fewer than ``protect`` persons.

    Rare levels become the level called "other" where that is itself a common one.
    """
    found = values.drop_nulls().unique().sort()
    raw = _positions(values, found)
    held = persons_per_code(raw, persons, len(found) + 1)
    kept = np.flatnonzero(held[:-1] >= protect)
    kept = kept[np.argsort(-held[kept], kind="stable")]
    missing = bool(held[-1] >= protect) or len(kept) == 0
    new = np.full(len(found) + 1, -1, dtype=np.int32)
    new[kept] = np.arange(len(kept))
    levels = tuple(found.gather(kept.tolist()).to_list())
    other = next((i for i, v in enumerate(levels) if str(v).casefold() in _OTHER), -1)
    new[:-1][new[:-1] < 0] = other
    if missing:
        new[-1] = len(kept)
    if len(kept) == 0:  # no level may come out, so the column comes out empty
        new[:] = 0
    hidden = int((held[:-1] < protect).sum())
    return LevelCoding(column=column, levels=levels, missing=missing, hidden=hidden), new[raw]


def persons_per_code(
    codes: NDArray[np.int32] | NDArray[np.int64], persons: NDArray[np.int64], size: int
) -> NDArray[np.int64]:
    """Return how many distinct persons hold each code, shape ``(size,)``."""
    if persons_among(persons) == len(persons):
        return np.bincount(codes, minlength=size)
    pairs = np.unique(codes.astype(np.int64) * (int(persons.max(initial=0)) + 1) + persons)
    return np.bincount(pairs // (int(persons.max(initial=0)) + 1), minlength=size)


def persons_among(persons: NDArray[np.int64]) -> int:
    """Return how many distinct persons there are; codes are counted from 0."""
    there = np.zeros(int(persons.max(initial=-1)) + 1, dtype=np.bool_)
    there[persons] = True
    return int(there.sum())


def _positions(values: pl.Series, found: pl.Series) -> NDArray[np.int32]:
    if values.dtype == pl.Boolean:
        table = {v: i for i, v in enumerate(found.to_list())}
        codes = [len(found) if v is None else table[v] for v in values.to_list()]
        return np.array(codes, dtype=np.int32)
    if len(found) == 0:
        return np.zeros(len(values), dtype=np.int32)
    physical = values.cast(pl.Enum(found)).to_physical().cast(pl.Int32)
    return physical.fill_null(len(found)).to_numpy().astype(np.int32)
