"""Boosting: small trees, one after the other, each of what all before it have missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.branches import PLACES, branches_of
from assaymark.generate.classes import merged, placed
from assaymark.generate.effects import CLIP, believed, scatter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.branches import Branches

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Said = tuple[Floats, Codes]

__all__ = ["Boost", "People", "boosts_of"]

_ROUNDS, _MISSES = 100, 20
_STEP = 0.5  # of what a tree has found is added
_DEPTH, _BUNDLES = 3, 6
_GAIN = 4.0  # of chi-squared makes a branch worth a trial
_FAR = 1.0  # what a tree adds to a logarithm at most


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boost:
    """A small tree, and what each of its nodes adds to the log of each group's probability.

    ``worth`` has shape ``(nodes, groups)``.
    """

    branches: Branches
    worth: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """The people whom corrections are fitted to.

    Attributes
    ----------
    codes
        Their codes of the known columns, shape ``(columns, n)``.
    groups
        The group of each, shape ``(n,)``.
    weights, counted, presence
        What each row counts for, what it counts for in sums over all, and which share of its
        person it is.
    persons
        Whose row it is.
    """

    codes: Codes
    groups: Codes
    weights: Floats
    counted: Floats
    presence: Floats
    persons: NDArray[np.int64]

    def only(self, rows: NDArray[np.bool_]) -> People:
        """Return these rows alone."""
        return People(
            codes=self.codes[:, rows],
            groups=self.groups[rows],
            weights=self.weights[rows],
            counted=self.counted[rows],
            presence=self.presence[rows],
            persons=self.persons[rows],
        )


def boosts_of(
    places: Sequence[tuple[Codes | None, int]],
    people: People,
    told: tuple[Floats, Floats],
    limits: tuple[float, float],
    rng: np.random.Generator,
) -> list[Boost]:
    """Return trees that together make up for what was missed so far.

    In each round a half of the persons decides where a tree of at most eight leaves branches, and
    what its leaves add to at most six bundles of neighbouring groups, as far as that tells more
    than chance would (:func:`~assaymark.generate.effects.believed`). If the other half is then
    better told, what all of them say is added, half of it. Twenty rounds in a row in which
    nothing is added end it.

    Parameters
    ----------
    places
        For each known column, the place of each of its codes, ``None`` where they have no order,
        and how many codes there are.
    told
        What is said of each row's groups so far, by trees that it did not fill, and what effects
        have added to the logs of it, each of shape ``(n, groups)``. Both change.
    limits
        Persons in a leaf at least, of those who decide, and how many more persons, who are as
        expected, are in each.

    References
    ----------
    Friedman (2001), Greedy function approximation: a gradient boosting machine; Friedman (2002),
    Stochastic gradient boosting.
    """
    least, shrink = limits
    share, total = told
    held = np.bincount(people.groups, people.weights, share.shape[1]).astype(np.float64)
    bundle = merged(held, _BUNDLES)
    _, number = np.unique(people.persons, return_inverse=True)
    found: list[Boost] = []
    misses = 0
    for _ in range(_ROUNDS if len(places) else 0):
        deciding = (rng.random(int(number.max(initial=-1)) + 1) < 0.5)[number]
        own, others = people.only(deciding), people.only(~deciding)
        tree = _tree(places, own, (share[deciding], bundle), least)
        leaf, how = tree.leaves(people.codes), (shrink, len(tree.feature))
        worth = _worth(own, leaf[deciding], (share[deciding], bundle), how)
        if worth is not None and _gained(others, leaf[~deciding], share[~deciding], worth) <= 0:
            worth = None
        if worth is not None:
            worth = _worth(people, leaf, (share, bundle), how)
        if worth is not None:
            _add(share, total, leaf, worth)
            found.append(Boost(branches=tree, worth=worth))
        misses = misses + 1 if worth is None else 0
        if misses == _MISSES:
            break
    return found


def _tree(
    places: Sequence[tuple[Codes | None, int]], people: People, said: Said, least: float
) -> Branches:
    """Grow a tree where what is seen is farthest from what is said."""
    share, bundle = said
    at = [
        placed(c, size, people.groups, people.weights, PLACES) if p is None else p
        for (p, size), c in zip(places, people.codes, strict=True)
    ]
    binned = np.stack([p[c] for p, c in zip(at, people.codes, strict=True)]).astype(np.uint8)
    nodes = _grown(
        binned,
        bundle[people.groups],
        _bundled(share, people.weights, bundle),
        (people.weights, people.presence),
        least,
    )
    return branches_of(nodes, at)


def _worth(people: People, leaf: Codes, said: Said, how: tuple[float, int]) -> Floats | None:
    """Return what each node adds, or ``None`` where nothing is believed."""
    share, bundle = said
    shrink, nodes = how
    size = int(bundle.max()) + 1
    cell = leaf.astype(np.int64) * size + bundle[people.groups]
    seen = np.bincount(cell, people.weights, nodes * size).astype(np.float64).reshape(nodes, size)
    thought = np.zeros((nodes, size))
    scatter(thought, leaf, _bundled(share, people.weights, bundle))
    if believed(seen, thought, shrink, False) <= 0:
        return None
    there = (seen > 0) & (thought > 0)
    logs = np.log(np.where(there, seen, 1.0) / np.where(there, thought, 1.0))
    return np.asarray(np.clip(_STEP * logs, -_FAR, _FAR)[:, bundle], dtype=np.float64)


def _gained(people: People, leaf: Codes, share: Floats, worth: Floats) -> float:
    """Return by how much the log-likelihood of people grows."""
    added = worth[leaf, people.groups] - np.log(_total(share, leaf, np.exp(worth)))
    return float((people.weights * added).sum())


@compiled
def _total(share: Floats, leaf: Codes, factor: Floats) -> Floats:
    out = np.zeros(len(leaf))
    for i in range(len(leaf)):
        for g in range(share.shape[1]):
            out[i] += share[i, g] * factor[leaf[i], g]
    return out


@compiled
def _bundled(share: Floats, weights: Floats, bundle: Codes) -> Floats:
    out = np.zeros((len(share), bundle.max() + 1))
    for i in range(len(share)):
        for g in range(len(bundle)):
            out[i, bundle[g]] += weights[i] * share[i, g]
    return out


@compiled
def _add(share: Floats, total: Floats, leaf: Codes, worth: Floats) -> None:
    """Add to each row's logs what its leaf is worth, cut as they are when rows are drawn."""
    for i in range(len(share)):
        every = 0.0
        for g in range(share.shape[1]):
            before = min(max(total[i, g], -CLIP), CLIP)
            total[i, g] += worth[leaf[i], g]
            share[i, g] *= np.exp(min(max(total[i, g], -CLIP), CLIP) - before)
            every += share[i, g]
        for g in range(share.shape[1]):
            share[i, g] /= every


