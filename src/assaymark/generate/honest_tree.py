"""Honest tree: who decides the branches is not who fills the pools at their ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from assaymark.generate.structure import level_positions, most_telling, plain_positions, response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.encoding import Encoded

__all__ = ["Growth", "PoolTree", "calibrated", "grow"]

_MOST_ROWS = 12_000
_MOST_FEATURES = 24


class _Router(Protocol):
    @property
    def children_left(self) -> NDArray[np.int64]: ...

    @property
    def children_right(self) -> NDArray[np.int64]: ...

    def apply(self, features: NDArray[np.float32]) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How trees grow: ``k`` persons in a pool, ``leaf`` at a leaf, honest or not.

    A leaf of fewer than ``k`` persons borrows from the levels above: a row that ends there draws
    from the leaf's own pool with probability (its persons) / k only, so that no donor is drawn
    with a probability above 1 / k.
    """

    k: int
    leaf: int
    honest: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Shape:
    """The branches: which features are used, and where each code lies on the line that is split."""

    router: _Router
    used: tuple[int, ...]
    positions: tuple[NDArray[np.float32], ...]

    def leaves(self, features: Sequence[NDArray[np.int32]]) -> NDArray[np.int64]:
        """Return the node each row ends at; one array of codes, shape ``(n,)``, per feature."""
        table = np.empty((len(features[0]), len(self.used)), dtype=np.float32)
        for place, (j, at) in enumerate(zip(self.used, self.positions, strict=True)):
            table[:, place] = at[features[j]]
        return self.router.apply(table)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PoolTree:
    """A fitted tree with a pool of donors' codes at every node; a node's pool is one stretch.

    Attributes
    ----------
    shape
        The branches.
    start, stop
        The stretch of ``donors`` below each node, shape ``(nodes,)``.
    parent, stay
        A row that ends at a node draws from its pool with probability ``stay``, else moves on to
        ``parent``: pools of fewer than k persons borrow from the level above.
    donors
        Codes, sorted by leaf; ``total`` their cumulative weights with a leading 0, where they do
        not all weigh the same.
    """

    shape: _Shape
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    parent: NDArray[np.int64]
    stay: NDArray[np.float64]
    donors: NDArray[np.int32]
    total: NDArray[np.float64] | None

    def draw(
        self, features: Sequence[NDArray[np.int32]], rng: np.random.Generator
    ) -> NDArray[np.int32]:
        """Draw one code per row from the pools where the rows end."""
        node = self.shape.leaves(features)
        moving = np.flatnonzero(self.stay[node] < 1.0)
        while len(moving):
            moving = moving[rng.random(len(moving)) >= self.stay[node[moving]]]
            node[moving] = self.parent[node[moving]]
            moving = moving[self.stay[node[moving]] < 1.0]
        u = rng.random(len(node))
        first, last = self.start[node], self.stop[node]
        if self.total is None:
            at = first + (u * (last - first)).astype(np.int64)
        else:
            low = self.total[first]
            aim = low + u * (self.total[last] - low)
            at = np.searchsorted(self.total, aim, "right") - 1
        return self.donors[np.clip(at, first, last - 1)]


def grow(
    encoded: Encoded, target: int, given: Sequence[int], how: Growth, rng: np.random.Generator
) -> PoolTree:
    """Grow one tree for column ``target`` given the columns ``given`` (places in the table)."""
    from sklearn.tree import DecisionTreeRegressor

    first, second = _halves(encoded, how.honest, rng)
    weights = encoded.weights[first]
    codings = encoded.encoding.codings
    y = encoded.codes[target]
    shown = response(y[first], codings[target], weights)
    features = [encoded.codes[j, first] for j in given]
    used = most_telling(features, shown, _MOST_FEATURES)
    positions = tuple(
        plain_positions(codings[given[j]])
        if codings[given[j]].ordered
        else level_positions(features[j], codings[given[j]].size, shown, weights)
        for j in used
    )
    least = min(how.leaf / max(weights.sum(), 1.0), 0.5)
    tree = DecisionTreeRegressor(
        min_samples_leaf=max(min(how.leaf, len(first)), 1),
        min_weight_fraction_leaf=least if weights.min() < 1.0 else 0.0,
        random_state=int(rng.integers(2**31)),
    )
    table = np.column_stack([at[features[j]] for j, at in zip(used, positions, strict=True)])
    tree.fit(table, shown if shown.shape[1] else np.zeros(len(first)), sample_weight=weights)
    shape = _Shape(router=tree.tree_, used=tuple(used), positions=positions)
    rows = [encoded.codes[j, second] for j in given]
    return _filled(shape, shape.leaves(rows), encoded, (y[second], second), how)


