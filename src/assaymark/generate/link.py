"""Link: one column of the chain, drawn from the columns before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.branches import descend
from assaymark.generate.effects import CLIP
from assaymark.generate.philox import philox, uniform
from assaymark.generate.pools import alias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.branches import Branches
    from assaymark.generate.classes import Cut
    from assaymark.generate.effects import Effects

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint64]

__all__ = ["Link", "Place", "link_of", "spread"]

_TRIES = 64
_TOGETHER = np.uint64(6)  # 2**6 rows in a row use the same tree
_CHOICE = np.uint64(1 << 31)
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where random numbers are taken from: key of two words, first row, number of the column."""

    key: tuple[int, int]
    row: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Link:
    """A column's trees, with the distribution at each leaf, and what corrects them.

    Attributes
    ----------
    given
        Places in the chain of the columns it is drawn from.
    roots, nodes, pool
        Each tree's first node; all trees' features, thresholds, left and right; and the row of
        ``keep`` and ``other`` that holds a leaf's distribution.
    places, start
        See :class:`~assaymark.generate.branches.Branches`; ``start`` has shape
        ``(trees, features)``.
    keep, other
        See :class:`~assaymark.generate.pools.Table`.
    groups
        The group of each class, which ``effects`` correct.
    codes, total, first
        The codes sorted by class, their running mass with a leading 0, and where each class
        begins.
    """

    given: tuple[int, ...]
    roots: Codes
    nodes: tuple[Codes, Codes, Codes, Codes]
    pool: Codes
    places: Codes
    start: Codes
    keep: NDArray[np.uint32]
    other: Codes
    groups: Codes
    effects: Effects | None
    codes: Codes
    total: Floats
    first: Codes

    def draw(
        self,
        drawn: Codes,
        place: Place,
        out: Codes,
        inside: Floats,
        which: NDArray[np.int64] | None = None,
    ) -> None:
        """Draw this column's code of each row into ``out``, shape ``(n,)``.

        Parameters
        ----------
        drawn
            Codes of the chain's columns so far, shape ``(columns, n)``.
        inside
            Is filled with where inside its cell each value lies, in [0, 1).
        which
            The only rows to draw, by number from 0 on; all if not given.
        """
        given = drawn[list(self.given)]
        key = np.uint64(place.key[0]), np.uint64(place.key[1])
        effects = self.effects
        none = np.zeros(0, dtype=np.int32)
        _draw(
            (key, np.uint64(place.row), np.uint64(place.column)),
            (self.roots, self.nodes, self.pool, self.places, self.start),
            (self.keep, self.other, self.groups),
            (none, none, none, np.zeros((0, 0), dtype=np.float32))
            if effects is None
            else (effects.of, effects.bins, effects.start, effects.worth),
            (self.codes, self.total, self.first),
            (given, np.arange(len(out)) if which is None else which, out, inside),
        )


def link_of(
    given: tuple[int, ...],
    trees: Sequence[Branches],
    shares: Sequence[Floats],
    cut: Cut,
    mass: Floats,
    effects: Effects | None,
) -> Link:
    """Put a column's trees together.

    Parameters
    ----------
    shares
        For each tree, the shares of the classes at its nodes.
    mass
        What each code weighs, shape ``(size,)``; inside a class, codes are drawn by it.
    """
    sizes = [len(t.feature) for t in trees]
    roots = np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(np.int32)
    moved = [
        [np.where(side >= 0, side + root, -1) for side in (t.left, t.right)]
        for t, root in zip(trees, roots, strict=True)
    ]
    leaf = [t.feature < 0 for t in trees]
    table = alias(np.concatenate([s[at] for s, at in zip(shares, leaf, strict=True)]))
    shift = np.concatenate([[0], np.cumsum([len(t.places) for t in trees])])[:-1]
    ends = np.concatenate(leaf)
    order = np.argsort(cut.classes, kind="stable")
    return Link(
        given=given,
        roots=roots,
        nodes=(
            np.concatenate([t.feature for t in trees]),
            np.concatenate([t.threshold for t in trees]),
            np.concatenate([m[0] for m in moved]).astype(np.int32),
            np.concatenate([m[1] for m in moved]).astype(np.int32),
        ),
        pool=np.where(ends, np.cumsum(ends) - 1, -1).astype(np.int32),
        places=np.concatenate([t.places for t in trees]),
        start=np.stack([t.start + s for t, s in zip(trees, shift, strict=True)]).astype(np.int32),
        keep=table.keep,
        other=table.other,
        groups=cut.groups,
        effects=effects,
        codes=order.astype(np.int32),
        total=np.concatenate([[0.0], np.cumsum(mass[order])]),
        first=np.searchsorted(cut.classes[order], np.arange(cut.n_classes + 1)).astype(np.int32),
    )


