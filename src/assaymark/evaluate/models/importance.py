"""Importance: which columns move a model's predictions, and whether two models agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.evaluate.models.families import features_for
from assaymark.evaluate.models.predictors import one_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.models.families import Learnt
    from assaymark.evaluate.models.predictors import Task

    Floats = NDArray[np.float64]

__all__ = ["Agreement", "agreement"]

_ROWS = 400
_FEWEST = 3


class Agreement(NamedTuple):
    """Rank correlation of importances: synthetic with real, and real with real."""

    made: float
    real: float


def agreement(
    models: Sequence[Learnt], task: Task, test: Dataset, streams: Streams
) -> Agreement | None:
    """Compare the importances of the boosting models: two real ones, and a synthetic one.

    A column's importance is the mean absolute change of the predictions of 400 test rows when its
    values are shuffled among them. ``None`` below three columns.
    """
    names = task.encoder.names
    if len(names) < _FEWEST:
        return None
    rng = streams.generator()
    rows = np.sort(rng.permutation(test.n)[:_ROWS])
    x = features_for("boosting", task.encoder, test.take(rows))
    order = rng.permutation(len(x))
    with one_thread():
        first, second, made = (_moved(m, x, order) for m in models)
    return Agreement(made=_correlation(first, made), real=_correlation(first, second))


def _moved(model: Learnt, x: Floats, order: NDArray[np.int64]) -> Floats:
    plain = model.predict(x)
    moved = np.zeros(x.shape[1])
    for j in range(x.shape[1]):
        shuffled = x.copy()
        shuffled[:, j] = x[order, j]
        moved[j] = np.abs(model.predict(shuffled) - plain).mean()
    return moved


def _correlation(a: Floats, b: Floats) -> float:
    from scipy.stats import rankdata

    ranks = [rankdata(v) - (len(v) + 1) / 2 for v in (a, b)]
    scale = np.sqrt(np.square(ranks[0]).sum() * np.square(ranks[1]).sum())
    return float((ranks[0] * ranks[1]).sum() / scale) if scale > 0 else 0.0
