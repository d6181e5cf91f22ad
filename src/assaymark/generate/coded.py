"""Coded: values that were not there when a coding was fitted, in its codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.generate.cells import CellCoding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.encoding import Coding

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
            out[known] = _cells(coding, there.to_physical().to_numpy())
        return out
    levels = {level: i for i, level in enumerate(getattr(coding, "levels", ()))}
    out[known] = [levels.get(value, -1) for value in there.to_list()]
    return out


def _cells(coding: CellCoding, values: NDArray[np.int64] | NDArray[np.float64]) -> Codes:
    codes = np.arange(len(coding.first), dtype=np.int32)
    last = np.maximum(coding.points - 1, 0)
    special = coding.points == 0
    ends = coding.value(codes, last)
    order = np.argsort(ends[special], kind="stable")
    atoms, atom_codes = ends[special][order], codes[special][order]
    tops, cells = ends[~special], codes[~special]
    if len(cells):
        found = cells[np.minimum(np.searchsorted(tops, values, "left"), len(cells) - 1)]
    else:
        right = np.minimum(np.searchsorted(atoms, values, "left"), len(atoms) - 1)
        left = np.maximum(right - 1, 0)
        nearer = np.abs(values - atoms[left]) <= np.abs(atoms[right] - values)
        found = atom_codes[np.where(nearer, left, right)]
    if len(atoms):
        at = np.minimum(np.searchsorted(atoms, values, "left"), len(atoms) - 1)
        found = np.where(atoms[at] == values, atom_codes[at], found)
    return np.asarray(found, dtype=np.int32)