def spread(place: Place, inside: Floats) -> None:
    """Fill ``inside`` with where in its cell each row's value lies."""
    key = np.uint64(place.key[0]), np.uint64(place.key[1])
    _spread((key, np.uint64(place.row), np.uint64(place.column)), inside)


@compiled
def _spread(
    place: tuple[tuple[np.uint64, np.uint64], np.uint64, np.uint64], inside: Floats
) -> None:
    key, begin, column = place
    for i in range(len(inside)):
        inside[i] = uniform(philox(key, begin + np.uint64(i), column, np.uint64(0))[3])


@compiled
def _draw(
    place: tuple[tuple[np.uint64, np.uint64], np.uint64, np.uint64],
    trees: tuple[Codes, tuple[Codes, Codes, Codes, Codes], Codes, Codes, Codes],
    pools: tuple[NDArray[np.uint32], Codes, Codes],
    effects: tuple[Codes, Codes, Codes, NDArray[np.float32]],
    fine: tuple[Codes, Floats, Codes],
    columns: tuple[Codes, NDArray[np.int64], Codes, Floats],
) -> None:
    key, begin, column = place
    roots, nodes, pool, places, start = trees
    keep, other, groups = pools
    codes, total, first = fine
    given, which, code, inside = columns
    classes, worth = np.uint64(keep.shape[1]), np.zeros(effects[3].shape[1], dtype=np.float32)
    tree, most, of = np.uint64(0), 0.0, np.uint64(0xFFFFFFFFFFFFFFFF)
    for i in which:
        row = begin + np.uint64(i)
        if row >> _TOGETHER != of:
            of = row >> _TOGETHER
            tree = (philox(key, of, column, _CHOICE)[0] * np.uint64(len(roots))) >> _HALF
        leaf = pool[descend(nodes, roots[tree], (places, start[tree]), given, i)]
        if len(worth):
            most = _worth(effects, given, i, worth)
        c, third, fourth = np.int64(0), np.uint64(0), np.uint64(0)
        for attempt in range(_TRIES):
            one, two, third, fourth = philox(key, row, column, np.uint64(attempt))
            slot = one * classes
            c = np.int64(slot >> _HALF)
            if (slot & _LOW) > keep[leaf, c]:
                c = np.int64(other[leaf, c])
            if not len(worth) or uniform(two) < np.exp(worth[groups[c]] - most):
                break
        low, high = first[c], first[c + 1]
        aim = total[low] + uniform(third) * (total[high] - total[low])
        high -= 1
        while low < high:
            middle = (low + high) // 2
            if total[middle + 1] > aim:
                high = middle
            else:
                low = middle + 1
        code[i] = codes[low]
        inside[i] = uniform(fourth)


@compiled
def _worth(
    effects: tuple[Codes, Codes, Codes, NDArray[np.float32]],
    given: Codes,
    i: int,
    worth: NDArray[np.float32],
) -> float:
    """Fill ``worth`` with what the effects add for each group, and return the largest."""
    of, bins, start, table = effects
    worth[:] = 0.0
    for j in range(len(start)):
        at = bins[start[j] + given[of[j], i]]
        for g in range(len(worth)):
            worth[g] += table[at, g]
    most = np.float32(-CLIP)
    for g in range(len(worth)):
        worth[g] = min(max(worth[g], np.float32(-CLIP)), np.float32(CLIP))
        most = max(most, worth[g])
    return float(most)
