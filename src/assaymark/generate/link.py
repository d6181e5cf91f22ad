"""Link: one column of the chain, drawn from the columns before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.drawing import (
    Fine,
    Pools,
    Trees,
    Worths,
    draw_rows,
    packed,
    spread_rows,
)
from assaymark.generate.pools import alias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.branches import Branches
    from assaymark.generate.classes import Cut
    from assaymark.generate.effects import Effects

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Link", "Place", "link_of", "spread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where random numbers are taken from: key of two words, first row, number of the column."""

    key: tuple[int, int]
    row: int
    column: int

    @property
    def words(self) -> tuple[tuple[np.uint64, np.uint64], np.uint64, np.uint64]:
        """The place as the compiled loops take it."""
        key = np.uint64(self.key[0]), np.uint64(self.key[1])
        return key, np.uint64(self.row), np.uint64(self.column)


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

    _ready: tuple[Trees, Pools, Worths, Fine] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Put the arrays as the compiled loops take them."""
        given = np.array(self.given, dtype=np.int32)
        nodes, depth = packed(self.nodes, self.roots)
        places, none = self.places.astype(np.uint8), np.zeros(0, dtype=np.int32)
        empty = np.zeros((0, 0), dtype=np.float32), np.zeros(0, dtype=np.float32)
        e = self.effects
        ready = (
            Trees(self.roots, nodes, depth, places, self.start, given),
            Pools(self.pool, self.keep, self.other, self.groups),
            Worths(none, none, none, *empty)
            if e is None
            else Worths(given[e.of], e.bins, e.start, e.worth, e.worth.max(axis=1)),
            Fine(self.codes, self.total, self.first),
        )
        object.__setattr__(self, "_ready", ready)

    def draw(self, drawn: Codes, place: Place, out: Codes, inside: Floats) -> None:
        """Draw this column's code of each row into ``out``, shape ``(n,)``.

        Parameters
        ----------
        drawn
            Codes of the chain's columns so far, shape ``(columns, n)``.
        inside
            Is filled with where inside its cell each value lies, in [0, 1); of length 0 where
            that is not asked.
        """
        draw_rows(place.words, *self._ready, (drawn, out, inside))


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
    spread_rows(place.words, inside)
