"""Gaps: by how much the mean of one group differs from that of everyone else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.evaluate.statistics import Interval, Z, persons_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.evaluate.outcomes import Outcome

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Gap", "GapSide", "growth"]


class Gap(NamedTuple):
    """A gap, its error, and what it is made of.

    ``value`` is ``inside - outside``, the means of the group and of everyone else; ``n`` and
    ``others`` are their persons, ``rows`` the rows of the group; ``spread`` and ``other_spread``
    are the variances of single rows in both.
    """

    value: float
    error: float
    inside: float
    outside: float
    n: int
    others: int
    rows: int
    spread: float
    other_spread: float


class GapSide:
    """One side of a comparison: an outcome of the known rows of several tables, and whose it is.

    The tables share no person.
    """

    def __init__(self, outcome: Outcome, tables: Sequence[Dataset], scale: float = 1.0) -> None:
        values = np.concatenate([outcome.values(t) for t in tables])
        self.known = ~np.isnan(values)
        self.values: Floats = values[self.known] / scale
        self.rate = outcome.rate
        self._scale = scale
        persons = persons_over(tables)
        self._persons = None if persons is None else persons[self.known]
        self._tables = np.repeat(np.arange(len(tables)), [t.n for t in tables])[self.known]

    def persons(self, rows: Bools) -> int:
        """Return how many persons are in these known rows."""
        if self._persons is None:
            return int(rows.sum())
        return int((np.bincount(self._persons[rows]) > 0).sum())

    def gap(self, inside: Bools) -> Gap | None:
        """Return the gap of the group whose rows are ``inside``; ``None`` where a side is empty.

        ``inside`` is of all rows, shape ``(n,)``. The error is that of Welch with persons counted
        once; that of a rate is at least what one more hit and one more miss would make of it.
        """
        return self._gap(inside[self.known], np.ones(len(self.values), dtype=bool))

    def spread_of_tables(self, inside: Bools) -> float:
        """Return the error of the gap as the mean of one gap per table, from their differences."""
        rows = inside[self.known]
        gaps = [self._gap(rows, self._tables == t) for t in np.unique(self._tables)]
        values = [g.value for g in gaps if g is not None]
        return float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else 0.0

    def _gap(self, inside: Bools, used: Bools) -> Gap | None:
        parts = (inside & used, ~inside & used)
        rows = [int(p.sum()) for p in parts]
        if min(rows) == 0:
            return None
        means = [float(self.values[p].mean()) for p in parts]
        influence = np.zeros(len(self.values))
        for part, mean, n, sign in zip(parts, means, rows, (1, -1), strict=True):
            influence[part] = sign * (self.values[part] - mean) / n
        persons = [self.persons(p) for p in parts]
        whose = self._persons
        own = influence if whose is None else np.bincount(whose, weights=influence)
        m = sum(persons)
        variance = float(np.square(own).sum()) * m / max(m - 1, 1)
        if self.rate:
            variance = max(variance, self._least(means, persons))
        spreads = [float(self.values[p].var()) for p in parts]
        return Gap(
            value=means[0] - means[1],
            error=math.sqrt(variance),
            inside=means[0],
            outside=means[1],
            n=persons[0],
            others=persons[1],
            rows=rows[0],
            spread=spreads[0],
            other_spread=spreads[1],
        )

    def _least(self, means: Sequence[float], persons: Sequence[int]) -> float:
        total = 0.0
        for mean, n in zip(means, persons, strict=True):
            share = (mean * self._scale * n + 1) / (n + 2)
            total += share * (1 - share) / (n + 2) / self._scale**2
        return total


def growth(real: Gap, synthetic: Gap, error: float) -> Interval | None:
    """Return the growth of a gap as a share of it; ``None`` where the real gap may be 0.

    ``error`` is that of the synthetic gap.

    References
    ----------
    Fieller (1954), Some problems in interval estimation.
    """
    if abs(real.value) <= Z * real.error:
        return None
    a = real.value**2 - (Z * real.error) ** 2
    b = real.value * synthetic.value
    c = synthetic.value**2 - (Z * error) ** 2
    root = math.sqrt(max(b * b - a * c, 0.0))
    ends = ((b - root) / a - 1, (b + root) / a - 1)
    return Interval(synthetic.value / real.value - 1, *ends)
