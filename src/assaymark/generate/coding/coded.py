"""Coded: values that were not there when a coding was fitted, in its codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.generate.coding.cells import CellCoding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.coding.encoding import Coding

    Codes = NDArray[np.int32]

__all__ = ["coded"]


def coded(coding: Coding, values: pl.Series) -> Codes:
    """Return the code of each value, shape ``(n,)``; -1 where there is none, or it is missing.

    A number outside all cells gets the nearest cell's code.
    """
    out = np.full(len(values), -1, dtype=np.int32)
    known = values.is_not_null().to_numpy()
    there = values.filter(pl.Series(known))
    if isinstance(coding, CellCoding):
        if len(coding.first):
            plain = there.to_physical()
            numbers = plain.cast(pl.Float64 if plain.dtype.is_float() else pl.Int64).to_numpy()
            out[known] = coding.encode(coding.grid.index(numbers))
        return out
    levels = {level: i for i, level in enumerate(getattr(coding, "levels", ()))}
    out[known] = [levels.get(value, -1) for value in there.to_list()]
    return out
