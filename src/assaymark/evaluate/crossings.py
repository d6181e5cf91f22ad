"""Crossings: protected groups that several columns define together, large ones only."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.evaluate.groups import groups_of
from assaymark.evaluate.statistics import persons_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.evaluate.groups import Group

__all__ = ["DEPTH", "MINIMUM_CELL", "Crossing", "crossings_of"]

MINIMUM_CELL = 30
"""Groups with fewer real persons get no figure of their outcome: it would be noise."""

DEPTH = 3
_MOST = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crossing:
    """Rows that are in all of ``parts``, groups of different columns; one part is a plain group."""

    parts: tuple[Group, ...]

    @property
    def name(self) -> str:
        """The group in words, ``race=Other & sex=f``."""
        return " & ".join(p.subject.removeprefix("group:") for p in self.parts)

    @property
    def subject(self) -> str:
        """The group as a measurement's subject."""
        return f"group:{self.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that define it."""
        return tuple(p.bins.column.name for p in self.parts)

    def holds(self, data: Dataset) -> NDArray[np.bool_]:
        """Return which rows belong to the group, shape ``(n,)``."""
        return np.asarray(np.logical_and.reduce([p.holds(data) for p in self.parts]))


def crossings_of(case: Case, *, depth: int = DEPTH) -> list[Crossing]:
    """Return the protected groups with at least 30 real persons, then crossings of two and three.

    A crossing is looked at only where all its parts are large enough (what is contained in a small
    group is small), and at most the 60 largest of each depth are returned. Which they are depends
    on the real rows alone.

    References
    ----------
    Agrawal & Srikant (1994), Fast algorithms for mining association rules, for the lattice.
    """
    real = [d for d in (case.train, case.holdout) if d is not None]
    plain = sorted(groups_of(case), key=lambda g: g.subject)
    inside = {g.subject: [g.holds(d) for d in real] for g in plain}

    def size(parts: tuple[Group, ...]) -> int:
        total = 0
        for i, data in enumerate(real):
            rows = np.logical_and.reduce([inside[g.subject][i] for g in parts])
            own = None if data.persons is None else data.persons[rows]
            total += persons_in(own, int(rows.sum()))
        return total

    large = [(g,) for g in plain if size((g,)) >= MINIMUM_CELL]
    found: list[tuple[Group, ...]] = [*large]
    below = {frozenset(g.subject for g in parts) for parts in large}
    for k in range(2, depth + 1):
        sized = []
        for parts in combinations([g for (g,) in large], k):
            names = [g.subject for g in parts]
            apart = len({g.bins.column.name for g in parts}) == k
            if apart and all(frozenset(c) in below for c in combinations(names, k - 1)):
                n = size(parts)
                if n >= MINIMUM_CELL:
                    sized.append((n, parts))
        sized.sort(key=lambda row: (-row[0], [g.subject for g in row[1]]))
        below = {frozenset(g.subject for g in parts) for _, parts in sized}
        found += [parts for _, parts in sized[:_MOST]]
    return [Crossing(parts=parts) for parts in found]
