"""Overlap: rows that occur twice, and rows and persons that two parts of real data share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import NotApprovedError
from assaymark.evaluate.neighbours import row_keys

if TYPE_CHECKING:
    from assaymark.core.dataset import Dataset

__all__ = ["Overlap", "check_overlap", "overlap_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Counts of rows and persons; ``shared`` is what a holdout must not have.

    Attributes
    ----------
    train, holdout
        Rows of each part.
    train_doubles, holdout_doubles
        Rows that are equal in all columns to an earlier row of their part.
    shared
        Holdout rows that have an equal in train.
    expected
        Of as many train rows, how many have an equal of another person in train: what chance
        shares where people are alike, as in a table of few columns.
    persons
        Persons with rows on both sides.
    """

    train: int
    holdout: int
    train_doubles: int
    holdout_doubles: int
    shared: int
    expected: float
    persons: int

    @property
    def excess(self) -> float:
        """Share of holdout rows that are also in train, beyond what chance shares."""
        return (self.shared - self.expected) / max(1, self.holdout)

    @property
    def words(self) -> str:
        """The counts in one sentence."""
        return (
            f"Of {self.holdout:,} holdout rows {self.shared:,} "
            f"({100 * self.shared / max(1, self.holdout):.1f} %) have an equal in train, where "
            f"chance would share {self.expected:,.0f}; {self.holdout_doubles:,} holdout rows and "
            f"{self.train_doubles:,} of {self.train:,} train rows repeat an earlier one of their "
            f"part; {self.persons:,} persons are in both."
        )


def overlap_of(train: Dataset, holdout: Dataset, *, persons: int = 0) -> Overlap:
    """Count what two parts share; ``persons`` is how many persons are known to be in both."""
    ours, theirs, who = row_keys(train), row_keys(holdout), train.person_codes
    pairs = np.unique(np.column_stack([ours, who.astype(np.uint64)]), axis=0)
    values, held_by = np.unique(pairs[:, 0], return_counts=True)
    twice = float(np.isin(ours, values[held_by > 1]).mean()) if train.n else 0.0
    return Overlap(
        train=train.n,
        holdout=holdout.n,
        train_doubles=train.n - len(np.unique(ours)),
        holdout_doubles=holdout.n - len(np.unique(theirs)),
        shared=int(np.isin(theirs, values).sum()),
        expected=twice * holdout.n,
        persons=persons,
    )


def check_overlap(found: Overlap, limit: float) -> None:
    """Refuse a holdout that is no control.

    Raises
    ------
    NotApprovedError
        When holdout rows or persons beyond ``limit``, a share in [0, 1], are in train too.
    """
    persons = found.persons / max(1, found.holdout)
    if max(found.excess, persons) > limit:
        raise NotApprovedError(
            f"the holdout is no control, and no figure against it means anything: {found.words} "
            f"The limit is {100 * limit:g} % beyond chance\n\nHint: split by person, remove "
            "doubled rows before the split, or take real rows that were kept back"
        )
