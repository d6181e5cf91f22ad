"""Calibration: how far predicted probabilities are from what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.evaluate.models.predictors import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["brier", "slope_of"]

_CUT, _STEPS, _FEWEST = 1e-3, 12, 10


def brier(predicted: Floats, targets: Floats) -> Score:
    """Return minus the mean squared error of probabilities, shape ``(n, classes)``.

    The sum over classes, halved, so that two classes give Brier's score of either.
    """
    happened = targets[:, None] == np.arange(predicted.shape[1])
    lost = np.square(predicted - happened).sum(axis=1) / 2
    value = float(lost.mean())
    return Score(value=-value, influence=value - lost, name="Brier score")


def slope_of(predicted: Floats, targets: Floats) -> float | None:
    """Return the slope of the second class's outcomes on the logit of its probability.

    1 is calibrated, less is overconfident; ``None`` where it cannot be estimated.

    References
    ----------
    Cox (1958), Two further applications of a model for binary regression.
    """
    y = targets == 1
    if min(int(y.sum()), int((~y).sum())) < _FEWEST:
        return None
    p = np.clip(predicted[:, 1], _CUT, 1 - _CUT)
    x = np.log(p / (1 - p))
    if x.std() < _CUT:
        return None
    design = np.column_stack([np.ones_like(x), x])
    beta = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        weight = np.maximum(fitted * (1 - fitted), 1e-9)
        step = np.linalg.lstsq((design.T * weight) @ design, design.T @ (y - fitted), rcond=None)
        beta = beta + np.clip(step[0], -2, 2)
    return float(f"{beta[1]:.4g}")
