"""Folds: a small table dealt into equal parts, each of which is held out once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import DataError
from assaymark.source.persons import person_key
from assaymark.source.split import Split, split
from assaymark.source.units import (
    FEWEST,
    commitment_to,
    keyed_hash,
    note_on,
    units_of,
    without_keys,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.recipe import SplitSpec

__all__ = ["CROSS_FIT_BELOW", "FOLDS", "SPLIT_TRAIN", "Folds", "deal", "parts_of"]

FOLDS = 5
"""How many parts a small table is dealt into."""

CROSS_FIT_BELOW = 2_000
"""Tables of fewer persons are cross-fitted, unless the recipe says otherwise."""

SPLIT_TRAIN = 1_600
"""Tables of which train would have fewer persons are, too: rules of the shipped policies ask for
1,500 people behind a figure, and hashing gives train some hundred fewer or more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folds:
    """Everybody of one table, without person key and direct identifiers, and each row's fold.

    Attributes
    ----------
    train
        Everybody: what the rows that are released are fitted to.
    fold
        The fold of each row, 0 to 4, shape ``(n,)``.
    unit, note, commitment
        As in :class:`~assaymark.source.split.Split`; the commitment is to who is in which fold.
    account_hashes
        Keyed hashes of everybody, since everybody is tested on once.
    shared_persons
        Persons with rows in several folds; 0 unless ``unit`` is ``"row"``.
    asked
        Whether the recipe asked for folds, whatever the size.
    """

    train: Dataset
    fold: NDArray[np.int64]
    unit: str
    note: str
    commitment: str
    account_hashes: frozenset[str]
    shared_persons: int
    asked: bool = False

    @property
    def all(self) -> tuple[Dataset]:
        """The one part that there is: everybody."""
        return (self.train,)

    def others(self, fold: int) -> Dataset:
        """Return those whom the refit of this fold sees."""
        return self.train.take(np.flatnonzero(self.fold != fold))

    def held_out(self, fold: int) -> Dataset:
        """Return those whom the refit of this fold does not see."""
        return self.train.take(np.flatnonzero(self.fold == fold))


def parts_of(dataset: Dataset, spec: SplitSpec, key: bytes, *, basis: Dataset) -> Split | Folds:
    """Split ``dataset`` into four parts, or deal it into folds where it is small.

    ``spec.cross_fit`` is ``"auto"`` (below 2,000 persons, or 1,600 in train), or says it outright.
    What counts as a person is as in :func:`~assaymark.source.split.split`.
    """
    crossed = spec.cross_fit
    if crossed == "auto":
        column = None if spec.unit == "row" else person_key(basis)
        crossed = _small(basis.n if column is None else column.n_unique(), spec)
    return (deal if crossed else split)(dataset, spec, key, basis=basis)


def _small(n: int, spec: SplitSpec) -> bool:
    return n < CROSS_FIT_BELOW or spec.train * n < SPLIT_TRAIN


def deal(dataset: Dataset, spec: SplitSpec, key: bytes, *, basis: Dataset) -> Folds:
    """Deal the persons of ``dataset`` into five folds, in order of the HMAC-SHA256 of each.

    Sizes differ by one person at most. A person's hash depends on nothing but the key and who is
    behind the same row of ``basis``, the rows before any transformation; persons near an edge can
    move when others join or leave the table.

    Raises
    ------
    DataError
        When a fold would hold fewer than 4 persons, or rows have no person key.
    """
    if dataset.n != basis.n:
        raise DataError(f"{dataset.n} rows to deal, but {basis.n} rows to draw from")
    units = units_of(basis, by_row=spec.unit == "row")
    digests = [keyed_hash(key, b"fold", name) for name in units.names]
    n = len(digests)
    if n < FOLDS * FEWEST:
        raise DataError(
            f"the table has {n} {'rows' if units.by_row else 'persons'}, too few to cross-fit: "
            f"each of {FOLDS} folds needs {FEWEST}\n\nHint: `assaymark generate` makes an ungated "
            "draft from fewer"
        )
    dealt = np.empty(n, dtype=np.int64)
    dealt[sorted(range(n), key=digests.__getitem__)] = np.arange(n) * FOLDS // n
    fold = dealt[units.codes]
    return Folds(
        train=replace(without_keys(dataset), persons=units.inside),
        fold=fold,
        unit=units.unit,
        note=note_on(units),
        commitment=commitment_to(key, digests, dealt),
        account_hashes=frozenset(keyed_hash(key, b"account", u).hex() for u in units.names),
        shared_persons=0 if units.unit == "person" else _torn(units.persons, fold),
        asked=spec.cross_fit is True,
    )


def _torn(persons: NDArray[np.int64] | None, fold: NDArray[np.int64]) -> int:
    """Return how many persons have rows in several folds."""
    if persons is None:
        return 0
    pairs = np.unique(np.column_stack([persons, fold]), axis=0)
    return int((np.unique(pairs[:, 0], return_counts=True)[1] > 1).sum())
