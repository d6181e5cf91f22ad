"""DP held: which part of the rows of a table its counts hold, where some values were not found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.dp.junction import Table
    from assaymark.generate.dp.vault import Counted

    Floats = NDArray[np.float64]

__all__ = ["Held"]

_WIDTH = 4.0  # standard deviations that what is possible spans


class Held:
    """Which part of what a model expects of a table its counts can hold.

    Rows whose value was not found in a column are in no count of that column; the model has them
    all the same, dealt out among what was found.

    Parameters
    ----------
    shares, listed
        By column: the share of each class, and which part of its rows is counted.
    rows
        The noisy number of rows.
    """

    def __init__(self, shares: Sequence[Floats], listed: Sequence[Floats], rows: float) -> None:
        self._listed, self._total = tuple(listed), rows
        self._whole = tuple(float(s @ x) for s, x in zip(shares, listed, strict=True))
        self._short = tuple(bool((x < 1).any()) for x in listed)

    def part(self, table: Table) -> Floats:
        """Return the part of each cell, shape to multiply with the table's cells."""
        out = np.ones((1,) * len(table))
        for axis, c in enumerate(table):
            shape = [1] * len(table)
            shape[axis] = -1
            if self._short[c]:
                out = out * self._listed[c].reshape(shape)
        return out

    def expected(self, table: Table, now: Floats, counted: Counted) -> Floats:
        """Return the rows behind each share of ``now`` that are counted, shape to multiply with.

        Whether those without a value in one column are those without one in another follows from
        the counts, as far as noise lets it.
        """
        part = self._total * self.part(table)
        short = [self._whole[c] for c in table if self._short[c]]
        if len(short) < 2:
            return part
        whole = float((now * part).sum())
        away = float(counted.counts.sum()) - whole
        span = self._total * (min(short) - max(0.0, sum(short) - len(short) + 1)) / _WIDTH
        noise = counted.sigma * math.sqrt(counted.counts.size)
        return part * max(1 + away / whole * span**2 / (span**2 + noise**2), 0.1)
