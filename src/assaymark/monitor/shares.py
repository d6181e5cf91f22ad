"""Shares: what a sketch says, as shares of rows that can be compared one by one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from assaymark.monitor.cells import COARSE, edge_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from assaymark.monitor.sketch import ColumnSketch, CrossSketch, Sketch

    Counts = NDArray[np.int64]

__all__ = ["Share", "Shares", "shares_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one share is of: a column, a relation of two, or an outcome within a group.

    ``subject`` is ``column:x``, ``pair:x,y`` or ``group:sex=F``; ``what`` says in words which of
    the rows in question are counted. ``columns`` are the names in a column's or a relation's
    subject, which cannot be read from it: a name may have a comma. Of a relation, ``part`` has the
    part of the first column among which, and that of the second up to which, they are counted.
    """

    kind: Literal["column", "pair", "group"]
    subject: str
    what: str
    columns: tuple[str, ...] = ()
    part: tuple[int, int] | None = None


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


def shares_of(sketch: Sketch, without: Collection[str] = ()) -> Shares:
    """Return all shares of a sketch; those of the columns ``without`` are of no rows."""
    parts = [
        *(_column(c, c.name not in without) for c in sketch.columns),
        *(_crossed(c, not {c.group, c.outcome} & {*without}) for c in sketch.crossed),
        _pairs([p.counts for p in sketch.pairs]),
    ]
    if without:
        there = [not {p.first, p.second} & {*without} for p in sketch.pairs]
        told = np.repeat(there, len(parts[-1][0]) // max(1, len(there)))
        parts[-1] = parts[-1][0] * told, parts[-1][1] * told
    of = _layout(
        tuple((c.name, c.kind, c.levels, c.edges) for c in sketch.columns),
        tuple((c.group, c.outcome, c.ordered, c.groups, c.outcomes) for c in sketch.crossed),
        tuple((p.first, p.second) for p in sketch.pairs),
    )
    hits, n = (np.concatenate([part[i] for part in parts]) for i in range(2))
    return Shares(of=of, hits=hits, n=n)


def _column(c: ColumnSketch, there: bool) -> tuple[Counts, Counts]:
    """Return hits and rows of a column's shares, in the order of :func:`_column_shares`."""
    counts = np.array(c.counts, dtype=np.int64) * there
    n, below = counts.sum(), np.cumsum(counts[:-1])
    values = (counts[:-1], below[1 : len(c.levels) - 1]) if c.kind == "category" else (below[:-1],)
    hits = np.concatenate([counts[-1:], *values])
    rows = np.full(len(hits), n - counts[-1])
    rows[0] = n
    return hits, rows


def _crossed(c: CrossSketch, there: bool) -> tuple[Counts, Counts]:
    table = np.array(c.counts, dtype=np.int64).reshape(len(c.groups), len(c.outcomes)) * there
    hits = np.cumsum(table, axis=1)[:, :-1] if c.ordered else table
    return hits.ravel(), np.repeat(table.sum(axis=1), hits.shape[1])


def _pairs(counts: list[tuple[int, ...]]) -> tuple[Counts, Counts]:
    """Return hits and rows of all relations, in the order of :func:`_pair_shares`."""
    tables = np.array(counts, dtype=np.int64).reshape(-1, COARSE)
    return np.cumsum(tables, axis=1)[:, :-1].ravel(), np.repeat(tables.sum(axis=1), COARSE - 1)


@lru_cache(maxsize=8)
def _layout(
    columns: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...],
    crossed: tuple[tuple[str, str, bool, tuple[str, ...], tuple[str, ...]], ...],
    pairs: tuple[tuple[str, str], ...],
) -> tuple[Share, ...]:
    """Return what the shares of a layout are of: the same object while it stays the same."""
    return (
        *(share for c in columns for share in _column_shares(*c)),
        *(share for c in crossed for share in _crossed_shares(*c)),
        *(share for p in pairs for share in _pair_shares(*p)),
    )


def _column_shares(
    name: str, kind: str, levels: tuple[str, ...], edges: tuple[str, ...]
) -> Iterator[Share]:
    for what in (
        "missing",
        *(_of_levels(levels) if kind == "category" else _of_edges(kind, edges)),
    ):
        yield Share(kind="column", subject=f"column:{name}", what=what, columns=(name,))


def _of_levels(levels: tuple[str, ...]) -> Iterator[str]:
    yield from levels
    yield "any other value"
    for level in levels[1:-1]:
        yield f"{levels[0]} to {level}"


def _of_edges(kind: str, edges: tuple[str, ...]) -> Iterator[str]:
    word, before = "below" if kind == "number" else "before", ""
    for shown in (edge_words(kind, edge) for edge in edges):
        same = shown == before  # just above a value that has a cell
        yield f"up to {shown}" if same else f"{word} {shown}"
        before = shown


def _crossed_shares(
    group: str, outcome: str, ordered: bool, groups: tuple[str, ...], outcomes: tuple[str, ...]
) -> Iterator[Share]:
    for one in groups:
        for value in outcomes[:-1] if ordered else outcomes:
            what = f"{outcome} {'up to ' if ordered else '= '}{value}"
            yield Share(kind="group", subject=f"group:{group}={one}", what=what)


def _pair_shares(first: str, second: str) -> Iterator[Share]:
    for i in range(COARSE):
        for j in range(COARSE - 1):
            yield Share(
                kind="pair",
                subject=f"pair:{first},{second}",
                what=f"part {j + 1} of {second} or below, where {first} is in part {i + 1}",
                columns=(first, second),
                part=(i, j),
            )
