"""Branches: a tree that splits people by what is known of them, each branch for a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.trees.falling import leaves_of, tree_arrays
from assaymark.generate.trees.parting import PLACES, best_cut, scratch_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["PLACES", "Branches", "branches_of", "descend", "grow"]

_DEPTH = 40
_ROOT = np.zeros(1, dtype=np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Branches:
    """The branches of one tree; nodes are numbered depth first, so a node's parent comes before.

    Attributes
    ----------
    feature
        Which feature a node splits on, -1 at a leaf, shape ``(nodes,)``.
    threshold
        Places up to this one go left.
    left, right, parent
        Neighbouring nodes; the root's parent is -1.
    places, start
        The place of each code of each feature, one feature after the other, and where each
        feature's begin, shape ``(features,)``.
    """

    feature: Codes
    threshold: Codes
    left: Codes
    right: Codes
    parent: Codes
    places: Codes
    start: Codes

    @property
    def nodes(self) -> tuple[Codes, Codes, Codes, Codes]:
        """Feature, threshold, left and right, as :func:`descend` takes them."""
        return self.feature, self.threshold, self.left, self.right

    def leaves(self, codes: Codes) -> Codes:
        """Return the leaf each row ends at; ``codes`` has shape ``(features, n)``."""
        given = np.arange(len(self.start), dtype=np.int32)
        places = self.places, self.start[None, :]
        return leaves_of(tree_arrays(self.nodes, _ROOT, places, given), codes)


def grow(
    places: list[Codes],
    codes: Codes,
    y: Codes,
    rows: tuple[Floats, NDArray[np.int64]],
    rule: tuple[float, float],
) -> Branches:
    """Grow a tree that tells the classes ``y`` apart.

    A node is split where this adds most to the log-likelihood of ``y``, if it adds more than
    ``penalty`` for each class in the node but one, and leaves ``least`` persons on either side.
    With a penalty of 1 a branch must be worth its parameters by Akaike's criterion; where persons
    have several rows, by Takeuchi's, which counts what differs from person to person.

    Parameters
    ----------
    places
        The place of each code, one array per feature, at most ``PLACES`` places each.
    codes, y
        Shapes ``(features, n)`` and ``(n,)``.
    rows
        What each row counts for, and whose it is, each of shape ``(n,)``.
    rule
        ``penalty`` and ``least``.

    References
    ----------
    Akaike (1974), A new look at the statistical model identification; Takeuchi (1976),
    Distribution of informational statistics and a criterion of model fitting.
    """
    weight, persons = rows
    alike = bool((weight == 1.0).all()) and len(np.unique(persons)) == len(persons)
    if not alike:  # the rows of a person lie together
        order = np.argsort(persons, kind="stable")
        codes, y, weight, persons = codes[:, order], y[order], weight[order], persons[order]
    binned = np.zeros((0, len(y)), dtype=np.uint8)
    if len(places):
        binned = np.stack([p[c] for p, c in zip(places, codes, strict=True)]).astype(np.uint8)
    widths = np.array([p.max(initial=0) + 1 for p in places], dtype=np.int64)
    classes = int(y.max(initial=0)) + 1
    size = PLACES * classes
    joint = np.zeros(size, np.int32) if alike else np.zeros(size, np.float64)
    whose = weight, persons.astype(np.int32)
    return branches_of(_grow((binned, widths), y, joint, whose, rule), places)


def branches_of(nodes: Sequence[Codes], places: Sequence[Codes]) -> Branches:
    """Put a tree together.

    Parameters
    ----------
    nodes
        Feature, threshold, left, right and parent of each node.
    places
        The place of each code, one array per feature.
    """
    feature, threshold, left, right, parent = (np.ascontiguousarray(n) for n in nodes)
    return Branches(
        feature=feature,
        threshold=threshold,
        left=left,
        right=right,
        parent=parent,
        places=np.concatenate([np.zeros(0, np.int32), *places]).astype(np.int32),
        start=np.cumsum([0, *(len(p) for p in places)])[:-1].astype(np.int32),
    )


@compiled
def descend(
    nodes: tuple[Codes, Codes, Codes, Codes],
    root: int,
    places: tuple[Codes, Codes],
    codes: Codes,
    row: int,
) -> int:
    """Return the leaf at which ``row`` ends; ``places`` are those of each code, and their start."""
    feature, threshold, left, right = nodes
    place, start = places
    node = root
    while feature[node] >= 0:
        j = feature[node]
        goes_left = place[start[j] + codes[j, row]] <= threshold[node]
        node = left[node] if goes_left else right[node]
    return node


@compiled
def _grow(
    features: tuple[NDArray[np.uint8], NDArray[np.int64]],
    y: Codes,
    joint: Codes | Floats,
    rows: tuple[Floats, Codes],
    rule: tuple[float, float],
) -> tuple[Codes, Codes, Codes, Codes, Codes]:
    """Grow a tree; ``joint`` has room for a number a place and class, whole if all count one."""
    n, alike = len(y), joint.itemsize < 8
    room = 2 * n + 3
    feature, threshold = np.full(room, -1, np.int32), np.zeros(room, np.int32)
    left, right = np.full(room, -1, np.int32), np.full(room, -1, np.int32)
    parent = np.full(room, -1, np.int32)
    order, aside = np.arange(n).astype(np.int32), np.empty(n, np.int32)
    node = scratch_of(joint, n, alike)
    # first row, last row, parent, 1 if on the right, depth
    stack = np.zeros((2 * _DEPTH + 4, 5), np.int64)
    stack[0] = (0, n, -1, 0, 0)
    waiting, count = 1, 0
    while waiting:
        waiting -= 1
        low, high, above, side, depth = stack[waiting]
        me, count = count, count + 1
        parent[me] = above
        if above >= 0:
            if side:
                right[above] = me
            else:
                left[above] = me
        if depth >= _DEPTH or high - low < 2:
            continue
        j, place = best_cut(features, y, rows, order[low:high], node, rule)
        if j < 0:
            continue
        feature[me], threshold[me] = j, place
        row, middle, put = features[0][j], low, 0
        for i in range(low, high):
            r = order[i]
            if row[r] <= place:
                order[middle] = r
                middle += 1
            else:
                aside[put] = r
                put += 1
        order[middle:high] = aside[:put]
        stack[waiting] = (middle, high, me, 1, depth + 1)
        stack[waiting + 1] = (low, middle, me, 0, depth + 1)
        waiting += 2
    return feature[:count], threshold[:count], left[:count], right[:count], parent[:count]
