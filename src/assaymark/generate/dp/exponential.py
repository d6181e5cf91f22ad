"""Exponential mechanism: choose by score so that no one person decides, exactly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.dp.discrete_gaussian import Noise

    Floats = NDArray[np.float64]

__all__ = ["choose", "rate_of"]

_GRAIN = 1024
_RATE = 2**20
_FURTHEST = 800
_AT_ONCE = 512


def rate_of(rho: float) -> float:
    """Return the epsilon of one choice that costs ``rho``: rho is its square over 8.

    References
    ----------
    Cesar & Rogers (2021), Bounding, concentrating, and truncating.
    """
    return math.floor(math.sqrt(8 * rho) * _RATE) / _RATE


def choose(scores: Floats, sensitivity: float, rho: float, noise: Noise) -> int:
    """Return the place of one score, drawn with chance proportional to ``exp(e score / 2 D)``.

    ``D`` is the sensitivity, and a grain more since scores are rounded to whole grains; ``e``
    follows from ``rho``. A place is proposed evenly and stands with chance ``exp`` of how far it
    is from the best, which whole numbers decide: the outcome is the mechanism's to the last bit.

    References
    ----------
    McSherry & Talwar (2007), Mechanism design via differential privacy; Canonne, Kamath &
    Steinke (2020), algorithm 1, for the draws.
    """
    whole = np.rint(scores * _GRAIN).astype(np.int64)
    rate = round(rate_of(rho) * _RATE)
    bottom = 2 * (math.ceil(sensitivity * _GRAIN) + 2) * _RATE
    far = min(_FURTHEST * bottom // max(rate, 1), 2**62 // max(rate, 1))
    top = np.minimum(whole.max() - whole, far) * rate
    while True:
        asked = noise.below(np.full(_AT_ONCE, len(scores), dtype=np.uint64)).astype(np.int64)
        stands = noise.bernoulli_exp(top[asked], bottom)
        if stands.any():
            return int(asked[np.argmax(stands)])
