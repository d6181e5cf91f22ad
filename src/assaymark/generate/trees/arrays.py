"""Arrays: what a column is drawn with, as the compiled loops take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.generate.trees.effects import CLIP, NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.trees.branches import Branches

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint32]

__all__ = [
    "BIT",
    "MOST",
    "ONE",
    "FineArrays",
    "PoolArrays",
    "TwigArrays",
    "WorthArrays",
    "pool_arrays",
    "twig_arrays",
    "worth_arrays",
]

ONE = 1 << 18
MOST = np.int32(int(CLIP) * ONE)
_LANES = 8  # groups are filled up to a multiple, so that the processor adds so many at once
_FEW = 1 << 8  # so much of a slot, of 2**32, is next to nothing
_HIGHEST = -2 * NEVER  # the sum, if not what is summed before its end, fits in 32 bits
_LEAVES = 8
BIT = np.array([max(i.bit_length() - 1, 0) for i in range(1 << _LEAVES)], dtype=np.uint8)
"""Which bit is set, of numbers that have one."""


class PoolArrays(NamedTuple):
    """Each leaf's row of ``keep`` and ``other``, see ``Table``, and the group of each class.

    ``absent``, shape ``(rows, groups)``, is 1 where a row has no class of a group.
    """

    pool: Codes
    keep: Words
    other: Codes
    groups: Codes
    absent: NDArray[np.uint8]


class WorthArrays(NamedTuple):
    """What corrects the pools, see ``Effects``; ``of`` are columns, ``worth`` counts 2**-18."""

    of: Codes
    bins: Codes
    start: Codes
    worth: Codes


class TwigArrays(NamedTuple):
    """The small trees among what corrects the pools, of eight leaves at most.

    ``given`` are those of the columns drawn so far on which they branch, and the codes of each
    begin at ``start`` in ``opened``, shape ``(codes, trees)``: the leaves of each tree, as bits,
    that a code leaves open. ``row``, shape ``(trees, 8)``, is the row of ``worth`` of each leaf.
    """

    given: Codes
    start: Codes
    opened: NDArray[np.uint8]
    row: Codes


class FineArrays(NamedTuple):
    """Codes by class, their running mass, and where each class begins."""

    codes: Codes
    total: Floats
    first: Codes


def pool_arrays(pool: Codes, table: tuple[Words, Codes], groups: Codes) -> PoolArrays:
    """Return pools as they are drawn from; ``table`` has ``keep`` and ``other``."""
    keep, other = table
    absent = np.ones((len(keep), _filled(int(groups.max()) + 1)), dtype=np.uint8)
    rows = np.arange(len(keep))
    for c, group in enumerate(groups):
        absent[keep[:, c] > _FEW, group] = 0
        absent[rows, groups[other[:, c]]] = 0
    return PoolArrays(pool, keep, other, groups, absent)


def worth_arrays(of: Codes, bins: Codes, start: Codes, worth: NDArray[np.float32]) -> WorthArrays:
    """Return what ``Effects`` hold of columns as it is drawn with; ``worth`` also of trees."""
    rows, groups = worth.shape
    whole = np.full((rows, _filled(groups)), -MOST, dtype=np.int32)
    whole[:, :groups] = np.rint(np.clip(worth, -_HIGHEST, _HIGHEST).astype(np.float64) * ONE)
    return WorthArrays(of, bins, start, whole)


def twig_arrays(trees: Sequence[Branches], given: Codes, rows: Sequence[Codes]) -> TwigArrays:
    """Return the trees that ``Effects`` hold as they are drawn with.

    Parameters
    ----------
    given
        Which of the columns drawn so far their features are.
    rows
        The row of ``worth`` of each node of each tree.
    """
    if not trees:
        none = np.zeros(0, dtype=np.int32)
        return TwigArrays(none, none, np.zeros((0, 0), np.uint8), none.reshape(0, _LEAVES))
    start = trees[0].start  # each has all features, in which the same codes
    ends = np.append(start, len(trees[0].places))
    opened = np.zeros((ends[-1], _filled(len(trees))), dtype=np.uint8)
    row = np.zeros((len(trees), _LEAVES), dtype=np.int32)
    for t, (tree, own) in enumerate(zip(trees, rows, strict=True)):
        leaves, below = _leaves_below(tree)
        row[t] = own[leaves[0]]  # where no tree branches, no code rules out what is no leaf
        row[t, : len(leaves)] = own[leaves]
        opened[:, t] = below[0]
        for v in np.flatnonzero(tree.feature >= 0):
            codes = slice(*ends[tree.feature[v] :][:2])
            goes_left = tree.places[codes] <= tree.threshold[v]
            opened[codes, t] &= ~np.where(goes_left, below[tree.right[v]], below[tree.left[v]])
    of = np.unique(np.concatenate([t.feature for t in trees]))
    of = of[of >= 0]
    return TwigArrays(given[of], start[of].astype(np.int32), opened, row)


def _leaves_below(tree: Branches) -> tuple[list[int], NDArray[np.uint8]]:
    """Return the leaves that a branch leads to, and which of them lie below each node, as bits."""
    reached = [v for v in range(len(tree.feature)) if v == 0 or tree.parent[v] >= 0]
    leaves = [v for v in reached if tree.feature[v] < 0]
    below = np.zeros(len(tree.feature), dtype=np.uint8)
    below[leaves] = 1 << np.arange(len(leaves))
    for v in reversed(reached):
        if tree.feature[v] >= 0:
            below[v] = below[tree.left[v]] | below[tree.right[v]]
    return leaves, below


def _filled(groups: int) -> int:
    return -(-groups // _LANES) * _LANES
