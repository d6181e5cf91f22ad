"""Drawing: the compiled loops that draw a column's codes, 64 rows at a time.

A strip of 64 rows uses one tree, so that the tree stays near the processor while it is used; the
loops inside go over rows, not over levels of the tree, so that nothing waits for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.effects import CLIP
from assaymark.generate.philox import philox, philox_strip, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint32]
    Where = tuple[tuple[np.uint64, np.uint64], NDArray[np.uint64], np.uint64]

__all__ = [
    "STRIP",
    "FineArrays",
    "PoolArrays",
    "TreeArrays",
    "WorthArrays",
    "draw_rows",
    "leaves_of",
    "packed",
    "spread_rows",
]

STRIP = 64
TOGETHER = np.uint64(6)  # 2**6 rows in a row use the same tree
CHOICE = np.uint64(1 << 31)
_TRIES = 256
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_NODE = 0xFFFFFF
_MOST = np.float32(CLIP)


class TreeArrays(NamedTuple):
    """The trees of a column.

    ``nodes`` has one word a node, ``depth`` the branches on the longest way down each tree, and
    ``used``, shape ``(trees, features)``, says which features a tree splits on, see
    :func:`packed`; ``places`` and ``start`` are those of ``Link``; ``given`` which of the columns
    drawn so far the features are.
    """

    roots: Codes
    nodes: NDArray[np.int64]
    depth: Codes
    used: NDArray[np.bool_]
    places: NDArray[np.uint8]
    start: Codes
    given: Codes


class PoolArrays(NamedTuple):
    """Each leaf's row of ``keep`` and ``other``, see ``Table``, and the group of each class."""

    pool: Codes
    keep: Words
    other: Codes
    groups: Codes


class WorthArrays(NamedTuple):
    """What corrects the pools, see ``Effects``; ``of`` are columns."""

    of: Codes
    bins: Codes
    start: Codes
    worth: NDArray[np.float32]


class FineArrays(NamedTuple):
    """Codes by class, their running mass, and where each class begins."""

    codes: Codes
    total: Floats
    first: Codes


class _Strip(NamedTuple):
    """Scratch for 64 rows: places, nodes, worth of each group and bounds, two times four words."""

    local: NDArray[np.uint8]
    node: NDArray[np.int64]
    worth: NDArray[np.float32]
    bound: NDArray[np.float32]
    words: Words
    others: Words


def packed(
    nodes: tuple[Codes, Codes, Codes, Codes], roots: Codes, features: int
) -> tuple[NDArray[np.int64], Codes, NDArray[np.bool_]]:
    """Return each node as one word, how deep each tree is, and which features it splits on.

    From the lowest bit: feature (8 bits), threshold (8), left (24), right (24). A leaf's children
    are the leaf itself, so that rows may go on down after they have arrived.
    """
    feature, threshold, left, right = nodes
    used = np.zeros((len(roots), features), dtype=np.bool_)
    words, depth = _packed((feature, threshold, left, right), roots, used)
    return words, depth, used


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
def spread_rows(where: Where, inside: Floats) -> None:
    """Fill ``inside`` with where in its cell each row's value lies."""
    key, rows, column = where
    words = np.empty((4, STRIP), np.uint32)
    for low in range(0, len(inside), STRIP):
        size = min(STRIP, len(inside) - low)
        philox_strip(key, rows[low : low + size], column, np.uint64(0), words)
        for k in range(size):
            inside[low + k] = uniform(np.uint64(words[3, k]))


@compiled
def leaves_of(trees: TreeArrays, codes: Codes) -> Codes:
    """Return the leaf of the first tree at which each row ends; ``codes`` as features need them."""
    found = np.empty(codes.shape[1], np.int32)
    none = np.empty((0, 0), np.float32)
    words = np.empty((0, 0), np.uint32)
    strip = _Strip(
        np.empty((max(len(trees.given), 1), STRIP), np.uint8),
        np.empty(STRIP, np.int64),
        none,
        np.empty(0, np.float32),
        words,
        words,
    )
    for low in range(0, len(found), STRIP):
        high = min(low + STRIP, len(found))
        _fall(trees, 0, codes[:, low:high], strip)
        for k in range(high - low):
            found[low + k] = strip.node[k]
    return found


@compiled
def draw_rows(
    where: Where,
    trees: TreeArrays,
    pools: PoolArrays,
    worths: WorthArrays,
    fine: FineArrays,
    columns: tuple[Codes, Codes, Floats],
) -> None:
    """Draw codes, and where inside their cells values lie, strip by strip, tree by tree.

    ``where`` has the key, the number of each row, and the column; ``columns`` the codes drawn so
    far, shape ``(columns, n)``, and the two to be filled, each of shape ``(n,)``.
    """
    key, rows, column = where
    drawn, code, inside = columns
    strip = _Strip(
        np.empty((max(len(trees.given), 1), STRIP), np.uint8),
        np.empty(STRIP, np.int64),
        np.empty((STRIP, worths.worth.shape[1]), np.float32),
        np.empty(STRIP, np.float32),
        np.empty((4, STRIP), np.uint32),
        np.empty((4, STRIP), np.uint32),
    )
    begin, chosen, strips = _strips(where, len(trees.roots))
    for tree in range(len(trees.roots)):
        for s in range(strips):
            if chosen[s] != tree:
                continue
            low, high = begin[s], begin[s + 1]
            _fall(trees, tree, drawn[:, low:high], strip)
            if len(worths.of):
                _bound(worths, drawn[:, low:high], strip)
            here = key, rows[low:high], column
            _pick(here, (pools, worths, fine), strip, code[low:high], inside[low:high])


