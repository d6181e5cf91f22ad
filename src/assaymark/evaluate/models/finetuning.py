"""Finetuning: a network that learns from synthetic rows first, and from few real ones after."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.streams import Streams

    Floats = NDArray[np.float64]
    Rows = tuple[Floats, Floats]

__all__ = ["Finetuned", "finetuned"]

_HIDDEN, _BATCH, _RATE, _PENALTY = 16, 64, 3e-3, 0.1
_SEEN, _PASSES = 8_000, (4, 40)


class Finetuned(NamedTuple):
    """Predictions of the network that saw synthetic rows first, and of that which did not."""

    first: Floats
    scratch: Floats


def finetuned(real: Rows, made: Rows, x: Floats, classes: int, streams: Streams) -> Finetuned:
    """Train both networks from the same start, and predict for ``x``; 0 classes for a number."""
    seed = streams.integer()
    return Finetuned(
        first=_predicted((made, real), x, classes, seed, real[1]),
        scratch=_predicted((real,), x, classes, seed, real[1]),
    )


def _predicted(
    lessons: tuple[Rows, ...], x: Floats, classes: int, seed: int, like: Floats
) -> Floats:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPClassifier if classes else MLPRegressor
    model = kind(
        hidden_layer_sizes=(_HIDDEN,),
        alpha=_PENALTY,
        learning_rate_init=_RATE,
        batch_size=min(_BATCH, *(len(y) for _, y in lessons)),
        random_state=seed,
    )
    centre, scale = float(like.mean()), float(like.std()) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for rows, y in lessons:
            for _ in range(int(np.clip(_SEEN // len(y), *_PASSES))):
                if classes:
                    model.partial_fit(rows, y.astype(np.int64), classes=np.arange(classes))
                else:
                    model.partial_fit(rows, (y - centre) / scale)
    if classes:
        return np.asarray(model.predict_proba(x))
    return np.asarray(model.predict(x) * scale + centre)[:, None]
