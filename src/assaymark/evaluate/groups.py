"""Groups: the people that fairness figures are about, one group per cell of a protected column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind, Role
from assaymark.evaluate.binning import bins_of
from assaymark.evaluate.statistics import persons_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.evaluate.binning import Bins

__all__ = ["FEWEST", "NO_GROUPS", "Group", "banded", "groups_of"]

FEWEST = 10
"""Groups with fewer real persons get a reason instead of a figure."""

NO_GROUPS = "the schema declares no protected column"
_BANDS, _CATEGORIES = 5, 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """One cell of a protected column; ``subject`` is its name in a measurement."""

    bins: Bins
    cell: int

    @property
    def subject(self) -> str:
        """The group as a measurement's subject, ``group:<column>=<cell>``."""
        return f"group:{self.bins.column.name}={self.bins.labels[self.cell]}"

    def holds(self, data: Dataset) -> NDArray[np.bool_]:
        """Return which rows belong to the group, shape ``(n,)``."""
        return np.asarray(self.bins.codes(data) == self.cell)

    def persons(self, data: Dataset) -> int:
        """Return how many persons of ``data`` belong to the group."""
        inside = self.holds(data)
        own = None if data.persons is None else data.persons[inside]
        return persons_in(own, int(inside.sum()))


def groups_of(case: Case) -> Iterator[Group]:
    """Yield the groups of every protected column that have real rows.

    Categories as they are, rare ones together; ordered columns in about five bands of equal
    size; a missing value is a group.
    """
    real = [d for d in (case.train, case.holdout) if d is not None]
    n_holdout = 0 if case.holdout is None else case.holdout.n
    if not case.synthetics and case.holdout is None:
        n_holdout = case.train.n  # one table described by itself
    for column in case.schema.with_role(Role.PROTECTED):
        if column.kind is Kind.TEXT:
            continue
        cells = _BANDS if column.kind.ordered else _CATEGORIES
        bins = bins_of(column, real, cells=cells, n_holdout=n_holdout)
        present = np.zeros(bins.n_cells, dtype=bool)
        for part in real:
            present[np.unique(bins.codes(part))] = True
        for cell in np.flatnonzero(present).tolist():
            yield Group(bins=bins, cell=cell)


def banded(n: int) -> int:
    """Return ``n`` rounded down to tens: counts of the source are not published exactly."""
    return n // 10 * 10
