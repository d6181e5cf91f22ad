"""Overlap: rows that occur twice, and rows and persons that two parts of real data share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import NotApprovedError
from assaymark.evaluate.excess import excess_of
from assaymark.evaluate.neighbours import row_keys

if TYPE_CHECKING:
    from assaymark.core.dataset import Dataset
    from assaymark.evaluate.excess import Excess

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
    excess
        The same as a share of people, beyond what chance shares where people are alike.
    persons
        Persons with rows on both sides.
    """

    train: int
    holdout: int
    train_doubles: int
    holdout_doubles: int
    shared: int
    excess: Excess
    persons: int

    @property
    def words(self) -> str:
        """The counts, and whether they are more than chance has it."""
        e = self.excess
        more = "more" if e.low > 0 else "no more"
        low, high = (f"{100 * x:.1f}".replace("-", "−") for x in (e.low, e.high))
        return (
            f"Of {self.holdout:,} holdout rows {self.shared:,} "
            f"({100 * self.shared / max(1, self.holdout):.1f} %) have an equal in train. So have "
            f"{100 * e.shared:.1f} % of holdout people; by chance about {100 * e.expected:.1f} % "
            "would, as many as people of train have one in another person's row. Told by rows that "
            f"few people have, {100 * e.value:.1f} % of holdout people (95 % interval "
            f"{low} to {high} %) are in train beyond chance: {more} than "
            f"chance has it. {self.holdout_doubles:,} holdout rows and {self.train_doubles:,} of "
            f"{self.train:,} train rows repeat an earlier one of their part; {self.persons:,} "
            "persons are in both."
        )


def overlap_of(train: Dataset, holdout: Dataset, *, persons: int = 0) -> Overlap:
    """Count what two parts share; ``persons`` is how many persons are known to be in both."""
    ours, theirs = row_keys(train), row_keys(holdout)
    return Overlap(
        train=train.n,
        holdout=holdout.n,
        train_doubles=train.n - len(np.unique(ours)),
        holdout_doubles=holdout.n - len(np.unique(theirs)),
        shared=int(np.isin(theirs, ours).sum()),
        excess=excess_of(train, holdout),
        persons=persons,
    )


def check_overlap(found: Overlap, limit: float) -> None:
    """Refuse a holdout that is no control.

    Raises
    ------
    NotApprovedError
        When the whole interval of people in train too lies beyond ``limit``, a share in [0, 1],
        or persons known to be in both are more than that.
    """
    persons = found.persons / max(1, found.holdout)
    if max(found.excess.low, persons) > limit:
        raise NotApprovedError(
            f"the holdout is no control, and no figure against it means anything: {found.words} "
            f"The limit is {100 * limit:g} % beyond chance\n\nHint: split by person, remove "
            "doubled rows before the split, or take real rows that were kept back"
        )
