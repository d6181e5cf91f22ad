"""Drawing: the compiled loops that draw a column's codes, 64 rows at a time.

A strip of 64 rows uses one tree, so that the tree stays near the processor while it is used; the
loops inside go over rows, not over levels of the tree, so that nothing waits for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.philox import philox, philox_strip, uniform
from assaymark.generate.trees.effects import BARRED, CLIP, NEVER
from assaymark.generate.trees.falling import STRIP, FallScratch, TreeArrays, fall, scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint32]
    Where = tuple[tuple[np.uint64, np.uint64], NDArray[np.uint64], np.uint64]

__all__ = [
    "FineArrays",
    "PoolArrays",
    "WorthArrays",
    "draw_rows",
    "pool_arrays",
    "spread_rows",
    "worth_arrays",
]

TOGETHER = np.uint64(6)  # 2**6 rows in a row use the same tree
CHOICE = np.uint64(1 << 31)
_TRIES = 256
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_LANES = 8  # groups are filled up to a multiple, so that the processor adds so many at once
_ONE = 1 << 18
_MOST = np.int32(int(CLIP) * _ONE)
_BARRED = np.int32(int(BARRED) * _ONE)
_FEW = 1 << 8  # so much of a slot, of 2**32, is next to nothing
_FAR = np.int32(1 << 28)
_HIGHEST = -2 * NEVER  # the sum, if not what is summed before its end, fits in 32 bits
_UNIT = 1.0 / _ONE


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


class FineArrays(NamedTuple):
    """Codes by class, their running mass, and where each class begins."""

    codes: Codes
    total: Floats
    first: Codes


class _Strip(NamedTuple):
    """Scratch for 64 rows: leaves, worth of each group and bounds, two times four words."""

    fallen: FallScratch
    worth: Codes
    bound: Codes
    words: Words
    others: Words
    again: Codes


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
    """Return what ``Effects`` hold as it is drawn with."""
    rows, groups = worth.shape
    whole = np.full((rows, _filled(groups)), -_MOST, dtype=np.int32)
    whole[:, :groups] = np.rint(np.clip(worth, -_HIGHEST, _HIGHEST).astype(np.float64) * _ONE)
    return WorthArrays(of, bins, start, whole)


def _filled(groups: int) -> int:
    return -(-groups // _LANES) * _LANES


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
    far, shape ``(columns, n)``, and the two to be filled, each of shape ``(n,)``; the latter may
    be empty, where codes are all there is to draw.
    """
    strip = _Strip(
        scratch(len(trees.given)),
        np.empty((STRIP, worths.worth.shape[1]), np.int32),
        np.empty(STRIP, np.int32),
        np.empty((4, STRIP), np.uint32),
        np.empty((4, STRIP), np.uint32),
        np.empty(STRIP, np.int32),
    )
    _draw(where, trees, (pools, worths, fine), columns, strip)


@compiled
def _draw(
    where: Where,
    trees: TreeArrays,
    what: tuple[PoolArrays, WorthArrays, FineArrays],
    columns: tuple[Codes, Codes, Floats],
    strip: _Strip,
) -> None:
    key, rows, column = where
    drawn, code, inside = columns
    begin, chosen, strips = _strips(where, len(trees.roots))
    for tree in range(len(trees.roots)):
        for s in range(strips):
            if chosen[s] != tree:
                continue
            low, high = begin[s], begin[s + 1]
            fall(trees, tree, drawn[:, low:high], strip.fallen)
            if len(what[1].of):
                _bound(what[0], what[1], drawn[:, low:high], strip)
            here = key, rows[low:high], column
            _pick(here, what, strip, code[low:high], inside[low:high])


