"""Blocks: fixed stretches of the endless synthetic table, each on its own random stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from assaymark.core.streams import Streams

__all__ = ["BLOCK", "checked", "in_blocks"]

BLOCK = 4096


def in_blocks(
    rows: range, streams: Streams, make: Callable[[np.random.Generator], pl.DataFrame]
) -> pl.DataFrame:
    """Return ``rows`` of the table whose block ``b`` is ``make(stream b)``, ``BLOCK`` rows each.

    A block is always made whole and then cut, so that any range in any order gives the same
    bytes.

    Raises
    ------
    DataError
        When ``rows`` is not a plain stretch of row numbers from 0 on.
    """
    if not checked(rows):
        return make(streams.child("block", 0).generator()).head(0)
    parts = []
    for block in range(rows.start // BLOCK, (rows.stop - 1) // BLOCK + 1):
        made = make(streams.child("block", block).generator())
        first = max(rows.start - block * BLOCK, 0)
        parts.append(made.slice(first, min(rows.stop - block * BLOCK, BLOCK) - first))
    return pl.concat(parts).rechunk()


def checked(rows: range) -> range:
    """Return ``rows`` if they are a stretch of row numbers.

    Raises
    ------
    DataError
        When they are not consecutive, or begin below 0.
    """
    if rows.step != 1 or rows.start < 0:
        raise DataError(
            f"rows must be a stretch such as range(0, 1000), not {rows}\n\n"
            "Hint: ask for consecutive rows and take from them"
        )
    return rows
