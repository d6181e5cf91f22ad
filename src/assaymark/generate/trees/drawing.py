"""Drawing: the compiled loops that draw a column's codes, 64 rows at a time.

A strip of 64 rows uses one tree, so that the tree stays near the processor while it is used; the
loops inside go over rows, not over levels of the tree, so that nothing waits for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.philox import philox, philox_strip, uniform
from assaymark.generate.trees.arrays import BIT, MOST, ONE
from assaymark.generate.trees.effects import BARRED
from assaymark.generate.trees.falling import STRIP, FallScratch, TreeArrays, fall, scratch
from assaymark.generate.trees.strips import strips_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.trees.arrays import FineArrays, PoolArrays, TwigArrays, WorthArrays

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint32]
    What = tuple[PoolArrays, WorthArrays, TwigArrays, FineArrays]
    Where = tuple[tuple[np.uint64, np.uint64], NDArray[np.uint64], np.uint64]

__all__ = [
    "draw_rows",
    "spread_rows",
]

_TRIES = 256
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_BARRED = np.int32(int(BARRED) * ONE)
_FAR = np.int32(1 << 28)
_UNIT = 1.0 / ONE
_LOWEST, _E_2, _UNSURE = -4.5, 0.1353352832366127, 1e-5


class _Strip(NamedTuple):
    """Scratch for 64 rows: leaves, also of small trees, worth of each group and bounds, words."""

    fallen: FallScratch
    left: NDArray[np.uint8]
    worth: Codes
    bound: Codes
    words: Words
    others: Words
    again: Codes


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
    what: What,
    columns: tuple[Codes, Codes, Floats],
) -> None:
    """Draw codes, and where inside their cells values lie, strip by strip, tree by tree.

    ``where`` has the key, the number of each row, and the column; ``columns`` the codes drawn so
    far, shape ``(columns, n)``, and the two to be filled, each of shape ``(n,)``; the latter may
    be empty, where codes are all there is to draw.
    """
    strip = _Strip(
        scratch(len(trees.given)),
        np.empty((STRIP, what[2].opened.shape[1]), np.uint8),
        np.empty((STRIP, what[1].worth.shape[1]), np.int32),
        np.empty(STRIP, np.int32),
        np.empty((4, STRIP), np.uint32),
        np.empty((4, STRIP), np.uint32),
        np.empty(STRIP, np.int32),
    )
    _draw(where, trees, what, columns, strip)


@compiled
def _draw(
    where: Where,
    trees: TreeArrays,
    what: What,
    columns: tuple[Codes, Codes, Floats],
    strip: _Strip,
) -> None:
    key, rows, column = where
    drawn, code, inside = columns
    begin, chosen, strips = strips_of(where, len(trees.roots))
    for tree in range(len(trees.roots)):
        for s in range(strips):
            if chosen[s] != tree:
                continue
            low, high = begin[s], begin[s + 1]
            fall(trees, tree, drawn[:, low:high], strip.fallen)
            if len(what[1].worth):
                _bound(what, drawn[:, low:high], strip)
            here = key, rows[low:high], column
            _pick(here, what, strip, code[low:high], inside[low:high])


@compiled
def _bound(what: What, drawn: Codes, strip: _Strip) -> None:
    """Find what each group is worth in each row of a strip, and the most of those at its leaf."""
    pools, worths, twigs, _ = what
    total, size, groups = strip.worth, drawn.shape[1], worths.worth.shape[1]
    for k in range(size):
        leaf = np.uint64(pools.pool[strip.fallen.node[k]])
        for g in range(groups):
            total[k, g] = -_FAR * np.int32(pools.absent[leaf, g])
    _add_up(worths, drawn, total)
    _add_twigs(worths, twigs, drawn, strip)
    for k in range(size):
        most = -MOST
        for g in range(groups):
            most = max(most, total[k, g])
        strip.bound[k] = min(most, MOST)


@compiled
def _add_up(worths: WorthArrays, drawn: Codes, total: Codes) -> None:
    """Add what each column is worth for each group in each row of a strip."""
    size, groups = drawn.shape[1], worths.worth.shape[1]
    last = len(worths.of) - len(worths.of) % 3
    for j in range(0, last, 3):  # three columns at a time, so that sums are written less often
        a, b, c = np.uint64(worths.start[j]), np.uint64(worths.start[j + 1]), worths.start[j + 2]
        one, two, three = drawn[worths.of[j]], drawn[worths.of[j + 1]], drawn[worths.of[j + 2]]
        for k in range(size):
            p = np.uint64(worths.bins[a + np.uint64(one[k])])
            q = np.uint64(worths.bins[b + np.uint64(two[k])])
            r = np.uint64(worths.bins[np.uint64(c) + np.uint64(three[k])])
            for g in range(groups):
                total[k, g] += worths.worth[p, g] + worths.worth[q, g] + worths.worth[r, g]
    for j in range(last, len(worths.of)):
        begin, column = np.uint64(worths.start[j]), worths.of[j]
        for k in range(size):
            at = np.uint64(worths.bins[begin + np.uint64(drawn[column, k])])
            for g in range(groups):
                total[k, g] += worths.worth[at, g]


@compiled
def _add_twigs(worths: WorthArrays, twigs: TwigArrays, drawn: Codes, strip: _Strip) -> None:
    """Add what each small tree is worth for each group in each row of a strip.

    Each code rules out leaves, of all trees at once; the one that is left is where the row ends.
    """
    total, left, groups = strip.worth, strip.left, worths.worth.shape[1]
    left[:] = np.uint8(255)
    for j in range(len(twigs.given)):
        begin, column = np.uint64(twigs.start[j]), twigs.given[j]
        for k in range(drawn.shape[1]):
            at = np.uint64(begin + np.uint64(drawn[column, k]))
            for t in range(left.shape[1]):
                left[k, t] &= twigs.opened[at, t]
    for k in range(drawn.shape[1]):
        for t in range(len(twigs.row)):
            at = np.uint64(twigs.row[t, BIT[left[k, t]]])
            for g in range(groups):
                total[k, g] += worths.worth[at, g]


@compiled
def _pick(
    where: Where,
    what: What,
    strip: _Strip,
    code: Codes,
    inside: Floats,
) -> None:
    """Draw the code of each row of a strip from the pool at its leaf."""
    key, rows, column = where
    pools, worths, _, fine = what
    words, size = strip.words, len(code)
    philox_strip(key, rows, column, np.uint64(0), words)
    classes = np.uint64(pools.keep.shape[1])
    for k in range(size):
        leaf, slot = pools.pool[strip.fallen.node[k]], np.uint64(words[0, k]) * classes
        code[k] = _of_slot(pools, leaf, slot)
    if len(worths.worth):
        _correct(where, pools, strip, code)
    for k in range(size):
        code[k] = code_in(fine, np.int64(code[k]), uniform(np.uint64(words[2, k])))
    for k in range(len(inside)):
        inside[k] = uniform(np.uint64(words[3, k]))


@compiled
def _correct(where: Where, pools: PoolArrays, strip: _Strip, drawn: Codes) -> None:
    """Draw again, from the same pools, what does not stand.

    A class stands with probability exp(worth - bound). Two tries need four words, and those of the
    second and third try are made for the whole strip at once. All rows are tried before any is
    tried again, so that the processor need not guess how often.
    """
    key, rows, column = where
    again, others, left = strip.again, strip.others, 0
    for k in range(len(drawn)):
        group = np.uint64(pools.groups[np.uint64(drawn[k])])
        x = _apart(strip.worth[k, group], strip.bound[k])
        again[left] = k
        left += uniform(np.uint64(strip.words[1, k])) >= 1.0 + x + 0.5 * x * x + x * x * x / 6.0
    unsure, left = left, 0
    for r in range(unsure):
        k = again[r]
        again[left] = k
        group = np.uint64(pools.groups[np.uint64(drawn[k])])
        x = _apart(strip.worth[k, group], strip.bound[k])
        left += not _stands(x, uniform(np.uint64(strip.words[1, k])))
    if left:
        philox_strip(key, rows, column, np.uint64(1), others)
    for draw in range(1, _TRIES // 2 + 1):
        if not left:
            return
        for r in range(left if draw > 1 else 0):
            k = again[r]
            words = philox(key, rows[k], column, np.uint64(draw))
            others[0, k], others[1, k] = np.uint32(words[0]), np.uint32(words[1])
            others[2, k], others[3, k] = np.uint32(words[2]), np.uint32(words[3])
        left = _tried(pools, strip, (others[0], others[1]), (left, drawn))
        left = _tried(pools, strip, (others[2], others[3]), (left, drawn))


@compiled
def _tried(
    pools: PoolArrays, strip: _Strip, words: tuple[Words, Words], rows: tuple[int, Codes]
) -> int:
    """Draw again what is left once, and keep in ``again`` what does not stand; return how many."""
    (slots, lucks), (left, drawn), again, kept = words, rows, strip.again, 0
    classes = np.uint64(pools.keep.shape[1])
    for r in range(left):
        k = again[r]
        leaf, slot = pools.pool[strip.fallen.node[k]], np.uint64(slots[k]) * classes
        c = _of_slot(pools, leaf, slot)
        drawn[k] = c
        again[kept] = k
        x = _apart(strip.worth[k, np.uint64(pools.groups[np.uint64(c)])], strip.bound[k])
        kept += not _stands(x, uniform(np.uint64(lucks[k])))
    return kept


@compiled
def _of_slot(pools: PoolArrays, leaf: int, slot: np.uint64) -> int:
    """Return the class at a slot of a leaf: its own or the other, which is read in any case.

    So there is no branch, which the processor would often guess wrong.
    """
    row, own = np.uint64(leaf), slot >> _HALF
    other = pools.other[row, own]
    kept = np.int64((slot & _LOW) <= pools.keep[row, own])
    return int(kept * np.int64(own) + (1 - kept) * np.int64(other))


@compiled
def _stands(x: float, u: float) -> bool:
    """Whether ``u`` is below e to the power of ``x``, which is 0 or less.

    The exponential lies between its Taylor polynomials of second and third order. Where ``u``
    does, about the exponential decides but once in 50,000 draws, and then the exponential does.
    """
    if x >= _LOWEST:
        y = 0.25 * x + 0.5  # e to the power of x + 2 is that of this to the fourth
        e = 1.0 + y * (0.2 + y * (1.0 / 30.0 + y * (1.0 / 210.0)))
        e = 1.0 + y * (1.0 + y * (0.5 + y * (1.0 / 6.0 + y * (1.0 / 24.0) * e)))
        e = e * e * (e * e) * _E_2
        if abs(u - e) > _UNSURE * e:
            return bool(u < e)
    most = 1.0 + x + 0.5 * x * x
    return bool(u < most + x * x * x / 6.0 or (u < most and u < np.exp(x)))


@compiled
def _apart(worth: np.int32, bound: np.int32) -> float:
    """Return the log of the probability with which a class stands."""
    here = worth if worth < _BARRED else max(worth, -MOST)
    return min(float(here - bound) * _UNIT, 0.0)


@compiled
def code_in(fine: tuple[Codes, Floats, Codes], c: np.int64, u: float) -> int:
    """Return the code of class ``c`` at ``u`` of the class's mass."""
    codes, total, first = fine
    at, left = first[c], first[c + 1] - first[c]
    if left > 1:
        aim = total[at] + u * (total[at + left] - total[at])
        while left > 1:
            half = left // 2
            at += half * (total[at + half] <= aim)
            left -= half
    code: int = codes[at]
    return code
