"""Mixtures: two densities mixed so that rows are likeliest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["may_add", "mixture"]

_ROUNDS = 8
_TRIES, _HIGH, _TOGETHER = 4, 60.0, 8
_ROUNDED = 1e-9  # by so much sums in another order may differ


def mixture(one: Floats, other: Floats) -> Floats:
    """Return the log-density of the best mixture of two, shape as theirs."""
    share, odds = 0.5, np.exp(np.clip(one - other, -50, 50))
    for _ in range(_ROUNDS):
        share = float((1 / (1 + odds * ((1 - share) / share))).mean())
        share = min(max(share, 1e-6), 1 - 1e-6)
    mixed: Floats = np.logaddexp(one + np.log(1 - share), other + np.log(share))
    return mixed


@compiled
def may_add(one: Floats, other: Floats, least: float) -> bool:
    """Whether a mixture of two may be likelier than ``one`` by ``least`` nats a row.

    What a mixture adds is a concave function of its share, and lies below each of its tangents. No
    mixture is worked out that one of these tells from what is asked for.
    """
    n, more = len(one), 0.0
    for i in range(n):
        more += max(other[i] - one[i], 0.0)
    if not n or more / n < least - _ROUNDED:
        return False
    odds = np.empty(n)
    for i in range(n):
        odds[i] = np.exp(min(other[i] - one[i], _HIGH))
    share = 0.5
    for _ in range(_TRIES):
        added, slope, bend = _added(one, other, odds, share)
        most = added + max(slope * (1.0 - share), -slope * share)
        if most < least - _ROUNDED:
            return False
        if added >= least:
            return True
        share = min(max(share + slope / max(bend, 1e-12), 0.1 * share), 0.5 + 0.5 * share)
    return True


@compiled
def _added(one: Floats, other: Floats, odds: Floats, share: float) -> tuple[float, float, float]:
    """Return what a mixture adds a row, how that grows with the share, and how it bends."""
    n, total, slope, bend, product = len(one), 0.0, 0.0, 0.0, 1.0
    for i in range(n):
        mixed = (1.0 - share) + share * odds[i]
        steep = (odds[i] - 1.0) / mixed
        slope += steep
        bend += steep * steep
        product *= mixed
        if i % _TOGETHER == _TOGETHER - 1:
            total += np.log(product)
            product = 1.0
        if odds[i] >= 1e26:  # cut off where the exponential would overflow
            total += max(other[i] - one[i] - _HIGH, 0.0)
    return (total + np.log(product)) / n, slope / n, bend / n
