"""Ascent: the top of a concave function, from its value, its gradient and about how it curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["ascended"]

_MEMORY, _HALVINGS = 6, 5


def ascended(
    value: Callable[[Floats], tuple[float, Floats]],
    curved: Callable[[Floats], Floats],
    start: Floats,
    *,
    rounds: int,
    stop: float,
) -> Floats:
    """Return a point at which ``value`` is within about ``stop`` of its greatest.

    Parameters
    ----------
    value
        The value at a point and the gradient there, of the point's shape.
    curved
        Of a gradient, the move that would lead to the top if the function curved as it is
        thought to; what is learnt of the curve on the way corrects it.
    rounds
        How many moves are made at most. A move after which the value is not greater is halved.

    References
    ----------
    Liu & Nocedal (1989), On the limited memory BFGS method for large scale optimization.
    """
    point = start
    best, steep = value(point)
    learnt: list[tuple[Floats, Floats, float]] = []
    for _ in range(rounds):
        move = _move(steep, curved, learnt[-_MEMORY:])
        found, there = value(point + move)
        for _ in range(_HALVINGS):
            if found > best:
                break
            move = move / 2
            found, there = value(point + move)
        if not found > best:
            break
        gained, fallen = found - best, steep - there
        bend = float((move * fallen).sum())
        if bend > 0:
            learnt.append((move, fallen, bend))
        point, best, steep = point + move, found, there
        if gained < stop:
            break
    return point


def _move(
    steep: Floats,
    curved: Callable[[Floats], Floats],
    learnt: list[tuple[Floats, Floats, float]],
) -> Floats:
    """Return the move that the moves before and what was thought of the curve lead to."""
    left, shares = steep, []
    for move, fallen, bend in reversed(learnt):
        shares.append(float((move * left).sum()) / bend)
        left = left - shares[-1] * fallen
    out = curved(left)
    for (move, fallen, bend), share in zip(learnt, reversed(shares), strict=True):
        out = out + move * (share - float((fallen * out).sum()) / bend)
    return out
