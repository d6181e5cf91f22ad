"""Junction: columns that meet in counted tables, put into groups that form a tree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Asked = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Near = NDArray[np.bool_]
    Table = tuple[int, ...]

__all__ = ["Junction", "junction", "widened"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Junction:
    """Groups of columns that form a tree.

    Attributes
    ----------
    cliques
        Places of the columns of each group, ascending.
    parent
        The group that each hangs on, -1 for roots; a group comes after its parent.
    cells
        Cells of all groups together.
    """

    cliques: tuple[Table, ...]
    parent: tuple[int, ...]
    cells: int

    def shared(self, child: int) -> Table:
        """Return the columns that a group has in common with the one it hangs on."""
        above = self.parent[child]
        if above < 0:
            return ()
        return tuple(c for c in self.cliques[child] if c in self.cliques[above])

    def holding(self, table: Table) -> int:
        """Return the group with the fewest columns that holds all columns of a table."""
        held = [i for i, c in enumerate(self.cliques) if set(table) <= set(c)]
        return min(held, key=lambda i: len(self.cliques[i]))


def junction(sizes: Sequence[int], tables: Iterable[Table]) -> Junction:
    """Return the tree of groups in which every table lies within one group.

    Columns are taken out one by one, the one first whose neighbours have fewest cells together,
    and its neighbours become neighbours of each other.

    References
    ----------
    Lauritzen & Spiegelhalter (1988), Local computations with probabilities on graphical
    structures; Koller & Friedman (2009), Probabilistic graphical models, section 9.4.3.
    """
    near, weight = _near(sizes, tables), np.log(np.array(sizes, dtype=np.float64))
    found = _eliminated(near, weight)
    return _tree([set(np.flatnonzero(clique).tolist()) for clique in found], sizes)


def widened(sizes: Sequence[int], tables: Iterable[Table], more: Sequence[Table]) -> Floats:
    """Return the cells of all groups of :func:`junction` with one more table, each by itself."""
    wide = max(map(len, more))
    asked = np.array([[*t, *([t[0]] * (wide - len(t)))] for t in more], dtype=np.int64)
    many = np.array(sizes, dtype=np.float64)
    out: Floats = _widened(_near(sizes, tables), np.log(many), many, asked)
    return out


def _near(sizes: Sequence[int], tables: Iterable[Table]) -> Near:
    """Return which columns meet in a table, shape ``(columns, columns)``."""
    out = np.zeros((len(sizes), len(sizes)), dtype=np.bool_)
    for table in tables:
        out[np.ix_(table, table)] = True
    np.fill_diagonal(out, val=False)
    return out


@compiled
def _eliminated(near: Near, weight: Floats) -> Near:
    """Return the groups, shape ``(groups, columns)``; ``near`` is used up."""
    n = len(weight)
    out = np.zeros((n, n), dtype=np.bool_)
    left = np.ones(n, dtype=np.bool_)
    cost = np.zeros(n)
    for c in range(n):
        cost[c] = weight[c] + (weight * near[c]).sum()
    groups = 0
    for _ in range(n):
        first = -1
        for c in range(n):
            if left[c] and (first < 0 or cost[c] < cost[first]):
                first = c
        left[first] = False
        clique = near[first].copy()
        clique[first] = True
        within = False
        for g in range(groups):
            within = within or not (clique & ~out[g]).any()
        if not within:
            out[groups] = clique
            groups += 1
        for c in range(n):
            if not near[first, c]:
                continue
            near[c] |= near[first]
            near[c, c] = False
            near[c, first] = False
            cost[c] = weight[c] + (weight * near[c]).sum()
    return out[:groups]


@compiled
def _widened(near: Near, weight: Floats, sizes: Floats, more: Asked) -> Floats:
    out = np.zeros(len(more))
    for i in range(len(more)):
        with_it = near.copy()
        for a in more[i]:
            for b in more[i]:
                with_it[a, b] = a != b
        groups = _eliminated(with_it, weight)
        for g in range(len(groups)):
            cells = 1.0
            for c in range(len(sizes)):
                if groups[g, c]:
                    cells *= sizes[c]
            out[i] += cells
    return out


def _tree(groups: Sequence[set[int]], sizes: Sequence[int]) -> Junction:
    """Hang each group on the one with which it shares most, beginning with those that share most.

    References
    ----------
    Jensen & Jensen (1994), Optimal junction trees: a tree of maximal weight is a junction tree.
    """
    order, parent = [0], [-1]
    best = {i: (len(groups[i] & groups[0]), 0) for i in range(1, len(groups))}
    while best:
        i = max(best, key=lambda g: (best[g][0], -g))
        shared, above = best.pop(i)
        parent.append(order.index(above) if shared else -1)
        order.append(i)
        for j in best:
            best[j] = max(best[j], (len(groups[i] & groups[j]), i), key=lambda found: found[0])
    cells = sum(math.prod(sizes[c] for c in group) for group in groups)
    return Junction(
        cliques=tuple(tuple(sorted(groups[i])) for i in order), parent=tuple(parent), cells=cells
    )
