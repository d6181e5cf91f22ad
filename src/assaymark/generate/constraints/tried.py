"""Tried: rows under a condition from a model that has no way but to draw and to look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.errors import ConditionError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from assaymark.core.conditions import Given
    from assaymark.core.streams import Streams

__all__ = ["tried"]

_STRETCH = 256
_MOST = 50  # blocks that are drawn for one stretch


def tried(
    rows: range,
    streams: Streams,
    given: Given,
    make: Callable[[np.random.Generator], pl.DataFrame],
) -> pl.DataFrame:
    """Return ``rows`` of the endless table of rows of ``make``'s blocks that satisfy ``given``.

    The table is made in stretches of 256 rows, each by its own random numbers, so that any range
    in any order gives the same bytes.

    Raises
    ------
    ConditionError
        When 50 blocks do not hold a stretch's rows.
    """
    if not rows:
        return make(streams.child("given", 0, 0).generator()).head(0)
    parts = []
    for stretch in range(rows.start // _STRETCH, (rows.stop - 1) // _STRETCH + 1):
        made = _stretch(streams.child("given", stretch), given, make)
        first = max(rows.start - stretch * _STRETCH, 0)
        parts.append(made.slice(first, min(rows.stop - stretch * _STRETCH, _STRETCH) - first))
    return pl.concat(parts).rechunk()


def _stretch(
    streams: Streams, given: Given, make: Callable[[np.random.Generator], pl.DataFrame]
) -> pl.DataFrame:
    found: list[pl.DataFrame] = []
    looked = 0
    for block in range(_MOST):
        made = make(streams.child(block).generator())
        looked += made.height
        found.append(made.filter(pl.Series(given.hold(made))))
        if sum(f.height for f in found) >= _STRETCH:
            return pl.concat(found).head(_STRETCH)
    raise ConditionError(
        f"{sum(f.height for f in found):,} of {looked:,} rows of this model satisfy "
        f"{given.text!r}, too few to look for more of them\n\nHint: ask for less at once, or take "
        "tree_chain, which draws what a condition leaves"
    )
