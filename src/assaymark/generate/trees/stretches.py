"""Stretches: cells of few persons that lie side by side in a table of two columns, as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Stretch = NDArray[np.int64]

__all__ = [
    "Pooled",
    "Sums",
    "Table",
    "found_in",
    "persons_in",
    "said_by_pools",
    "stretches",
    "sums",
]


class Table(NamedTuple):
    """Two columns side by side: bins of one that is known, parts of the next.

    ``people`` and ``wanted`` are persons seen and rows expected, shape ``(bins, parts)``; ``usual``
    each part's share of all rows; ``reached`` and ``rows`` the persons and rows of each bin.
    """

    people: Floats
    wanted: Floats
    usual: Floats
    reached: Floats
    rows: Floats


class Sums(NamedTuple):
    """What is in each stretch, shape ``(stretches,)``; see :class:`Table`."""

    people: Floats
    wanted: Floats
    usual: Floats
    reached: Floats
    rows: Floats


class Pooled(NamedTuple):
    """What pools say of each row: which tree's and which node's; of the groups; all pools' shares.

    ``base`` has shape ``(n, groups)``, each tree's ``pools`` ``(nodes, classes)``.
    """

    tree: Codes
    node: Codes
    base: Floats
    pools: Sequence[Floats]


def stretches(few: Bools, ordered: bool) -> Stretch:
    """Return the number of the stretch of each cell, -1 where ``few`` is false.

    A stretch is as many cells of a row, side by side, as there are; where columns are not
    ``ordered``, all of the row.
    """
    return _stretches(np.ascontiguousarray(few), ordered)


def sums(at: Stretch, table: Table, *, turned: bool, several: bool) -> Sums:
    """Return what is in each stretch of a bin or, ``turned``, of a part.

    Where persons have ``several`` rows, the bins of a stretch may have the same persons, and
    those of the bin that has most are all that is sure.
    """
    cells, lines = (table.people, table.wanted), (table.usual, table.reached, table.rows)
    return Sums(*_sums(at, cells, lines, int(at.max(initial=-1)) + 1, (turned, several)))


def persons_in(at: Stretch, rows: tuple[Codes, Codes, NDArray[np.int64]]) -> Floats:
    """Return the persons in each stretch; ``rows`` has bin, part and person of each row."""
    return _persons_in(at, rows, int(at.max(initial=-1)) + 1)


def found_in(shape: tuple[int, int], rows: tuple[Codes, Codes, NDArray[np.int64]]) -> Floats:
    """Return the persons in each cell of a table of this ``shape``; ``rows`` as above."""
    bins, parts, whose = rows
    size = shape[0] * shape[1]
    if int(whose.max(initial=-1)) + 1 == len(whose):
        cell = bins.astype(np.int64) * shape[1] + parts
        return np.bincount(cell, minlength=size).astype(np.float64).reshape(shape)
    return _persons_in(np.arange(size).reshape(shape), rows, size).reshape(shape)


def said_by_pools(
    at: Stretch, bins: Codes, share: Floats, said: Pooled, groups: Codes, asked: Bools
) -> Floats:
    """Return the rows expected in the stretches ``asked``, as finely as pools say it.

    ``at`` is of the classes in each bin, ``share`` what is said of each row's groups in the end,
    ``groups`` the group of each class.
    """
    wanted = np.zeros(len(asked))
    for m, pools in enumerate(said.pools):
        own = np.flatnonzero(said.tree == m)
        _add_said(wanted, at, asked, (own, bins, said.node), (share, said.base, pools, groups))
    return wanted


@compiled
def _stretches(few: Bools, ordered: bool) -> Stretch:
    out, last = np.full(few.shape, -1), -1
    for i in range(few.shape[0]):
        begun = False
        for j in range(few.shape[1]):
            if few[i, j]:
                last += not begun
                begun = True
                out[i, j] = last
            elif ordered:
                begun = False
    return out


@compiled
def _sums(
    at: Stretch,
    cells: tuple[Floats, Floats],
    lines: tuple[Floats, Floats, Floats],
    size: int,
    how: tuple[bool, bool],
) -> Floats:
    people, wanted = cells
    usual, reached, rows = lines
    turned, several = how
    out = np.zeros((5, size))
    for b in range(at.shape[0]):
        for g in range(at.shape[1]):
            r = at[b, g]
            if r < 0:
                continue
            out[0, r] += people[b, g]
            out[1, r] += wanted[b, g]
            if not turned:
                out[2, r] += usual[g]
                out[3, r], out[4, r] = reached[b], rows[b]
                continue
            out[2, r] = usual[g]
            out[3, r] = max(out[3, r], reached[b]) if several else out[3, r] + reached[b]
            out[4, r] += rows[b]
    return out


@compiled
def _persons_in(at: Stretch, rows: tuple[Codes, Codes, NDArray[np.int64]], size: int) -> Floats:
    bins, parts, whose = rows
    out, last = np.zeros(size), np.full(size, -1)
    for i in range(len(bins)):
        r = at[bins[i], parts[i]]
        if r >= 0 and last[r] != whose[i]:
            last[r] = whose[i]
            out[r] += 1.0
    return out


@compiled
def _add_said(
    wanted: Floats,
    at: Stretch,
    asked: Bools,
    rows: tuple[NDArray[np.int64], Codes, Codes],
    told: tuple[Floats, Floats, Floats, Codes],
) -> None:
    own, bins, node = rows
    share, base, pools, groups = told
    for i in own:
        for c in range(len(groups)):
            r = at[bins[i], c]
            if r >= 0 and asked[r] and base[i, groups[c]] > 0.0:
                part = pools[node[i], c] / base[i, groups[c]]
                wanted[r] += share[i, groups[c]] * part
