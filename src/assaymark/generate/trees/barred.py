"""Barred: what nearly nobody has together, though many would by chance, does not come out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.trees.effects import NEVER
from assaymark.generate.trees.stretches import (
    Table,
    found_in,
    persons_in,
    said_by_pools,
    stretches,
    sums,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.trees.effects import Effects
    from assaymark.generate.trees.stretches import Pooled, Stretch, Sums

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Axis", "Barred", "Seen", "barred"]

_TIMES = 5  # ``protect`` persons would have it together by chance
_RARE = 0.1  # of the persons who would by chance
_WRONG = 3  # times as many as are seen would come out, were there
_FEW = 0.4  # of ``protect`` at least, so that one person is not told from none
_SURE = 0.6  # of ``protect`` at least in a stretch, which is one of many that may be found
_SOME = 0.0001  # of all rows would come out wrong
_MOST = 6  # columns that bar, so that what they are worth together can be told apart
_PARTS = 48  # groups, those that are split among them


class Axis(NamedTuple):
    """A column in a table of two: the bin of each code, and whether bins are in order."""

    bins: Codes
    ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """People, their rows lying together: the class of each row, and whose it is.

    ``share`` is what the model says of each row's groups, shape ``(n, groups)``; ``said`` what
    pools say of its classes, ``None`` where these are as in all rows of their group.
    """

    classes: Codes
    share: Floats
    persons: NDArray[np.int64]
    said: Pooled | None = None


class Barred(NamedTuple):
    """Effects that bar, and the group of each class, of which some are split."""

    effects: Effects
    groups: Codes


def barred(
    found: Effects,
    known: Sequence[Axis],
    codes: Codes,
    asked: Axis,
    seen: Seen,
    protect: int,
) -> Barred:
    """Return the effects with what is never together barred, by at most six known columns.

    A pool borrows from those above it, so that a flag comes out that no one with this value has.
    A group is barred in a bin if fewer than ``protect`` persons have both, five times as many and
    ten times as many as have would by chance, and of as many persons the model would make more
    than three times as many with both as there are, were there ``protect`` times .4 at least. So
    one person decides nothing where four others are not there too.

    Each by itself may be too small for that, as each number of pack-years of those who never
    smoked. So cells that ``protect`` times .4 persons have at most, side by side, are judged as
    one, were there ``protect`` times .6 at least: classes in a bin, bins of a group. A group is
    split where only some of its classes are barred, and nothing else changes by that.

    Parameters
    ----------
    codes
        Those of the known columns, shape ``(columns, n)``.
    asked
        The group of each class of the column to be drawn.
    """
    groups, n = asked.bins, len(seen.share)
    whose = np.append(0, np.cumsum(np.diff(seen.persons) != 0))  # the rows of each lie together
    tables = []
    for j, own in enumerate(known):
        rows = own.bins[codes[j]], groups[seen.classes], whose
        table = _table(rows, seen.share, int(own.bins.max(initial=0)) + 1)
        never = _alone(table, protect) | _side_by_side(table, rows, own.ordered, protect)
        fine = _finer(table, rows, seen.classes, groups)
        never = never[:, groups]
        never |= _classes(fine, (rows[0], seen.classes, whose), asked, seen, protect)
        tables.append((float(fine.wanted[never].sum()), j, never))
    chosen = [t for t in sorted(tables, key=lambda t: (-t[0], t[1]))[:_MOST] if t[0] > _SOME * n]
    return _with_all(found, known, groups, [(j, never) for _, j, never in chosen])


def _table(rows: tuple[Codes, Codes, NDArray[np.int64]], share: Floats, size: int) -> Table:
    """Return the table of a known column's bins and the groups of the next."""
    there, people, wanted, reached = _together(rows, share, size)
    usual = np.bincount(rows[1], minlength=share.shape[1]) / len(share)
    return Table(people, wanted, usual, reached, there.sum(axis=1))


def _finer(
    table: Table, rows: tuple[Codes, Codes, NDArray[np.int64]], classes: Codes, groups: Codes
) -> Table:
    """Return the table of bins and classes, those of a group as usual in it."""
    held = np.bincount(classes, minlength=len(groups)).astype(np.float64)
    part = held / np.maximum(np.bincount(groups, held), 1.0)[groups]
    people = found_in((len(table.reached), len(groups)), (rows[0], classes, rows[2]))
    wanted, usual = table.wanted[:, groups] * part, table.usual[groups] * part
    return table._replace(people=people, wanted=wanted, usual=usual)


def _alone(table: Table, protect: int) -> Bools:
    """Say which groups are barred in which bins, each by itself."""
    usual, reached, rows = table.usual, table.reached[:, None], table.rows[:, None]
    one = Table(table.people, table.wanted, usual, reached, rows)
    return _ruled_out(one, protect, _FEW)