@compiled
def _grown(
    binned: NDArray[np.uint8],
    y: Codes,
    thought: Floats,
    rows: tuple[Floats, Floats],
    least: float,
) -> tuple[Codes, Codes, Codes, Codes, Codes]:
    """Grow a tree; the children of node ``v`` are ``2 v + 1`` and ``2 v + 2``."""
    room = (2 << _DEPTH) - 1
    feature, threshold = np.full(room, -1, np.int32), np.zeros(room, np.int32)
    left, right = np.full(room, -1, np.int32), np.full(room, -1, np.int32)
    parent = np.full(room, -1, np.int32)
    at = np.zeros(len(y), np.int32)
    for node in range(room // 2):
        here = np.flatnonzero(at == node)
        j, place = _cut(binned, (here, y, thought), rows, least)
        if j < 0:
            continue
        feature[node], threshold[node] = j, place
        left[node], right[node] = 2 * node + 1, 2 * node + 2
        parent[left[node]], parent[right[node]] = node, node
        for i in here:
            at[i] = left[node] if binned[j, i] <= place else right[node]
    return feature, threshold, left, right, parent


@compiled
def _cut(
    binned: NDArray[np.uint8],
    people: tuple[NDArray[np.int64], Codes, Floats],
    rows: tuple[Floats, Floats],
    least: float,
) -> tuple[int, int]:
    """Return the feature and the place of the best cut; the feature is -1 if none is worth it."""
    here, y, thought = people
    weights, presence = rows
    bundles = thought.shape[1]
    seen, said, held = np.zeros((PLACES, bundles)), np.zeros((PLACES, bundles)), np.zeros(PLACES)
    best, feature, place = _GAIN, -1, -1
    for j in range(len(binned)):
        seen[:], said[:], held[:] = 0.0, 0.0, 0.0
        for i in here:
            at = np.int64(binned[j, i])
            held[at] += presence[i]
            seen[at, y[i]] += weights[i]
            for b in range(bundles):
                said[at, b] += thought[i, b]
        for p in range(1, PLACES):  # running sums
            held[p] += held[p - 1]
            for b in range(bundles):
                seen[p, b] += seen[p - 1, b]
                said[p, b] += said[p - 1, b]
        whole = _far(seen[-1], said[-1])
        for p in range(PLACES - 1):
            if held[p] < least or held[-1] - held[p] < least:
                continue
            gain = _far(seen[p], said[p]) + _far(seen[-1] - seen[p], said[-1] - said[p]) - whole
            if gain > best:
                best, feature, place = gain, j, p
    return feature, place


@compiled
def _far(seen: Floats, said: Floats) -> float:
    """Return chi-squared, one person more being said of each bundle."""
    total = 0.0
    for b in range(len(seen)):
        total += (seen[b] - said[b]) ** 2 / (said[b] + 1.0)
    return total
