"""Discoveries: which of many findings stand out, false ones held to a share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["discoveries", "shrunk"]

_FALSE = 0.05


def discoveries(p: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which p-values are discoveries, at most 5 % of them false on average, shape ``(k,)``.

    References
    ----------
    Benjamini & Hochberg (1995), Controlling the false discovery rate.
    """
    order = np.argsort(p)
    within = p[order] <= _FALSE * np.arange(1, len(p) + 1) / max(len(p), 1)
    last = int(np.flatnonzero(within).max(initial=-1))
    flags = np.zeros(len(p), dtype=bool)
    flags[order[: last + 1]] = True
    return flags


def shrunk(
    values: NDArray[np.float64], errors: NDArray[np.float64], centre: float
) -> NDArray[np.float64]:
    """Return values drawn towards ``centre`` by as much as their noise explains, shape ``(k,)``.

    References
    ----------
    Efron & Morris (1975), Data analysis using Stein's estimator.
    """
    if not len(values):
        return values
    between = max(0.0, float(np.mean(np.square(values - centre) - np.square(errors))))
    kept = between / np.maximum(between + np.square(errors), 1e-300)
    return np.asarray(centre + kept * (values - centre))
