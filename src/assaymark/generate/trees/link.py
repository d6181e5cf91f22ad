"""Link: one column of the chain, drawn from the columns before it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.trees.arrays import FineArrays, pool_arrays, twig_arrays, worth_arrays
from assaymark.generate.trees.branches import Branches
from assaymark.generate.trees.classes import Cut
from assaymark.generate.trees.drawing import code_in, draw_rows, spread_rows
from assaymark.generate.trees.effects import BARRED, CLIP
from assaymark.generate.trees.falling import tree_arrays
from assaymark.generate.trees.pools import alias
from assaymark.generate.trees.strips import CHOICE, TOGETHER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.trees.drawing import What
    from assaymark.generate.trees.effects import Effects
    from assaymark.generate.trees.falling import TreeArrays

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint64]
    Trees = tuple[Codes, tuple[Codes, Codes, Codes, Codes], Codes, Codes, Codes]
    Corrections = tuple[Codes, Codes, Codes, NDArray[np.float32]]
    Words3 = tuple[tuple[np.uint64, np.uint64], Words, np.uint64]

__all__ = [
    "CHOICE",
    "TOGETHER",
    "Link",
    "Place",
    "alone",
    "code_in",
    "link_of",
    "spread",
    "worth_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where random numbers are taken from: key of two words, rows, number of the column.

    ``row`` is the number of the first row, or the numbers of all rows.
    """

    key: tuple[int, int]
    row: int | Words
    column: int

    def words(self, n: int) -> Words3:
        """Return the key, the numbers of ``n`` rows, and the column, as kernels take them."""
        rows = self.row
        if isinstance(rows, int):
            rows = np.arange(n, dtype=np.uint64) + np.uint64(rows)
        return (np.uint64(self.key[0]), np.uint64(self.key[1])), rows, np.uint64(self.column)

    def only(self, which: NDArray[np.int64]) -> Place:
        """Return the place of some of the rows."""
        row = self.row
        rows = which.astype(np.uint64) + np.uint64(row) if isinstance(row, int) else row[which]
        return replace(self, row=rows)


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
        See :class:`~assaymark.generate.trees.branches.Branches`; ``start`` has shape
        ``(trees, features)``.
    keep, other
        See :class:`~assaymark.generate.trees.pools.Table`.
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
    _ready: tuple[TreeArrays, What] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Put the arrays as the compiled loops take them."""
        given = np.array(self.given, dtype=np.int32)
        of, bins, start, worth = self.corrections
        columns = of < len(given)
        small = () if self.effects is None else self.effects.trees
        at = dict(zip((of - len(given)).tolist(), start.tolist(), strict=True))
        rows = [bins[at[t] : at[t] + len(tree.feature)] for t, tree in enumerate(small)]
        what = (
            pool_arrays(self.pool, (self.keep, self.other), self.groups),
            worth_arrays(given[of[columns]], bins, start[columns], worth),
            twig_arrays(small, given, rows),
            FineArrays(self.codes, self.total, self.first),
        )
        ready = tree_arrays(self.nodes, self.roots, (self.places, self.start), given), what
        object.__setattr__(self, "_ready", ready)

    def draw(self, drawn: Codes, place: Place, out: Codes, inside: Floats) -> None:
        """Draw this column's code of each row into ``out``, shape ``(n,)``.

        Parameters
        ----------
        drawn
            Codes of the chain's columns so far, shape ``(columns, n)``.
        inside
            Is filled with where inside its cell each value lies, in [0, 1).
        """
        draw_rows(place.words(len(out)), *self._ready, (drawn, out, inside))

    def seen(self, drawn: Codes) -> Codes:
        """Return what the column is drawn from: the ``given`` columns and what trees make of them.

        Of the chain's columns so far, shape ``(columns, n)``.
        """
        if self.effects is None:
            return drawn[list(self.given)]
        return self.effects.seen(drawn, self.given)

    @property
    def trees(self) -> Trees:
        """The trees, as kernels take them."""
        return self.roots, self.nodes, self.pool, self.places, self.start

    @property
    def corrections(self) -> Corrections:
        """The effects, as kernels take them."""
        if self.effects is None:
            none = np.zeros(0, dtype=np.int32)
            return none, none, none, np.zeros((0, 0), dtype=np.float32)
        return self.effects.of, self.effects.bins, self.effects.start, self.effects.worth


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


def alone(mass: Floats) -> Link:
    """Return the link of a column that is drawn from its own distribution, ``mass`` per code."""
    none = np.zeros(0, dtype=np.int32)
    leaf = np.full(1, -1, dtype=np.int32)
    tree = Branches(
        feature=leaf, threshold=leaf, left=leaf, right=leaf, parent=leaf, places=none, start=none
    )
    classes = np.arange(len(mass), dtype=np.int32)
    return link_of((), [tree], [mass[None, :]], Cut(classes=classes, groups=classes), mass, None)


def spread(place: Place, inside: Floats) -> None:
    """Fill ``inside`` with where in its cell each row's value lies."""
    spread_rows(place.words(len(inside)), inside)


@compiled
def worth_of(effects: Corrections, given: Codes, i: int, worth: NDArray[np.float32]) -> float:
    """Fill ``worth`` with what the effects add for each group, and return the largest."""
    of, bins, start, table = effects
    worth[:] = 0.0
    for j in range(len(start)):
        at = bins[start[j] + given[of[j], i]]
        for g in range(len(worth)):
            worth[g] += table[at, g]
    most = np.float32(-CLIP)
    for g in range(len(worth)):
        if worth[g] >= np.float32(BARRED):
            worth[g] = min(max(worth[g], np.float32(-CLIP)), np.float32(CLIP))
        most = max(most, worth[g])
    return float(most)
