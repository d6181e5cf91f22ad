"""Shelter: people whom few are like count for less, so that nobody shapes the rows around them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.coding.cells import CellCoding
from assaymark.generate.trees.classes import classes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.coding.encoding import Coding, Encoded

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["isolation", "sheltered"]

_NEAREST, _TILE, _NEVER = 5, 512, 2_000_000_000
_FEWEST, _WORK = 250, 5e9  # others looked at; rows times others times columns
_STEEP = 12.0
_CLASSES, _ROUNDS, _STEP, _MOST = 64, 10, 5.0, 2.5
_LEVEL, _NUMBER = 255, 765  # how far apart two levels are, and two numbers at most
_SCORE, _FAR = 64.0, 12.0
_APART, _MANY = 1 << 12, 3_000


def sheltered(encoded: Encoded, share: float, rng: np.random.Generator) -> Encoded:
    """Return the table in which the ``share`` of the persons who stand most alone count for less.

    What released rows tell of a person is bounded by how far that person moved the model. In a
    crowd that is one in many; for somebody who stands alone it is much, however large the pools.
    So whoever is farther from others than all but ``share`` of the persons, and than one level of
    a category, counts by the twelfth power of that limit over their own distance. All weights are
    then raked, so that each class of each column weighs what it weighed before (64 classes; no
    row more than about two and a half times).

    References
    ----------
    Mallows (1975), On some topics in robustness, for weights that bound leverage; Deming &
    Stephan (1940); Deville & Särndal (1992), Calibration estimators in survey sampling.
    """
    if share <= 0 or encoded.n_persons <= _NEAREST:
        return encoded
    own, alone = encoded.weights, isolation(encoded, rng)
    order = np.argsort(alone, kind="stable")
    total = np.cumsum(own[order])
    limit = max(alone[order[np.searchsorted(total, (1 - share) * total[-1])]], _LEVEL)
    due = (limit / np.maximum(alone, limit)) ** _STEEP
    classes = [
        classes_of(coding, encoded.mass(j), _CLASSES)[encoded.codes[j]]
        for j, coding in enumerate(encoded.encoding.codings)
    ]
    return replace(encoded, weights=_raked(own * due, own, classes), due=due)


def _raked(due: Floats, own: Floats, classes: Sequence[Codes]) -> Floats:
    """Return weights near ``due`` with which each class weighs about what it does with ``own``."""
    weights = due.copy()
    for _ in range(_ROUNDS):
        for at in classes:
            wanted = np.bincount(at, own)
            found = np.bincount(at, weights, len(wanted))
            ratio = wanted / np.where(found > 0, found, 1.0)
            weights *= np.clip(ratio, 1 / _STEP, _STEP)[at]
        weights = np.minimum(weights, _MOST * own)
    return np.asarray(weights * (own.sum() / weights.sum()), dtype=np.float64)


def isolation(encoded: Encoded, rng: np.random.Generator) -> Floats:
    """Return how far each row is from other people, shape ``(n,)``.

    The mean of the Euclidean distances to the five nearest of other persons, of each of whom one
    row is looked at; of very many persons, of as many as there is time for, drawn at random. Two
    levels of a category are 255 apart; two numbers as far as their ranks say, with up to 255
    between the first and the last, and their standard scores beyond one. Whole numbers
    until the root is taken, the same on every machine.
    """
    codings, n = encoded.encoding.codings, encoded.codes.shape[1]
    places = [_places(c, encoded.mass(j))[encoded.codes[j]] for j, c in enumerate(codings)]
    at = np.ascontiguousarray(np.stack(places))
    many = int(max(_WORK / (n * len(codings)), _FEWEST))
    mixed = rng.permutation(n)
    _, first = np.unique(encoded.persons[mixed], return_index=True)
    others = np.sort(mixed[np.sort(first)[:many]])
    own = np.full(encoded.n_persons, -1, dtype=np.int64)
    own[encoded.persons[others]] = np.arange(len(others))
    number = _NUMBER if len(codings) <= _MANY else _LEVEL  # so that 32 bits hold the sum
    most = [number if isinstance(c, CellCoding) else _LEVEL for c in codings]
    there = np.ascontiguousarray(at[:, others])
    return _isolated(at, there, own[encoded.persons], np.array(most, np.int32))


def _places(coding: Coding, mass: Floats) -> Codes:
    """Return where each code lies on a line; levels, and "missing", far from all others."""
    apart = _APART * np.arange(1, coding.size + 1)
    if not isinstance(coding, CellCoding) or not len(coding.first):
        return apart.astype(np.int32)
    value = coding.numbers(np.arange(coding.size, dtype=np.int32), np.full(coding.size, 0.5))
    known = np.isfinite(value)
    weight = np.where(known, mass, 0.0)
    order = np.argsort(np.where(known, value, np.inf), kind="stable")
    total = np.cumsum(weight[order])
    if total[-1] <= 0:
        return apart.astype(np.int32)
    rank = np.empty(coding.size)
    rank[order] = (total - weight[order] / 2) / total[-1]
    quarters = np.searchsorted(total, np.array([0.25, 0.5, 0.75]) * total[-1])
    low, middle, high = value[order[quarters]]
    scale = (high - low) / 1.349
    score = np.zeros(coding.size)
    if scale > 0:
        score = np.where(known, value - middle, 0.0) / scale
        score = np.sign(score) * np.clip(np.abs(score) - 1, 0.0, _FAR)
    line = np.round(_LEVEL * rank + _SCORE * score)
    return np.where(known, line, apart).astype(np.int32)


@compiled
def _isolated(at: Codes, others: Codes, own: NDArray[np.int64], most: Codes) -> Floats:
    """Return the mean distance of each row to its five nearest, tile by tile of the others."""
    n, many = at.shape[1], others.shape[1]
    nearest = np.full((n, _NEAREST), _NEVER, np.int32)
    total = np.empty(_TILE, np.int32)
    for low in range(0, many, _TILE):
        tile = np.ascontiguousarray(others[:, low : low + _TILE])
        for i in range(n):
            _square(at, i, tile, most, total)
            if low <= own[i] < low + tile.shape[1]:
                total[own[i] - low] = _NEVER
            _keep(total[: tile.shape[1]], nearest[i])
    found = np.zeros(n)
    for i in range(n):
        for k in range(_NEAREST):
            found[i] += np.sqrt(np.float64(nearest[i, k])) / _NEAREST
    return found


@compiled
def _square(at: Codes, i: int, tile: Codes, most: Codes, total: Codes) -> None:
    """Fill ``total`` with the squared distance of row ``i`` to each of a tile, in 32 bits."""
    total[:] = 0
    for j in range(len(tile)):
        own, limit = at[j, i], most[j]
        for r in range(tile.shape[1]):
            away = np.int32(min(np.int32(abs(np.int32(own - tile[j, r]))), limit))
            total[r] += away * away


@compiled
def _keep(found: Codes, nearest: Codes) -> None:
    """Put what is nearer than the five nearest so far, ascending, in its place."""
    for t in found:
        k = _NEAREST - 1
        if t < nearest[k]:
            while k > 0 and nearest[k - 1] > t:
                nearest[k] = nearest[k - 1]
                k -= 1
            nearest[k] = t
