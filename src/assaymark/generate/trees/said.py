"""Said: what the trees of one column say of the rows that decided their branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.trees.stretches import Pooled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.trees.branches import Branches
    from assaymark.generate.trees.classes import Cut

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["MOST_SEEN", "Tree", "asked_of", "grouped_shares", "said_of"]

MOST_SEEN = 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """A tree, what its nodes' pools say, and the rows that decided its branches.

    ``leaf`` is where those end, ``luck`` a draw for each.
    """

    branches: Branches
    shares: Floats
    deciding: NDArray[np.int64]
    leaf: Codes
    luck: Floats


def asked_of(trees: Sequence[Tree], encoded: Encoded, streams: Streams) -> NDArray[np.int64]:
    """Return the rows that decided branches, 100,000 at most; those of a person lie together."""
    decided = np.zeros(encoded.codes.shape[1], dtype=np.bool_)
    for tree in trees:
        decided[tree.deciding] = True
    rows = np.flatnonzero(decided)
    if len(rows) > MOST_SEEN:
        rng = streams.child("effects").generator()
        rows = np.sort(rng.choice(rows, MOST_SEEN, replace=False))
    if encoded.n_persons < len(encoded.persons):
        rows = rows[np.argsort(encoded.persons[rows], kind="stable")]
    return rows


def said_of(trees: Sequence[Tree], grouped: Sequence[Floats], rows: NDArray[np.int64]) -> Pooled:
    """Return what one of the trees that a row decided says of it.

    A row is drawn from one of its trees, not from their mean.
    """
    size = 1 + max(int(t.deciding.max(initial=0)) for t in trees)
    times, at = np.zeros(size), np.full(size, -1)
    at[rows] = np.arange(len(rows))
    base = np.zeros((len(rows), grouped[0].shape[1]))
    drawn = np.zeros((2, len(rows)), dtype=np.int32)  # the tree and the node of each row
    for m, (tree, shares) in enumerate(zip(trees, grouped, strict=True)):
        times[tree.deciding] += 1
        turn = (tree.luck * times[tree.deciding] < 1) & (at[tree.deciding] >= 0)
        here = at[tree.deciding[turn]]
        base[here] = shares[tree.leaf[turn]]
        drawn[0, here], drawn[1, here] = m, tree.leaf[turn]
    return Pooled(drawn[0], drawn[1], base, [t.shares for t in trees])


def grouped_shares(shares: Floats, cut: Cut) -> Floats:
    """Return the shares of groups from those of their classes."""
    order = np.argsort(cut.groups, kind="stable")
    first = np.searchsorted(cut.groups[order], np.arange(cut.n_groups))
    return np.asarray(np.add.reduceat(shares[:, order], first, axis=1), dtype=np.float64)