@compiled
def _strips(where: Where, trees: int) -> tuple[NDArray[np.int64], Codes, int]:
    """Cut rows into strips that use one tree: where each begins, which tree, how many."""
    key, rows, column = where
    room = len(rows) // STRIP + 2
    for i in range(1, len(rows)):
        room += rows[i] >> TOGETHER != rows[i - 1] >> TOGETHER
    begin, chosen = np.zeros(room, np.int64), np.empty(room, np.int32)
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
def _bound(pools: PoolArrays, worths: WorthArrays, drawn: Codes, strip: _Strip) -> None:
    """Find what each group is worth in each row of a strip, and the most of those at its leaf."""
    total, size, groups = strip.worth, drawn.shape[1], worths.worth.shape[1]
    for k in range(size):
        leaf = np.uint64(pools.pool[strip.fallen.node[k]])
        for g in range(groups):
            total[k, g] = -_FAR * np.int32(pools.absent[leaf, g])
    for j in range(len(worths.of)):
        begin, column = np.uint64(worths.start[j]), worths.of[j]
        for k in range(size):
            at = np.uint64(worths.bins[begin + np.uint64(drawn[column, k])])
            for g in range(groups):
                total[k, g] += worths.worth[at, g]
    for k in range(size):
        most = -_MOST
        for g in range(groups):
            most = max(most, total[k, g])
        strip.bound[k] = min(most, _MOST)


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
        leaf, slot = pools.pool[strip.fallen.node[k]], np.uint64(words[0, k]) * classes
        c = np.int64(slot >> _HALF)
        code[k] = pools.other[leaf, c] if (slot & _LOW) > pools.keep[leaf, c] else c
    if len(worths.of):
        _correct(where, pools, strip, code)
    for k in range(size):
        code[k] = code_in(fine, np.int64(code[k]), uniform(np.uint64(words[2, k])))
    for k in range(len(inside)):
        inside[k] = uniform(np.uint64(words[3, k]))


@compiled
def _correct(where: Where, pools: PoolArrays, strip: _Strip, drawn: Codes) -> None:
    """Draw again, from the same pools, what does not stand.

    A class stands with probability exp(worth - bound). The exponential lies between its Taylor
    polynomials of second and third order, which decide most draws without it. Two tries need four
    words, and those of the second and third try are made for the whole strip at once.
    """
    key, rows, column = where
    groups, worth, again = pools.groups, strip.worth, strip.again
    philox_strip(key, rows, column, np.uint64(1), strip.others)
    left = 0
    for k in range(len(drawn)):
        x = _apart(worth[k, np.uint64(groups[np.uint64(drawn[k])])], strip.bound[k])
        again[left] = k
        left += uniform(np.uint64(strip.words[1, k])) >= 1.0 + x + 0.5 * x * x + x * x * x / 6.0
    classes = np.uint64(pools.keep.shape[1])
    for r in range(left):
        k = again[r]
        c, leaf, bound = drawn[k], pools.pool[strip.fallen.node[k]], strip.bound[k]
        a, b = np.uint64(strip.others[0, k]), np.uint64(strip.others[1, k])
        p, q = np.uint64(strip.others[2, k]), np.uint64(strip.others[3, k])
        word = np.uint64(strip.words[1, k])
        for attempt in range(_TRIES):
            x, u = _apart(worth[k, groups[c]], bound), uniform(word)
            most = 1.0 + x + 0.5 * x * x
            if u < most + x * x * x / 6.0 or (u < most and u < np.exp(x)):
                break
            if attempt > 0 and attempt % 2 == 0:
                a, b, p, q = philox(key, rows[k], column, np.uint64(attempt // 2 + 1))
            slot, word = a * classes, b
            a, b = p, q
            c = np.int32(slot >> _HALF)
            c = pools.other[leaf, c] if (slot & _LOW) > pools.keep[leaf, c] else c
        drawn[k] = c


@compiled
def _apart(worth: np.int32, bound: np.int32) -> float:
    """Return the log of the probability with which a class stands."""
    here = worth if worth < _BARRED else max(worth, -_MOST)
    return min(float(here - bound) * _UNIT, 0.0)


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
