"""Two levels: the error of a score that varies with the test rows and with the rows trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.evaluate.statistics import Interval, mean_variance, persons_in, quantile_of_t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.evaluate.models.predictors import Score
    from assaymark.evaluate.statistics import Persons

    Floats = NDArray[np.float64]

__all__ = ["Level", "difference_of", "estimate", "level_of", "spread_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """One score measured by several models, each trained on rows of its own.

    ``values`` has one per model; ``influence`` is that of each test row on their mean, shape
    ``(n,)``; ``spread`` is the variance of a value from one training set to the next.
    """

    values: Floats
    influence: Floats
    spread: float

    @property
    def value(self) -> float:
        """The mean of the values."""
        return float(self.values.mean())


def level_of(scores: Sequence[Score]) -> Level:
    """Gather the scores of models that met the same test rows."""
    values = np.array([s.value for s in scores])
    return Level(
        values=values,
        influence=np.mean([s.influence for s in scores], axis=0),
        spread=float(values.var(ddof=1)) if len(values) > 1 else 0.0,
    )


def spread_of(levels: Sequence[Level]) -> float:
    """Return the mean variance between training sets over kinds of models.

    A variance of three values is itself unsure: each kind is held to at least this mean.
    """
    return float(np.mean([level.spread for level in levels]))


def difference_of(first: Level, second: Level) -> Floats:
    """Return the influence of each test row on the difference of both means."""
    return np.asarray(first.influence - second.influence)


def estimate(
    value: float,
    influence: Floats,
    sides: Sequence[tuple[Level, float]],
    *,
    persons: Persons,
    fewest: int,
) -> Interval:
    """Return ``value`` with the interval that both levels make.

    ``sides`` are what was trained, each with the least spread that it is taken to have. The
    variance is that over test rows (``fewest`` persons decide its degrees of freedom) plus that
    of the mean over the training sets of each side, with Welch and Satterthwaite's degrees.

    References
    ----------
    Satterthwaite (1946), An approximate distribution of estimates of variance components.
    """
    n = persons_in(persons, len(influence))
    # a difference of ranks is never known more finely than a fraction of one row
    parts = [(mean_variance(influence, persons) + 0.25 / n**2, max(fewest - 1, 1))]
    for level, least in sides:
        count = len(level.values)
        parts.append((max(level.spread, least) / count, max(count - 1, 1)))
    total = sum(v for v, _ in parts)
    if not math.isfinite(total):
        return Interval(value, -math.inf, math.inf)
    degrees = total**2 / sum(v**2 / d for v, d in parts)
    wide = quantile_of_t(degrees) * math.sqrt(total)
    return Interval(value, value - wide, value + wide)
