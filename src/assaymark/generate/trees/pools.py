"""Pools: what the people at a tree's leaf have, drawn towards what those above it have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.trees.branches import Branches

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Filling", "Table", "alias", "pooled"]

_MOST = 2.5  # in k of a pool that one person may have
_NOTHING, _TINY = 1e-9, 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How pools are filled: ``k`` persons at least, ``shrink`` persons' worth from above."""

    k: float
    shrink: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Distributions ready to be drawn from in one look-up, shape ``(distributions, classes)``.

    A class ``c`` chosen evenly stands if a word of 32 bits is at most ``keep[c]``, else
    ``other[c]`` is drawn.

    References
    ----------
    Vose (1991), A linear algorithm for generating random numbers with a given distribution.
    """

    keep: NDArray[np.uint32]
    other: Codes


def pooled(
    branches: Branches,
    leaf: Codes,
    classes: tuple[Codes, int],
    rows: tuple[Floats, Floats, NDArray[np.int64] | None],
    how: Filling,
) -> Floats:
    """Return the shares of the classes at each node, shape ``(nodes, classes)``.

    A node's own shares are mixed with those of the node above as if ``shrink`` more persons had
    been like those above; a node that fewer than ``k`` persons reach is as the one above. So no
    person is ever more than 1 in k of what a row is drawn from; where people are sheltered, those
    who count for less are less than a person here too, and nobody is more than 2.5 in k.

    Parameters
    ----------
    leaf
        Where each row that fills the pools ends, shape ``(n,)``.
    classes
        Each such row's class, and how many classes there are.
    rows
        What each row counts for, how much of a person it stands for, and whose it is; ``None``
        where everybody has one row.

    References
    ----------
    Agarwal et al. (2022), Hierarchical shrinkage: improving the accuracy and interpretability of
    tree-based models.
    """
    y, size = classes
    weight, due, whose = rows
    if whose is not None:
        weight = _capped(weight, whose, _MOST / how.k)
    nodes, parent = len(branches.feature), branches.parent
    cell = leaf.astype(np.int64) * size + y
    held = np.bincount(cell, weight, nodes * size).astype(np.float64).reshape(nodes, size)
    if whose is None:
        found = _reached(parent, leaf, np.arange(len(leaf)), due, weight)
        found = found[0], np.zeros(0), np.zeros(0)
    else:
        order = np.lexsort((due, whose))  # of a person, the row that stands for least
        found = _reached(parent, leaf[order], whose[order], due[order], weight[order])
    return _pooled(held, found, parent, (how.k, how.shrink))


def _capped(weight: Floats, whose: NDArray[np.int64], most: float) -> Floats:
    """Return weights by which no person has more than ``most`` of all, or all have the same."""
    _, person = np.unique(whose, return_inverse=True)
    held = np.bincount(person, weight)
    if len(held) == len(weight) or held.max(initial=0.0) <= most * held.sum():
        return weight
    low, high = 0.0, float(held.max())
    for _ in range(50):
        middle = (low + high) / 2
        fits = middle <= most * np.minimum(held, middle).sum()
        low, high = (middle, high) if fits else (low, middle)
    limit = low if low > _NOTHING * held.max() else float(held[held > 0].min())
    return np.asarray(weight * (np.minimum(held, limit) / np.maximum(held, _TINY))[person])


@compiled
def _reached(
    parent: Codes, leaf: Codes, whose: NDArray[np.int64], due: Floats, weight: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return how many persons reach each node, as they are due and one by one, and the heaviest.

    The rows of a person lie together.
    """
    found, each, heaviest = np.zeros(len(parent)), np.zeros(len(parent)), np.zeros(len(parent))
    last, own = np.full(len(parent), -1, np.int64), np.zeros(len(parent))
    for i in range(len(leaf)):
        node = leaf[i]
        while node >= 0:
            if last[node] != whose[i]:
                last[node], own[node] = whose[i], 0.0
                found[node] += due[i]
                each[node] += 1.0
            own[node] += weight[i]
            heaviest[node] = max(heaviest[node], own[node])
            node = parent[node]
    return found, each, heaviest


@compiled
def _pooled(
    held: Floats,
    people: tuple[Floats, Floats, Floats],
    parent: Codes,
    how: tuple[float, float],
) -> Floats:
    """Turn masses into shares; all of ``people`` but the first are empty if all have one row."""
    (persons, each, heaviest), (nodes, size) = people, held.shape
    for node in range(nodes - 1, 0, -1):
        for c in range(size):
            held[parent[node], c] += held[node, c]
    for node in range(nodes):
        mass = 0.0
        for c in range(size):
            mass += held[node, c]
        above = held[parent[node]]
        shrink = how[1] * (mass / each[node] if len(each) and each[node] > 0 else 1.0)
        few = persons[node] < how[0]
        if len(each) and heaviest[node] * how[0] > _MOST * mass:
            few = True
        if node == 0:
            held[0] /= mass
        elif few or mass + shrink <= 0:
            held[node] = above
        else:
            for c in range(size):
                held[node, c] = (held[node, c] + shrink * above[c]) / (mass + shrink)
    return held


def alias(shares: Floats) -> Table:
    """Return distributions, shape ``(m, classes)``, ready to be drawn from."""
    keep, other = _alias(np.ascontiguousarray(shares))
    return Table(keep=keep, other=other)


@compiled
def _alias(shares: Floats) -> tuple[NDArray[np.uint32], Codes]:
    many, size = shares.shape
    keep = np.full((many, size), 0xFFFFFFFF, dtype=np.uint32)
    other = np.empty((many, size), dtype=np.int32)
    small, large = np.empty(size, np.int64), np.empty(size, np.int64)
    for m in range(many):
        scaled = shares[m] * (size / shares[m].sum())
        few, more = 0, 0
        for c in range(size):
            other[m, c] = c
            if scaled[c] < 1.0:
                small[few] = c
                few += 1
            else:
                large[more] = c
                more += 1
        while few and more:
            few -= 1
            a, b = small[few], large[more - 1]
            keep[m, a] = np.uint32(scaled[a] * 4294967295.0)
            other[m, a] = b
            scaled[b] -= 1.0 - scaled[a]
            if scaled[b] < 1.0:
                more -= 1
                small[few] = b
                few += 1
    return keep, other
