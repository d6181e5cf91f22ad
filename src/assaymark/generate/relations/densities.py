"""Densities: how likely whole differences are, coded so that none of few persons shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.core.schema import Column, Kind
from assaymark.generate.coding.cells import fit_points
from assaymark.generate.coding.points import off_each

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.coding.cells import CellCoding

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Points = NDArray[np.int64]
    Reach = tuple[int, int, bool]

__all__ = ["coded", "density", "density_at"]

_DIFFERENCE = Column(name="difference", kind=Kind.INTEGER)


def coded(
    steps: NDArray[np.int64], persons: NDArray[np.int64], protect: int
) -> tuple[CellCoding, NDArray[np.int32]]:
    """Code differences, so that none of fewer than ``protect`` persons comes out."""
    return fit_points(_DIFFERENCE, steps, persons, protect)


def density(coding: CellCoding, mass: Floats) -> Floats:
    """Return the log of the share of each point of each code, shape ``(codes,)``."""
    known = mass[: len(coding.first)]
    share = known / max(float(known.sum()), 1e-12)
    return np.log(np.maximum(share, 1e-12)) - np.log(np.maximum(coding.points, 1))


def density_at(coding: CellCoding, log: Floats, steps: NDArray[np.int64], *, ends: bool) -> Floats:
    """Return the log-density of differences, given that of each code, shape ``(n,)``.

    What lies beside a cell, where fewer persons are than protect a value, falls to it with the
    square of the distance, and what is between special values to none. With ``ends``, such as of
    few persons, of whom the ten at either end are many, so does what lies outside the outermost
    codes; else none does.
    """
    codes, off = coding.encode(steps), np.empty(len(steps))
    _beside(steps, codes, (coding.first, coding.points, coding.atoms), (*coding.span, ends), off)
    said, beside = log[codes], np.flatnonzero(off)
    said[beside] -= 2 * np.log1p(off[beside])
    return said


@compiled
def _beside(
    steps: Points, codes: Codes, cells: tuple[Points, Points, Points], how: Reach, out: Floats
) -> None:
    """Fill ``out`` with how many widths of its code each difference lies beside it."""
    (_, points, _), (low, high, ends) = cells, how
    off_each(steps, codes, cells, out)
    for i in range(len(steps)):
        width = points[codes[i]]
        outside = steps[i] < low or steps[i] > high
        if steps[i] < low:
            out[i], width = low - steps[i], points[0]
        elif steps[i] > high:
            out[i], width = steps[i] - high, points[-1]
        if out[i] and not ends and (outside or points[codes[i]] == 0):
            out[i] = np.inf
        out[i] /= max(width, 1)
