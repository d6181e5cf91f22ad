"""Barred: what nearly nobody has together, though many would by chance, does not come out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.trees.effects import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.trees.effects import Effects

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["barred"]

_TIMES = 5  # ``protect`` persons would have it together by chance
_RARE = 0.1  # of the persons who would by chance
_WRONG = 3  # times as many as are seen would come out, were there
_FEW = 0.4  # of ``protect`` at least, so that one person is not told from none
_SOME = 0.0001  # of all rows would come out wrong
_MOST = 6  # columns that bar, so that what they are worth together can be told apart


def barred(
    found: Effects,
    bins: Sequence[Codes],
    codes: Codes,
    seen: tuple[Codes, Floats, NDArray[np.int64]],
    protect: int,
) -> Effects:
    """Return the effects with what is never together barred, by at most six known columns.

    A pool borrows from those above it, so that a flag comes out that no one with this value has.
    A group is barred in a bin if fewer than ``protect`` persons have both, five times as many and
    ten times as many as have would by chance, and of as many persons the model would make more
    than three times as many with both as there are, were there ``protect`` times .4 at least. So
    one person decides nothing where four others are not there too.

    Parameters
    ----------
    bins
        The bin of each code, one array per known column.
    codes
        Shape ``(columns, n)``.
    seen
        The group of each row; what the model says of it, shape ``(n, groups)``; and whose row it
        is, the rows of a person lying together.
    """
    y, share, persons = seen
    n, groups = share.shape
    usual = np.bincount(y, minlength=groups) / n
    _, whose = np.unique(persons, return_inverse=True)
    tables = []
    for j, own in enumerate(bins):
        size = int(own.max(initial=0)) + 1
        rows, people, wanted, reached = _together((own[codes[j]], y, whose), share, size)
        reached = reached[:, None]
        there = rows.sum(axis=1, keepdims=True)
        each = there / np.maximum(reached, 1.0)
        chance = _persons(usual, reached, each)
        made = _persons(np.minimum(wanted / np.maximum(there, 1.0), 1.0), reached, each)
        never = (people < protect) & (chance >= _TIMES * protect) & (people <= _RARE * chance)
        never &= made > _WRONG * np.maximum(people, _FEW * protect)
        tables.append((float(wanted[never].sum()), j, never))
    for wrong, j, never in sorted(tables, key=lambda t: (-t[0], t[1]))[:_MOST]:
        if wrong > _SOME * n:
            found = _with(found, j, bins[j], np.where(never, NEVER, 0.0))
    return found


def _persons(share: Floats, reached: Floats, each: Floats) -> Floats:
    """Return of how many of ``reached`` persons, of ``each`` rows, one row at least is among.

    ``share`` of the rows are.
    """
    return np.asarray(reached * (1.0 - (1.0 - share) ** each))


def _with(found: Effects, column: int, bins: Codes, worth: Floats) -> Effects:
    """Return the effects with another table of a known column."""
    return replace(
        found,
        of=np.append(found.of, column).astype(np.int32),
        bins=np.concatenate([found.bins, bins + len(found.worth)]).astype(np.int32),
        start=np.append(found.start, len(found.bins)).astype(np.int32),
        worth=np.concatenate([found.worth, worth]).astype(np.float32),
    )


@compiled
def _together(
    rows: tuple[Codes, Codes, NDArray[np.int64]], share: Floats, size: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return rows, persons and what is expected in each bin and group, and persons in each bin."""
    (bins, y, whose), groups = rows, share.shape[1]
    seen, people, wanted = (
        np.zeros((size, groups)),
        np.zeros((size, groups)),
        np.zeros((size, groups)),
    )
    reached = np.zeros(size)
    last, entered = np.full((size, groups), -1), np.full(size, -1)
    for i in range(len(y)):
        b, g, who = bins[i], y[i], whose[i]
        seen[b, g] += 1.0
        if last[b, g] != who:
            last[b, g] = who
            people[b, g] += 1.0
        if entered[b] != who:
            entered[b] = who
            reached[b] += 1.0
        for h in range(groups):
            wanted[b, h] += share[i, h]
    return seen, people, wanted, reached
