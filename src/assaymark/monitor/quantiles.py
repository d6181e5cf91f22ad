"""Quantiles: the values below which fixed shares of a column lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64] | NDArray[np.int64]

__all__ = ["QUANTILES", "quantiles"]

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def quantiles(numbers: Numbers) -> tuple[str, ...]:
    """Return ``QUANTILES`` of what is known, as ``numpy.quantile`` says them to the last digit."""
    ordered = np.sort(numbers)
    ordered = ordered[: np.searchsorted(ordered, np.inf, side="right")]
    if not len(ordered):
        return ()
    place = np.array(QUANTILES) * (len(ordered) - 1)
    below = np.floor(place).astype(np.int64)
    part, low = place - below, ordered[below]
    high = ordered[np.minimum(below + 1, len(ordered) - 1)]
    up, down = low + (high - low) * part, high - (high - low) * (1 - part)
    return tuple(f"{q!r}" for q in np.where(part < 0.5, up, down).tolist())
