"""Falling: the compiled loops that find the leaf at which each row ends, 64 rows at a time.

A tree of few leaves is not walked. What a row has of one feature rules out some leaves, whatever
the rest; these are kept as bits, and the one leaf that no feature rules out is where the row ends.
A tree of more leaves is walked down, all rows of a strip a level at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Bits = NDArray[np.uint64]

__all__ = ["STRIP", "FallScratch", "TreeArrays", "fall", "leaves_of", "scratch", "tree_arrays"]

STRIP = 64
_WORDS = 8  # trees of more than 64 times as many leaves are walked
_NODE = 0xFFFFFF
_PLACES = 256
_DE_BRUIJN, _TOP = np.uint64(0x03F79D71B4CB0A89), np.uint64(58)
_BIT = np.array(
    sorted(range(64), key=lambda bit: (int(_DE_BRUIJN) << bit) % 2**64 >> int(_TOP)), dtype=np.int32
)


class TreeArrays(NamedTuple):
    """The trees of a column.

    ``nodes`` has one word a node, from the lowest bit: feature (8 bits), threshold (8), left (24),
    right (24); a leaf's children are the leaf itself, so that rows may go on down after they have
    arrived. ``depth`` are the branches on the longest way down each tree, and ``used``, shape
    ``(trees, features)``, says which features a tree splits on. ``places`` and ``start`` are those
    of ``Link``; ``given`` which of the columns drawn so far the features are.

    ``opened``, shape ``(words, rows)``, are the leaves that what a row has of a feature leaves
    open, as bits, and ``row`` says which of these rows belongs to each code, as ``places`` are;
    ``every``, shape ``(words, trees)``, are all leaves of a tree, and ``leaf``, shape
    ``(trees, leaves)``, their nodes. Where there are no words, trees are walked.
    """

    roots: Codes
    nodes: NDArray[np.int64]
    depth: Codes
    used: NDArray[np.bool_]
    places: NDArray[np.uint8]
    start: Codes
    given: Codes
    opened: Bits
    row: Codes
    every: Bits
    leaf: Codes


class FallScratch(NamedTuple):
    """Scratch for 64 rows: places of each feature, nodes, leaves that are left open."""

    local: NDArray[np.uint8]
    node: NDArray[np.int64]
    left: Bits
    more: Bits


def tree_arrays(
    nodes: tuple[Codes, Codes, Codes, Codes],
    roots: Codes,
    places: tuple[Codes, Codes],
    given: Codes,
) -> TreeArrays:
    """Return trees as they are fallen down.

    Parameters
    ----------
    nodes
        Feature, threshold, left and right of each node; a node's parent comes before it.
    places
        The place of each code, and where those of each tree and feature begin, shape
        ``(trees, features)``.
    """
    place, start = places[0].astype(np.uint8), places[1]
    used = np.zeros((len(roots), len(given)), dtype=np.bool_)
    words, depth = _packed(nodes, roots, used)
    leaves = np.add.reduceat(nodes[0] < 0, roots)
    width = -(-int(leaves.max()) // STRIP)
    width = width if width <= _WORDS else 0
    ends = np.append(start.ravel(), len(place))[1:].reshape(start.shape)
    row = np.zeros(len(place), dtype=np.int32)
    every, leaf = (
        np.zeros((width, len(roots)), np.uint64),
        np.zeros((len(roots), width * STRIP), np.int32),
    )
    opened = np.zeros((width, 0), np.uint64)
    if width:
        room = int((nodes[0] >= 0).sum() + used.sum())
        opened = np.zeros((width, room), np.uint64)
        size = _open((nodes, roots), (place, start, ends, used), (opened, row, every, leaf))
        opened = np.ascontiguousarray(opened[:, :size])
    return TreeArrays(roots, words, depth, used, place, start, given, opened, row, every, leaf)


def scratch(features: int) -> FallScratch:
    """Return room for a strip of rows."""
    return FallScratch(
        np.empty((max(features, 1), STRIP), np.uint8),
        np.empty(STRIP, np.int64),
        np.empty(STRIP, np.uint64),
        np.empty(STRIP, np.uint64),
    )


def leaves_of(trees: TreeArrays, codes: Codes) -> Codes:
    """Return the leaf of the first tree at which each row ends; ``codes`` as features need them."""
    found = np.empty(codes.shape[1], np.int32)
    _leaves(trees, codes, scratch(len(trees.given)), found)
    return found


@compiled
def fall(trees: TreeArrays, tree: int, drawn: Codes, strip: FallScratch) -> None:
    """Let each row of a strip fall to its leaf, ``strip.node``."""
    if len(trees.opened):
        _rule_out(trees, tree, drawn, strip)
    else:
        _walk(trees, tree, drawn, strip)


@compiled
def _rule_out(trees: TreeArrays, tree: int, drawn: Codes, strip: FallScratch) -> None:
    left, more, node, size = strip.left, strip.more, strip.node, drawn.shape[1]
    node[:] = 0
    for w in range(0, len(trees.opened), 2):  # two words at a time, so that codes are read once
        two = w + 1 < len(trees.opened)
        left[:] = trees.every[w, tree]
        more[:] = trees.every[w + 1, tree] if two else np.uint64(0)
        for j in range(len(trees.given)):
            if not trees.used[tree, j]:
                continue
            begin, column = np.uint64(trees.start[tree, j]), trees.given[j]
            if two:
                for k in range(size):
                    at = np.uint64(trees.row[begin + np.uint64(drawn[column, k])])
                    left[k] &= trees.opened[w, at]
                    more[k] &= trees.opened[w + 1, at]
            else:
                for k in range(size):
                    at = np.uint64(trees.row[begin + np.uint64(drawn[column, k])])
                    left[k] &= trees.opened[w, at]
        for k in range(size):  # one bit is left, in one of the words
            last = more[k] != 0
            bits = more[k] if last else left[k]
            node[k] += _BIT[bits * _DE_BRUIJN >> _TOP] + (STRIP * (w + last) if bits else 0)
    for k in range(size):
        node[k] = trees.leaf[tree, np.uint64(node[k])]


@compiled
def _walk(trees: TreeArrays, tree: int, drawn: Codes, strip: FallScratch) -> None:
    local, node, size = strip.local, strip.node, drawn.shape[1]
    for j in range(len(trees.given)):
        if not trees.used[tree, j]:
            continue
        begin, row = trees.start[tree, j], drawn[trees.given[j]]
        for k in range(size):
            local[j, k] = trees.places[begin + row[k]]
    node[:] = trees.roots[tree]
    for _ in range(trees.depth[tree]):
        for k in range(size):
            word = trees.nodes[node[k]]
            goes_left = local[word & 255, k] <= (word >> 8) & 255
            node[k] = (word >> (16 if goes_left else 40)) & _NODE


@compiled
def _leaves(trees: TreeArrays, codes: Codes, strip: FallScratch, found: Codes) -> None:
    for low in range(0, len(found), STRIP):
        high = min(low + STRIP, len(found))
        fall(trees, 0, codes[:, low:high], strip)
        for k in range(high - low):
            found[low + k] = strip.node[k]


@compiled
def _packed(
    nodes: tuple[Codes, Codes, Codes, Codes], roots: Codes, used: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], Codes]:
    feature, threshold, left, right = nodes
    words = np.empty(len(feature), np.int64)
    level, depth = np.zeros(len(feature), np.int32), np.zeros(len(roots), np.int32)
    tree = 0
    for v in range(len(feature)):
        if tree + 1 < len(roots) and v == roots[tree + 1]:
            tree += 1
        depth[tree] = max(depth[tree], level[v])
        if feature[v] < 0:
            words[v] = 255 << 8 | v << 16 | v << 40
            continue
        used[tree, feature[v]] = True
        level[left[v]] = level[right[v]] = level[v] + 1
        words[v] = (
            np.int64(feature[v])
            | np.int64(threshold[v]) << 8
            | np.int64(left[v]) << 16
            | np.int64(right[v]) << 40
        )
    return words, depth


@compiled
def _open(
    trees: tuple[tuple[Codes, Codes, Codes, Codes], Codes],
    features: tuple[NDArray[np.uint8], Codes, Codes, NDArray[np.bool_]],
    out: tuple[Bits, Codes, Bits, Codes],
) -> int:
    """Fill which leaves each place of a feature leaves open; return how many rows there are."""
    nodes, roots = trees
    place, start, ends, used = features
    opened, row, every, leaf = out
    span = _spans(nodes, roots, every, leaf)
    rows, of_place = 0, np.zeros(_PLACES, np.int64)
    for tree in range(len(roots)):
        end = roots[tree + 1] if tree + 1 < len(roots) else len(nodes[0])
        for j in range(used.shape[1]):
            if not used[tree, j]:
                continue
            below = _stretches(nodes, (roots[tree], end, j), rows, of_place)
            for at in range(rows, below):
                opened[:, at] = every[:, tree]
            for v in range(roots[tree], end):
                if nodes[0][v] == j:
                    middle = of_place[nodes[1][v]] + 1  # rows up to here go left
                    _close(opened[:, rows:middle], span[nodes[3][v]])
                    _close(opened[:, middle:below], span[nodes[2][v]])
            for i in range(start[tree, j], ends[tree, j]):
                row[i] = of_place[place[i]]
            rows = below
    return rows


@compiled
def _spans(
    nodes: tuple[Codes, Codes, Codes, Codes], roots: Codes, every: Bits, leaf: Codes
) -> NDArray[np.int64]:
    """Return the first leaf below each node, and the first after these, from left to right."""
    feature, _, left, right = nodes
    span, tree = np.full((len(feature), 2), -1, np.int64), -1
    for v in range(len(feature) - 1, -1, -1):
        span[v, 1] = 1 if feature[v] < 0 else span[left[v], 1] + span[right[v], 1]
    for v in range(len(feature)):
        if tree + 1 < len(roots) and v == roots[tree + 1]:
            tree, span[v, 0] = tree + 1, 0
        first = span[v, 0]
        if first < 0:  # no branch leads here
            continue
        span[v, 1] += first
        if feature[v] < 0:
            leaf[tree, first] = v
            every[first // STRIP, tree] |= np.uint64(1) << np.uint64(first % STRIP)
        else:
            span[left[v], 0] = first
            span[right[v], 0] = first + span[left[v], 1]
    return span


@compiled
def _stretches(
    nodes: tuple[Codes, Codes, Codes, Codes],
    which: tuple[int, int, int],
    row: int,
    of_place: NDArray[np.int64],
) -> int:
    """Give stretches of places that no node cuts numbers from ``row`` on; return the next one."""
    begin, end, j = which
    of_place[:] = 0
    for v in range(begin, end):
        if nodes[0][v] == j and nodes[1][v] + 1 < _PLACES:
            of_place[nodes[1][v] + 1] = 1
    of_place[0] = row
    for p in range(1, _PLACES):
        of_place[p] += of_place[p - 1]
    return int(of_place[_PLACES - 1]) + 1


@compiled
def _close(rows: Bits, span: NDArray[np.int64]) -> None:
    for i in range(span[0], span[1]):
        rows[i // STRIP] &= ~(np.uint64(1) << np.uint64(i % STRIP))
