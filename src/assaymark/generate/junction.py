"""Junction: columns that meet in counted tables, put into groups that form a tree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Table = tuple[int, ...]

__all__ = ["Junction", "cells_of", "junction"]


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
    return _tree(_groups(sizes, tables), sizes)


def cells_of(sizes: Sequence[int], tables: Iterable[Table]) -> int:
    """Return the cells of all groups of :func:`junction` together."""
    return sum(math.prod(sizes[c] for c in group) for group in _groups(sizes, tables))


def _groups(sizes: Sequence[int], tables: Iterable[Table]) -> list[set[int]]:
    near: list[set[int]] = [set() for _ in sizes]
    for table in tables:
        for c in table:
            near[c].update(table)
    for c, found in enumerate(near):
        found.discard(c)
    weight = [math.log(s) for s in sizes]
    cost = {c: weight[c] + sum([weight[o] for o in near[c]]) for c in range(len(sizes))}
    out: list[set[int]] = []
    while cost:
        first = min(cost, key=cost.__getitem__)
        del cost[first]
        group = near[first]
        clique = group | {first}
        if not any(clique <= other for other in out):
            out.append(clique)
        for c in group:
            new = group - near[c]
            near[c] |= new
            near[c] -= {c, first}
            cost[c] += sum([weight[o] for o in new if o != c]) - weight[first]
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