def _halves(
    encoded: Encoded, honest: bool, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    everyone = np.arange(encoded.codes.shape[1])
    if not honest or encoded.n_persons < 4:
        return everyone, everyone
    side = rng.permutation(encoded.n_persons) < encoded.n_persons // 2
    chosen = side[encoded.persons]
    first = everyone[chosen]
    if len(first) > _MOST_ROWS:
        first = np.sort(rng.choice(first, _MOST_ROWS, replace=False))
    return first, everyone[~chosen]


def _filled(
    shape: _Shape,
    leaf: NDArray[np.int64],
    encoded: Encoded,
    pool: tuple[NDArray[np.int32], NDArray[np.int64]],
    how: Growth,
) -> PoolTree:
    """Fill the leaves of a grown tree with the donors ``pool`` (codes and rows), at ``leaf``."""
    codes, rows = pool
    order = np.argsort(leaf, kind="stable")
    parent, end = _family(shape.router.children_left, shape.router.children_right)
    start = np.searchsorted(leaf[order], np.arange(len(parent)), "left")
    stop = np.searchsorted(leaf[order], end, "left")
    held = _held(encoded.persons[rows[order]], start, stop)
    stay = np.minimum(held / how.k, 1.0)
    stay[0] = 1.0
    weights = encoded.weights[rows[order]]
    return PoolTree(
        shape=shape,
        start=start,
        stop=stop,
        parent=parent,
        stay=stay,
        donors=codes[order],
        total=None if weights.min() == weights.max() else _running(weights),
    )


def _family(
    left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each node's parent and the end of its stretch of descendants (depth-first order)."""
    nodes = np.arange(len(left))
    parent = np.zeros(len(left), dtype=np.int64)
    inner = left >= 0
    parent[left[inner]] = nodes[inner]
    parent[right[inner]] = nodes[inner]
    end = nodes + 1
    for node in nodes[:0:-1]:
        end[parent[node]] = max(end[parent[node]], end[node])
    return parent, end


def _held(
    persons: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the distinct persons in each node's pool, shape ``(nodes,)``."""
    if len(np.unique(persons)) == len(persons):
        return (stop - start).astype(np.float64)
    counts = [len(np.unique(persons[a:b])) for a, b in zip(start, stop, strict=True)]
    return np.array(counts, dtype=np.float64)


def _running(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(weights)])


def calibrated(
    trees: Sequence[PoolTree],
    features: Sequence[NDArray[np.int32]],
    share: NDArray[np.float64],
    rounds: int = 3,
) -> tuple[PoolTree, ...]:
    """Reweigh donors so that rows with these ``features`` get codes in these shares.

    What is expected of the trees together is computed exactly, node by node; each donor is then
    multiplied by wanted / expected of its code, a few times over (iterative proportional
    fitting). The column's one-way distribution is then off by sampling noise only.

    References
    ----------
    Deming & Stephan (1940), On a least squares adjustment of a sampled frequency table.
    """
    ends = [np.bincount(t.shape.leaves(features), minlength=len(t.parent)) for t in trees]
    landed = [_landed(t, e) for t, e in zip(trees, ends, strict=True)]
    weights = [np.ones(len(t.donors)) if t.total is None else np.diff(t.total) for t in trees]
    for _ in range(rounds):
        expected = np.zeros(len(share))
        for tree, mass, weight in zip(trees, landed, weights, strict=True):
            pull = weight * _pull(tree, mass, _running(weight))
            expected += np.bincount(tree.donors, pull, minlength=len(share))
        expected /= expected.sum()
        factor = np.clip(share / np.where(expected > 0, expected, 1.0), 0.25, 4.0)
        weights = [w * factor[t.donors] for t, w in zip(trees, weights, strict=True)]
    return tuple(replace(t, total=_running(w)) for t, w in zip(trees, weights, strict=True))


def _landed(tree: PoolTree, ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how many rows draw from each node's pool, in expectation, shape ``(nodes,)``."""
    mass = ends.astype(np.float64)
    for node in range(len(mass) - 1, 0, -1):
        mass[tree.parent[node]] += mass[node] * (1.0 - tree.stay[node])
        mass[node] *= tree.stay[node]
    return mass


def _pull(
    tree: PoolTree, mass: NDArray[np.float64], total: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the draws expected of each donor per unit of its weight, shape ``(donors,)``."""
    rate = mass / np.maximum(total[tree.stop] - total[tree.start], 1e-12)
    change = np.zeros(len(tree.donors) + 1)
    np.add.at(change, tree.start, rate)
    np.add.at(change, tree.stop, -rate)
    return np.cumsum(change)[:-1]
