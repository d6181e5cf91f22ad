"""Anchor constant: what is added to a sum or product, so that it is a column most often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.relations.anchors import apart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample

    Floats = NDArray[np.float64]

__all__ = ["nudged", "rows_right"]

_NUDGE = 2e-4, 5e-6  # of half a point of the grid, and at most


def nudged(
    sample: Sample, x: int, rows: NDArray[np.int64], sums: Floats, found: tuple[float, float]
) -> float:
    """Return the constant with which sums are ``x`` most often: none, or what was found.

    A little more or less than a point of the grid is how halves are rounded up or down.
    """
    constant, half = found
    tried = [constant]
    if half:
        snapped = 2 * half * round(constant / (2 * half))
        nudge = min(_NUDGE[0] * half, _NUDGE[1])
        tried = [snapped, snapped + nudge, snapped - nudge, constant]
    right = [rows_right(sample, x, rows, sums + c) for c in tried]
    return tried[int(np.argmax(right))]


def rows_right(sample: Sample, x: int, rows: NDArray[np.int64], sums: Floats) -> int:
    """Return in how many of the rows ``x`` is a sum to the point."""
    own = sample.numbers[x][rows]
    return int((apart(sample.codings[x], own, sums).points == 0).sum())
