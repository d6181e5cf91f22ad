"""Learning curve: score against the number of real rows, and what a score is worth in rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.evaluate.models.predictors import Score

    Floats = NDArray[np.float64]

__all__ = ["Curve", "Worth", "equivalent", "rows_for"]

_DRAWS = 400


class Curve(NamedTuple):
    """Scores of each repeat at each number of real rows: of these alone, and with rows added."""

    steps: tuple[int, ...]
    plain: Sequence[Sequence[Score]]
    added: Sequence[Sequence[Score]]


class Worth(NamedTuple):
    """Real rows that are worth as much, with an interval; ``end`` where the curve ended before."""

    value: float
    low: float
    high: float
    end: bool


def rows_for(score: float, steps: Sequence[int], curve: Floats) -> float:
    """Return how many rows reach ``score``, linear in the logarithm of rows between points.

    The curve is held not to fall; below its first point the answer is that point, and beyond its
    last the last.
    """
    rising = np.maximum.accumulate(curve) + 1e-9 * np.arange(len(curve))
    return float(np.exp(np.interp(score, rising, np.log(steps))))


def equivalent(curve: Curve, k: int, persons: NDArray[np.int64], rng: np.random.Generator) -> Worth:
    """Return what the added rows are worth at step ``k``, in real rows more than there are.

    Test persons are drawn again through the influence of their rows, and repeats are drawn again;
    a repeat's deviation from the mean is enlarged, for few repeats vary less than they should.
    """
    steps, repeats = curve.steps, len(curve.plain)
    rows = [[*p, a[k]] for p, a in zip(curve.plain, curve.added, strict=True)]
    values = np.array([[s.value for s in row] for row in rows])
    influence = np.array([[s.influence for s in row] for row in rows])
    n, shape = len(persons), values.shape
    many = int(persons.max()) + 1
    weight = rng.multinomial(many, np.full(many, 1 / many), size=_DRAWS)[:, persons] - 1.0
    moved = (influence.reshape(-1, n) @ weight.T / n).reshape(*shape, _DRAWS)
    mean = values.mean(axis=0)
    widened = mean + (values - mean) * np.sqrt(repeats / (repeats - 1))
    drawn = []
    for b in range(_DRAWS):
        chosen = rng.integers(0, repeats, repeats)
        at = (widened + moved[:, :, b])[chosen].mean(axis=0)
        drawn.append(rows_for(at[-1], steps, at[:-1]) - steps[k])
    value = rows_for(mean[-1], steps, mean[:-1]) - steps[k]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Worth(value, min(float(low), value), max(float(high), value), bool(mean[-1] >= mean[-2]))
