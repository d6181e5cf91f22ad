"""Shares: what a sketch says, as shares of rows that can be compared one by one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.monitor.sketch import ColumnSketch, CrossSketch, Sketch

    Counts = NDArray[np.int64]

__all__ = ["Share", "Shares", "shares_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one share is of: a column, a relation of two, or an outcome within a group.

    ``subject`` is ``column:x``, ``pair:x,y`` or ``group:sex=F``; ``what`` says in words which of
    the rows in question are counted.
    """

    kind: Literal["column", "pair", "group"]
    subject: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shares:
    """``hits`` of ``n`` rows each, shape ``(shares,)``, in the order that a layout gives.

    An ordered column counts the rows up to each edge, so that a shift of all values shows in one
    share; a category counts each level, and the levels up to each. Of a relation, the rows up to a
    cell of the second column are counted among those in a cell of the first, so that a shift of
    one column alone, which its own shares show, is not a change of the relation.
    """

    of: tuple[Share, ...]
    hits: Counts
    n: Counts


def shares_of(sketch: Sketch) -> Shares:
    """Return all shares of a sketch."""
    found = [
        *(row for c in sketch.columns for row in _column(c)),
        *(row for c in sketch.crossed for row in _crossed(c)),
    ]
    pairs = [_pair(p.counts) for p in sketch.pairs]
    named = [_pair_shares(p.first, p.second, round(len(p.counts) ** 0.5)) for p in sketch.pairs]
    hits = [np.array([hits for _, hits, _ in found], dtype=np.int64), *(h for h, _ in pairs)]
    rows = [np.array([n for _, _, n in found], dtype=np.int64), *(n for _, n in pairs)]
    return Shares(
        of=(*(share for share, _, _ in found), *(share for shares in named for share in shares)),
        hits=np.concatenate(hits),
        n=np.concatenate(rows),
    )


def _column(c: ColumnSketch) -> Iterator[tuple[Share, int, int]]:
    subject, counts = f"column:{c.name}", c.counts
    n, missing = sum(counts), counts[-1]
    yield Share(kind="column", subject=subject, what="missing"), missing, n
    known = n - missing
    if c.kind == "category":
        for level, count in zip((*c.levels, "any other value"), counts[:-1], strict=True):
            yield Share(kind="column", subject=subject, what=level), count, known
        first = c.levels[0] if c.levels else ""
        for level, count in zip(c.levels[1:-1], np.cumsum(counts)[1:].tolist(), strict=False):
            yield Share(kind="column", subject=subject, what=f"{first} to {level}"), count, known
        return
    below = np.cumsum(counts[:-1])[:-1].tolist()
    word, shown = ("below", _short) if c.kind == "number" else ("before", _moment)
    for before, edge, count in zip(("", *c.edges), c.edges, below, strict=False):
        same = before and shown(before) == shown(edge)  # just above a value that has a cell
        what = f"up to {shown(edge)}" if same else f"{word} {shown(edge)}"
        yield Share(kind="column", subject=subject, what=what), count, known


def _pair(counts: Sequence[int]) -> tuple[Counts, Counts]:
    """Return hits and rows of a relation's shares, in the order of :func:`_pair_shares`."""
    side = round(len(counts) ** 0.5)
    table = np.array(counts, dtype=np.int64).reshape(side, side)
    return np.cumsum(table, axis=1)[:, :-1].ravel(), np.repeat(table.sum(axis=1), side - 1)


@cache
def _pair_shares(first: str, second: str, side: int) -> tuple[Share, ...]:
    return tuple(
        Share(
            kind="pair",
            subject=f"pair:{first},{second}",
            what=f"part {j + 1} of {second} or below, where {first} is in part {i + 1}",
        )
        for i in range(side)
        for j in range(side - 1)
    )


def _crossed(c: CrossSketch) -> Iterator[tuple[Share, int, int]]:
    table = np.array(c.counts).reshape(len(c.groups), len(c.outcomes))
    for group, row in zip(c.groups, table, strict=True):
        known = int(row.sum())
        values = np.cumsum(row)[:-1] if c.ordered else row
        for outcome, hits in zip(c.outcomes, values.tolist(), strict=False):
            what = f"{c.outcome} {'up to ' if c.ordered else '= '}{outcome}"
            subject = f"group:{c.group}={group}"
            yield Share(kind="group", subject=subject, what=what), hits, known


def _short(edge: str) -> str:
    return f"{float(edge):.6g}"


def _moment(edge: str) -> str:
    return str(np.datetime64(int(float(edge)), "us").astype("datetime64[s]"))
