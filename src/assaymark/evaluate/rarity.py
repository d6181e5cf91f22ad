"""Rarity: how rare the rarest value of each row is, column by column, among all real rows.

Somebody rare in one value is not isolated where all columns count alike: one code that few have
moves a record no further than a common one. So rarity is a ranking of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.evaluate.features import measured_columns, numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset

    Floats = NDArray[np.float64]

__all__ = ["rarities"]


def rarities(real: Sequence[Dataset]) -> list[Floats]:
    """Return for each table the rarity of each row, shape ``(n,)``: the smallest of any column.

    A value's rarity is the share of all real rows whose value is as frequent or less; of a number,
    a date or a time also twice the share as far out on its side, if that is less. So the values of
    a column are about evenly spread over [0, 1] whatever they are: where all are different,
    nobody is rare, and a column of many rare codes does not crowd out the others.
    """
    lengths = np.cumsum([d.n for d in real])[:-1]
    rarity = np.ones(sum(d.n for d in real))
    for column in measured_columns(real[0]):
        pooled = pl.concat([d.frame[column.name] for d in real])
        rarity = np.minimum(rarity, _by_frequency(pooled))
        if column.kind.ordered:
            rarity = np.minimum(rarity, _by_place(numbers_of(pooled)))
    return np.split(rarity, lengths)


def _by_frequency(values: pl.Series) -> Floats:
    """Return the share of all values that are as frequent or less; missing is a value."""
    counts = values.to_frame("v").select(pl.len().over("v"))["len"].to_numpy()
    return np.asarray(np.searchsorted(np.sort(counts), counts, "right") / len(counts))


def _by_place(plain: Floats) -> Floats:
    """Return twice the share of numbers at or beyond each, on the side where there are fewer."""
    share = np.ones(len(plain))
    known = np.flatnonzero(~np.isnan(plain))
    order = known[np.argsort(plain[known])]
    ascending, n = plain[order], len(order)
    first = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1])[:n])
    times = np.diff(np.append(first, n))
    fewer = np.minimum(first + times, n - first)  # at or below, at or above
    share[order] = np.minimum(1.0, 2 * np.repeat(fewer, times) / max(n, 1))
    return share