@compiled
def _strips(where: Where, trees: int) -> tuple[NDArray[np.int64], Codes, int]:
    """Cut rows into strips that use one tree: where each begins, which tree, how many."""
    key, rows, column = where
    begin, chosen = np.zeros(len(rows) + 1, np.int64), np.empty(len(rows), np.int32)
    strips, of = 0, np.uint64(0)
    for i in range(len(rows)):
        if i == 0 or rows[i] >> TOGETHER != of or i - begin[strips - 1] == STRIP:
            of = rows[i] >> TOGETHER
            begin[strips] = i
            chosen[strips] = philox(key, of, column, CHOICE)[0] * np.uint64(trees) >> _HALF
            strips += 1
    begin[strips] = len(rows)
    return begin, chosen, strips


@compiled
def _fall(trees: TreeArrays, tree: int, drawn: Codes, strip: _Strip) -> None:
    """Let each row of a strip fall to its leaf."""
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
def _bound(worths: WorthArrays, drawn: Codes, strip: _Strip) -> None:
    """Find what each group is worth in each row of a strip, and the most of it."""
    strip.worth[:] = 0.0
    for j in range(len(worths.of)):
        begin, row = worths.start[j], drawn[worths.of[j]]
        for k in range(drawn.shape[1]):
            at, here = worths.bins[begin + row[k]], strip.worth[k]
            for g in range(len(here)):
                here[g] += worths.worth[at, g]
    for k in range(drawn.shape[1]):
        here, most = strip.worth[k], -_MOST
        for g in range(len(here)):
            here[g] = np.float32(min(max(here[g], -_MOST), _MOST))
            most = max(most, here[g])
        strip.bound[k] = most


@compiled
def _pick(
    where: Where,
    what: tuple[PoolArrays, WorthArrays, FineArrays],
    strip: _Strip,
    code: Codes,
    inside: Floats,
) -> None:
    """Draw the code of each row of a strip from the pool at its leaf."""
    key, rows, column = where
    pools, worths, fine = what
    words, size = strip.words, len(code)
    philox_strip(key, rows, column, np.uint64(0), words)
    classes = np.uint64(pools.keep.shape[1])
    for k in range(size):
        leaf, slot = pools.pool[strip.node[k]], np.uint64(words[0, k]) * classes
        c = np.int64(slot >> _HALF)
        code[k] = pools.other[leaf, c] if (slot & _LOW) > pools.keep[leaf, c] else c
    if len(worths.of):
        _correct(where, pools, strip, code)
    for k in range(size):
        code[k] = code_in(fine, np.int64(code[k]), uniform(np.uint64(words[2, k])))
        inside[k] = uniform(np.uint64(words[3, k]))


@compiled
def _correct(where: Where, pools: PoolArrays, strip: _Strip, drawn: Codes) -> None:
    """Draw again, from the same pools, what does not stand.

    A class stands with probability exp(worth - bound). The exponential lies between its Taylor
    polynomials of first and second order, which decide most draws without it. Two tries need four
    words, and those of the second and third try are made for the whole strip at once.
    """
    key, rows, column = where
    groups, worth, classes = pools.groups, strip.worth, pools.keep.shape[1]
    philox_strip(key, rows, column, np.uint64(1), strip.others)
    for k in range(len(drawn)):
        c, leaf, bound = drawn[k], pools.pool[strip.node[k]], strip.bound[k]
        a, b = np.uint64(strip.others[0, k]), np.uint64(strip.others[1, k])
        p, q = np.uint64(strip.others[2, k]), np.uint64(strip.others[3, k])
        word, group = np.uint64(strip.words[1, k]), groups[c]
        for attempt in range(_TRIES):
            x, u = np.float64(worth[k, group] - bound), uniform(word)
            if u < 1.0 + x or (u < 1.0 + x + 0.5 * x * x and u < np.exp(x)):
                break
            if attempt > 0 and attempt % 2 == 0:
                a, b, p, q = philox(key, rows[k], column, np.uint64(attempt // 2 + 1))
            slot, word = a * np.uint64(classes), b
            a, b = p, q
            c = np.int32(slot >> _HALF)
            c = pools.other[leaf, c] if (slot & _LOW) > pools.keep[leaf, c] else c
            group = groups[c]
        drawn[k] = c


@compiled
def code_in(fine: tuple[Codes, Floats, Codes], c: np.int64, u: float) -> int:
    """Return the code of class ``c`` at ``u`` of the class's mass."""
    codes, total, first = fine
    low, high = first[c], first[c + 1]
    if high - low > 1:
        aim = total[low] + u * (total[high] - total[low])
        high -= 1
        while low < high:
            middle = (low + high) // 2
            if total[middle + 1] > aim:
                high = middle
            else:
                low = middle + 1
    code: int = codes[low]
    return code
