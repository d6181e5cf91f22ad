"""Structure: what a tree splits on and what it tries to tell apart, from whole-number codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.encoding import Coding

__all__ = ["level_positions", "most_telling", "plain_positions", "response"]

MAX_CLASSES = 24
_MAX_STEPS = 8
_PRIOR = 5.0
_LOOK = 4000


def response(
    codes: NDArray[np.int32], coding: Coding, weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return what a tree explains, shape ``(n, outputs)``.

    An unordered column becomes one indicator per level (the many rarest share one); an ordered
    one becomes indicators "at most q" (at each code, or at eight quantiles beside the rank
    where there are many), so that the summed squared error is a continuous ranked probability
    score; "missing" is an output of its own.

    References
    ----------
    Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation, 4.2.
    """
    mass = np.bincount(codes, weights, minlength=coding.size)
    if not coding.ordered:
        order = np.argsort(-mass, kind="stable")
        place = np.empty(coding.size, dtype=np.int64)
        place[order] = np.minimum(np.arange(coding.size), MAX_CLASSES - 1)
        return np.eye(int(place.max()) + 1, dtype=np.float32)[place[codes]]
    known = mass[: coding.size - coding.missing]
    total = np.cumsum(known) / max(known.sum(), 1e-12)
    steps = np.arange(len(known) - 1)
    fine = len(known) > MAX_CLASSES
    if fine:
        steps = np.unique(np.searchsorted(total, np.arange(1, _MAX_STEPS + 1) / (_MAX_STEPS + 1)))
    out = (codes[:, None] <= steps[None, :]).astype(np.float32)
    if fine:
        rank = np.append(total, 0.0)[codes].astype(np.float32)
        out = np.column_stack([out, 2.0 * rank])
    if not coding.missing:
        return out
    null = codes == coding.size - 1
    out[null] = out[~null].mean(axis=0) if not null.all() else 0.0
    return np.column_stack([out, null.astype(np.float32)])


def plain_positions(coding: Coding) -> NDArray[np.float32]:
    """Return where each code of an ordered column lies, shape ``(size,)``; "missing" is -1."""
    at = np.arange(coding.size, dtype=np.float32)
    if coding.missing:
        at[-1] = -1.0
    return at


def level_positions(
    codes: NDArray[np.int32], size: int, y: NDArray[np.float32], weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Place the levels of an unordered column on a line so that like ones are near for ``y``.

    Levels are ranked along the first principal direction of their mean response, shrunk towards
    the overall mean; shape ``(size,)``.

    References
    ----------
    Coppersmith, Hong & Hosking (1999), Partitioning nominal attributes in decision trees.
    """
    mass = np.bincount(codes, weights, minlength=size)
    overall = np.einsum("i,ij->j", weights, y) / weights.sum()
    sums = np.column_stack([np.bincount(codes, weights * column, minlength=size) for column in y.T])
    away = (sums - mass[:, None] * overall) / (mass + _PRIOR)[:, None]
    # einsum, not @: no threads, so the same sums on every machine
    spread = np.einsum("lo,lp->op", away * mass[:, None], away)
    direction = np.linalg.eigh(spread)[1][:, -1]
    direction = direction * np.sign(direction[np.argmax(np.abs(direction))] or 1.0)
    score = np.round(np.einsum("lo,o->l", away, direction), 9)
    at = np.empty(size, dtype=np.float32)
    at[np.lexsort((np.arange(size), score))] = np.arange(size)
    return at


def most_telling(
    features: Sequence[NDArray[np.int32]], y: NDArray[np.float32], most: int
) -> list[int]:
    """Return the places of the ``most`` features that explain most of ``y`` one by one, sorted.

    Each is judged by the variance of ``y`` between its codes, less what as many codes explain by
    chance, on 4,000 rows at most. All are returned where there are no more than ``most``.
    """
    if len(features) <= most:
        return list(range(len(features)))
    look = slice(None, None, len(y) // _LOOK + 1)
    away = (y[look] - y[look].mean(axis=0)).astype(np.float64)
    spread = float((away**2).sum())
    gains = []
    for codes in features:
        seen, place = np.unique(codes[look], return_inverse=True)
        rows = np.bincount(place)
        between = sum(float((np.bincount(place, x) ** 2 / rows).sum()) for x in away.T)
        gains.append(between - spread * len(seen) / len(away))
    return sorted(np.argsort(-np.array(gains), kind="stable")[:most].tolist())
