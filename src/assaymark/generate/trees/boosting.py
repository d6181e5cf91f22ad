"""Boosting: small trees, one after the other, each of what all before it have missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.trees.branches import PLACES, branches_of
from assaymark.generate.trees.classes import merged, placed
from assaymark.generate.trees.effects import CLIP, believed, scatter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.trees.branches import Branches

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Boost", "People", "boosts_of"]

_MISSES = 12
_STEP = 0.5  # of what a tree has found is added
_DEPTH, _BUNDLES, _COLUMNS = 3, 6, 6
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
    weights, counted, due
        What each row counts for, what it counts for in sums over all, and how far it counts where
        one by itself could.
    persons
        Whose row it is; the rows of a person lie together.
    """

    codes: Codes
    groups: Codes
    weights: Floats
    counted: Floats
    due: Floats
    persons: NDArray[np.int64]


def boosts_of(
    places: Sequence[tuple[Codes | None, int]],
    people: People,
    told: tuple[Floats, Floats],
    limits: tuple[float, float, int],
    rng: np.random.Generator,
) -> list[Boost]:
    """Return trees that together make up for what was missed so far.

    In each round a half of the persons decides where a tree of at most eight leaves branches, of
    a half of the columns drawn at random (six at least), and what its leaves add to at most six
    bundles of neighbouring groups, as far as that tells more than chance would
    (:func:`~assaymark.generate.trees.effects.believed`). If the other half is then better told,
    what all of them say is added, half of it. Twelve rounds in a row without one end it.

    Parameters
    ----------
    places
        For each known column, the place of each of its codes, ``None`` where they have no order,
        and how many codes there are.
    told
        What is said of each row's groups so far, by trees that it did not fill, and what effects
        have added to the logs of it, each of shape ``(n, groups)``. Both change.
    limits
        Persons in a leaf at least, of those who decide; how many more persons, who are as
        expected, are in each; and how many rounds at most.

    References
    ----------
    Friedman (2001), Greedy function approximation: a gradient boosting machine; Friedman (2002),
    Stochastic gradient boosting; Breiman (2001), Random forests, for columns drawn at random.
    """
    least, shrink, rounds = limits
    share, total = told
    held = np.bincount(people.groups, people.weights, share.shape[1]).astype(np.float64)
    bundle = merged(held, _BUNDLES)
    _, number = np.unique(people.persons, return_inverse=True)
    ground = _Ground.of(places, people, bundle)
    said = _bundled(share, people.weights, bundle)
    found: list[Boost] = []
    misses = 0
    for _ in range(rounds if len(places) else 0):
        deciding = (rng.random(int(number.max(initial=-1)) + 1) < 0.5)[number]
        own, others = np.flatnonzero(deciding), np.flatnonzero(~deciding)
        tree = ground.grown(own, said, least, rng)
        leaf, how = tree.leaves(people.codes), (shrink, len(tree.feature))
        worth = ground.worth(own, leaf, said, how)
        if worth is not None and _gained(others, leaf, ground.bundles, said, worth) <= 0:
            worth = None
        if worth is not None:
            worth = ground.worth(np.arange(len(leaf)), leaf, said, how)
        if worth is not None:
            found.append(Boost(branches=tree, worth=worth[:, bundle]))
            _add(share, total, leaf, found[-1].worth)
            said = _bundled(share, people.weights, bundle)
        misses = misses + 1 if worth is None else 0
        if misses == _MISSES:
            break
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ground:
    """What trees grow on: people, the bundle of each, and the place of what is known of them.

    ``binned``, shape ``(columns, n)``, is filled anew for columns whose codes have no order.
    """

    places: Sequence[tuple[Codes | None, int]]
    people: People
    bundles: Codes
    binned: NDArray[np.uint8]

    @classmethod
    def of(
        cls, places: Sequence[tuple[Codes | None, int]], people: People, bundle: Codes
    ) -> _Ground:
        binned = np.zeros(people.codes.shape, dtype=np.uint8)
        for j, (p, _) in enumerate(places):
            if p is not None:
                binned[j] = p[people.codes[j]]
        bundles = bundle[people.groups]
        return cls(places=places, people=people, bundles=bundles, binned=binned)

    def grown(
        self, rows: NDArray[np.int64], said: Floats, least: float, rng: np.random.Generator
    ) -> Branches:
        """Grow a tree where what is seen of some rows is farthest from what is said."""
        people, at = self.people, []
        groups, weights = people.groups[rows], people.weights[rows]
        many = len(self.places)
        asked = set(rng.permutation(many)[: max(many // 2, min(many, _COLUMNS))].tolist())
        for j, (p, size) in enumerate(self.places):
            if j not in asked:
                p = np.zeros(size, dtype=np.int32)
            elif p is None:
                codes = people.codes[j, rows]
                p = placed(codes, size, groups, weights, PLACES)
                self.binned[j, rows] = p[codes]
            at.append(p)
        widths = np.array([p.max(initial=0) + 1 for p in at], dtype=np.int64)
        seen = self.bundles, people.weights, people.due, people.persons
        return branches_of(_grown((self.binned, widths), rows, seen, said, least), at)

    def worth(
        self, rows: NDArray[np.int64], leaf: Codes, said: Floats, how: tuple[float, int]
    ) -> Floats | None:
        """Return what each node adds for each bundle, or ``None`` where nothing is believed."""
        shrink, nodes = how
        size, leaf = said.shape[1], leaf[rows]
        cell = leaf.astype(np.int64) * size + self.bundles[rows]
        seen = np.bincount(cell, self.people.weights[rows], nodes * size).astype(np.float64)
        seen, thought = seen.reshape(nodes, size), np.zeros((nodes, size))
        scatter(thought, leaf, said[rows])
        if believed(seen, thought, shrink, False) <= 0:
            return None
        there = (seen > 0) & (thought > 0)
        logs = np.log(np.where(there, seen, 1.0) / np.where(there, thought, 1.0))
        return np.asarray(np.clip(_STEP * logs, -_FAR, _FAR), dtype=np.float64)


@compiled
def _gained(
    rows: NDArray[np.int64], leaf: Codes, bundles: Codes, said: Floats, worth: Floats
) -> float:
    """Return by how much the log-likelihood of some rows grows."""
    factor, gain = np.exp(worth), 0.0
    for i in rows:
        v, before, after = leaf[i], 0.0, 0.0
        for b in range(said.shape[1]):
            before += said[i, b]
            after += said[i, b] * factor[v, b]
        if before > 0.0:  # what the row counts for
            gain += before * (worth[v, bundles[i]] - np.log(after / before))
    return gain


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
    factor = np.exp(worth)
    for i in range(len(share)):
        v, every = leaf[i], 0.0
        for g in range(share.shape[1]):
            before = total[i, g]
            after = before + worth[v, g]
            total[i, g] = after
            if abs(before) <= CLIP and abs(after) <= CLIP:
                share[i, g] *= factor[v, g]
            else:
                share[i, g] *= np.exp(min(max(after, -CLIP), CLIP) - min(max(before, -CLIP), CLIP))
            every += share[i, g]
        for g in range(share.shape[1]):
            share[i, g] /= every


@compiled
def _grown(
    features: tuple[NDArray[np.uint8], NDArray[np.int64]],
    rows: NDArray[np.int64],
    people: tuple[Codes, Floats, Floats, NDArray[np.int64]],
    said: Floats,
    least: float,
) -> tuple[Codes, Codes, Codes, Codes, Codes]:
    """Grow a tree on some rows; the children of node ``v`` are ``2 v + 1`` and ``2 v + 2``."""
    room = (2 << _DEPTH) - 1
    feature, threshold = np.full(room, -1, np.int32), np.zeros(room, np.int32)
    left, right = np.full(room, -1, np.int32), np.full(room, -1, np.int32)
    parent = np.full(room, -1, np.int32)
    at = np.zeros(len(rows), np.int32)
    table = np.zeros((PLACES, 2 * said.shape[1] + 1))
    for node in range(room // 2):
        here = rows[at == node]
        j, place = _cut(features, here, people, (said, table), least)
        if j < 0:
            continue
        feature[node], threshold[node] = j, place
        left[node], right[node] = 2 * node + 1, 2 * node + 2
        parent[left[node]], parent[right[node]] = node, node
        for r in range(len(rows)):
            if at[r] == node:
                at[r] = left[node] if features[0][j, rows[r]] <= place else right[node]
    return feature, threshold, left, right, parent


@compiled
def _cut(
    features: tuple[NDArray[np.uint8], NDArray[np.int64]],
    here: NDArray[np.int64],
    people: tuple[Codes, Floats, Floats, NDArray[np.int64]],
    told: tuple[Floats, Floats],
    least: float,
) -> tuple[int, int]:
    """Return the feature and the place of the best cut; the feature is -1 if none is worth it.

    ``told`` has what is said of each row, and room for the persons held up to each place, what is
    seen of them, and what is said.
    """
    binned, widths = features
    y, weights, presence = people[0][here], people[1][here], people[2][here]
    _share(presence, people[3], here)
    said, table = told[0][here], told[1]
    bundles = said.shape[1]
    best, feature, place = _GAIN, -1, -1
    for j in range(len(binned)):
        last = widths[j] - 1
        if last < 1:
            continue
        table[: last + 1] = 0.0
        for i in range(len(here)):
            at = np.uint64(binned[j, here[i]])
            table[at, 0] += presence[i]
            table[at, 1 + y[i]] += weights[i]
            for b in range(bundles):
                table[at, 1 + bundles + b] += said[i, b]
        for p in range(1, last + 1):  # running sums
            for c in range(table.shape[1]):
                table[p, c] += table[p - 1, c]
        for p in range(last):
            if table[p, 0] >= least and table[last, 0] - table[p, 0] >= least:
                gain = _gain(table, p, last)
                if gain > best:
                    best, feature, place = gain, j, p
    return feature, place


@compiled
def _share(presence: Floats, whose: NDArray[np.int64], here: NDArray[np.int64]) -> None:
    """Make rows count for the share of their person's rows ``here`` that they are."""
    first = 0
    for i in range(1, len(here) + 1):
        if i == len(here) or whose[here[i]] != whose[here[first]]:
            if i - first > 1:
                presence[first:i] /= i - first
            first = i


@compiled
def _gain(table: Floats, p: int, last: int) -> float:
    """Return how much farther what is seen is from what is said on both sides than together."""
    bundles, gain = (table.shape[1] - 1) // 2, 0.0
    for b in range(1, bundles + 1):
        seen, said = table[p, b], table[p, bundles + b]
        all_seen, all_said = table[last, b], table[last, bundles + b]
        gain += _far(seen, said) + _far(all_seen - seen, all_said - said)
        gain -= _far(all_seen, all_said)
    return gain


@compiled
def _far(seen: float, said: float) -> float:
    """Return a bundle's part of chi-squared, one person more being said of it."""
    return (seen - said) ** 2 / (said + 1.0)