def _side_by_side(
    table: Table, rows: tuple[Codes, Codes, NDArray[np.int64]], ordered: bool, protect: int
) -> Bools:
    """Say which groups are barred in which bins, bins that lie side by side as one."""
    few = _worth_it(table, 0, protect)
    if not few.any():
        return few
    at = np.ascontiguousarray(stretches(few.T, ordered).T)
    several = _several(rows[2])
    found = sums(at, table, turned=True, several=several)
    return _barred_in(at, few, _ruled_out(_counted(found, at, rows), protect, _SURE))


def _classes(
    table: Table,
    rows: tuple[Codes, Codes, NDArray[np.int64]],
    asked: Axis,
    seen: Seen,
    protect: int,
) -> Bools:
    """Say which classes are barred in which bins, classes that lie side by side as one."""
    few = _worth_it(table, 1, protect)
    if not few.any():
        return few
    at = stretches(few, asked.ordered)
    found = sums(at, table, turned=False, several=_several(rows[2]))
    found = _counted(found, at, rows)
    never = _ruled_out(found, protect, _SURE)
    if seen.said is not None and never.any():
        more = said_by_pools(at, rows[0], seen.share, seen.said, asked.bins, never)
        never &= _ruled_out(found._replace(wanted=more), protect, _SURE)
    return _barred_in(at, few, never)


def _worth_it(table: Table, axis: int, protect: int) -> Bools:
    """Say which cells few persons have, in lines in which these could be barred together."""
    few = table.people <= _FEW * protect
    much = np.where(few, table.wanted, 0.0).sum(axis=axis, keepdims=True)
    return np.asarray(few & (much > _WRONG * _SURE * protect))


def _counted(found: Sums, at: Stretch, rows: tuple[Codes, Codes, NDArray[np.int64]]) -> Sums:
    """Return sums in which a person of several rows is one."""
    return found._replace(people=persons_in(at, rows)) if _several(rows[2]) else found


def _several(whose: NDArray[np.int64]) -> bool:
    return int(whose.max(initial=-1)) + 1 < len(whose)


def _barred_in(at: Stretch, few: Bools, never: Bools) -> Bools:
    return np.asarray(few & never[at] if len(never) else few)


def _ruled_out(of: Table | Sums, protect: int, least: float) -> Bools:
    """Say of what nearly nobody has whether it is barred; see :func:`barred`."""
    each = of.rows / np.maximum(of.reached, 1.0)
    chance = _persons(np.minimum(of.usual, 1.0), of.reached, each)
    made = _persons(np.minimum(of.wanted / np.maximum(of.rows, 1.0), 1.0), of.reached, each)
    never = (of.people < protect) & (chance >= _TIMES * protect) & (of.people <= _RARE * chance)
    return np.asarray(never & (made > _WRONG * np.maximum(of.people, least * protect)))


def _persons(share: Floats, reached: Floats, each: Floats) -> Floats:
    """Return of how many of ``reached`` persons, of ``each`` rows, one row at least is among.

    ``share`` of the rows are.
    """
    return np.asarray(reached * (1.0 - (1.0 - share) ** each))


def _with_all(
    found: Effects, known: Sequence[Axis], groups: Codes, chosen: Sequence[tuple[int, Bools]]
) -> Barred:
    """Return the effects with a table more of each of the known columns chosen."""
    split, origin = _split(groups, [never for _, never in chosen])
    found = replace(found, worth=np.ascontiguousarray(found.worth[:, origin]))
    for j, never in chosen:
        whole = np.ones((len(never), len(origin)), dtype=np.bool_)
        for c, group in enumerate(split):
            whole[:, group] &= never[:, c]
        found = _with(found, j, known[j].bins, np.where(whole, NEVER, 0.0))
    return Barred(found, split)


def _split(groups: Codes, never: Sequence[Bools]) -> tuple[Codes, Codes]:
    """Split groups of whose classes only some are barred, as long as that makes 48 at most.

    Returns
    -------
    The group of each class, and the group that each group was.
    """
    split, origin = groups, np.arange(int(groups.max(initial=-1)) + 1, dtype=np.int32)
    for table in never:
        kinds: dict[tuple[int, bytes], int] = {}
        first: dict[int, int] = {}
        now, more = split.copy(), origin.tolist()
        for c, group in enumerate(split.tolist()):
            kind = group, table[:, c].tobytes()
            if kind not in kinds:
                kinds[kind] = len(more) if group in first else group
                more += [origin[group]] if group in first else []
                first.setdefault(group, c)
            now[c] = kinds[kind]
        if len(more) <= max(_PARTS, len(origin)):
            split, origin = now, np.array(more, dtype=np.int32)
    return split, origin


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
