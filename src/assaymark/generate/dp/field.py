"""Field: shares of all columns together, held as factors of few columns on a tree of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.dp.junction import junction, widened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.dp.junction import Junction, Table

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Field"]

_TINY = 1e-300
_FACTOR = 1e-12, 1e12  # two tables that contradict each other may not drive each other further


class Field:
    """A distribution proportional to the product of its factors, with exact tables of few columns.

    Factors belong to tables; every table lies within one group of a junction tree, whose shares
    are kept such that a change of one factor is carried only to where it is next asked for.

    References
    ----------
    Jensen, Lauritzen & Olesen (1990), Bayesian updating in causal probabilistic networks by local
    computations; Jirousek & Preucil (1995), On the effective implementation of the iterative
    proportional fitting procedure.
    """

    def __init__(self, shares: Sequence[Floats]) -> None:
        self.sizes = tuple(len(s) for s in shares)
        self._factors: dict[Table, Floats] = {(i,): s.copy() for i, s in enumerate(shares)}
        self.tree = self._settled(())

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of more than one column that have factors."""
        return tuple(t for t in self._factors if len(t) > 1)

    def widened(self, tables: Sequence[Table]) -> Floats:
        """Return how many cells there would be with one more table, for each of these."""
        return widened(self.sizes, self.tables, tables)

    def hold(self, table: Table) -> None:
        """Give a table a factor, so that :meth:`scale` can change its shares."""
        if table not in self._factors:
            self._factors[table] = np.ones([self.sizes[c] for c in table])
            self.tree = self._settled(self._factors)

    def margin(self, table: Table) -> Floats:
        """Return the shares of a table within one group, shape by its columns' sizes."""
        self._move(self.tree.holding(table))
        return self._sum(self._at, table)

    def scale(self, table: Table, by: Floats) -> None:
        """Multiply the factor of a table, of which :meth:`margin` was just asked."""
        before = self._factors[table]
        self._factors[table] = np.clip(before * by, *_FACTOR)
        at = self._at
        belief = self._beliefs[at]
        belief *= self._spread(self._factors[table] / before, table, at)
        belief /= belief.sum()

    def conditionals(self) -> list[tuple[int, Table, Floats]]:
        """Return what draws each column: its place, those before it, and the shares given these.

        Shares have shape ``(size, combinations of those before it)``.
        """
        out: list[tuple[int, Table, Floats]] = []
        placed: set[int] = set()
        for i, clique in enumerate(self.tree.cliques):
            self._move(i)
            given = [c for c in clique if c in placed]
            for c in (c for c in clique if c not in placed):
                whole = self._sum(i, tuple(sorted([*given, c])))
                axes = sorted([*given, c])
                table = whole.transpose([axes.index(a) for a in (c, *given)])
                out.append((c, tuple(given), _given(table.reshape(self.sizes[c], -1))))
                given.append(c)
            placed |= set(clique)
        return out

    def _settled(self, tables: Iterable[Table]) -> Junction:
        tree = junction(self.sizes, tables)
        self.tree = tree
        self._beliefs = [np.ones([self.sizes[c] for c in clique]) for clique in tree.cliques]
        for table, factor in self._factors.items():
            at = tree.holding(table)
            self._beliefs[at] *= self._spread(factor, table, at)
            self._beliefs[at] /= self._beliefs[at].max()
        self._shared: list[Floats] = [
            np.ones([self.sizes[c] for c in tree.shared(i)]) for i in range(len(tree.cliques))
        ]
        for i in reversed(range(1, len(tree.cliques))):
            if tree.parent[i] >= 0:
                self._pass(i, tree.parent[i], i)
        for i in range(len(tree.cliques)):
            if tree.parent[i] >= 0:
                self._pass(tree.parent[i], i, i)
            self._beliefs[i] /= self._beliefs[i].sum()
        self._at = 0
        return tree

    def _pass(self, here: int, there: int, edge: int) -> None:
        shared = self.tree.shared(edge)
        new = self._sum(here, shared)
        new /= max(float(new.sum()), _TINY)
        old = self._shared[edge]
        ratio = np.divide(new, old, out=np.zeros_like(new), where=old > _TINY)
        belief = self._beliefs[there]
        belief *= self._spread(ratio, shared, there)
        self._shared[edge] = new

    def _move(self, to: int) -> None:
        """Carry changes along the way from where the last one was made."""
        up, down = self._above(self._at), self._above(to)
        meeting = next((i for i in up if i in down), None)
        if meeting is None:
            for i in up[:-1]:
                self._pass(i, self.tree.parent[i], i)
            path = list(reversed(down))
        else:
            for i in up[: up.index(meeting)]:
                self._pass(i, self.tree.parent[i], i)
            path = list(reversed(down[: down.index(meeting) + 1]))
        for i in path[1:]:
            self._pass(self.tree.parent[i], i, i)
        self._at = to

    def _above(self, at: int) -> list[int]:
        out = [at]
        while self.tree.parent[out[-1]] >= 0:
            out.append(self.tree.parent[out[-1]])
        return out

    def _sum(self, at: int, table: Table) -> Floats:
        gone = tuple(i for i, c in enumerate(self.tree.cliques[at]) if c not in table)
        out: Floats = self._beliefs[at].sum(axis=gone)
        return out

    def _spread(self, values: Floats, table: Table, at: int) -> Floats:
        return values.reshape([self.sizes[c] if c in table else 1 for c in self.tree.cliques[at]])


def _given(table: Floats) -> Floats:
    above = table.sum(axis=0)
    own = table.sum(axis=1)
    out = np.where(above > _TINY, table / np.where(above > _TINY, above, 1.0), own[:, None])
    return np.asarray(out / out.sum(axis=0), dtype=np.float64)
