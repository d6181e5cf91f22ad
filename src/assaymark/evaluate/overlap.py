"""Overlap: rows that occur twice, and rows and persons that two parts of real data share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.errors import NotApprovedError
from assaymark.evaluate.controls import difference
from assaymark.evaluate.neighbours import row_keys
from assaymark.evaluate.statistics import mean_variance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]
    Keys = NDArray[np.uint64]

__all__ = ["Excess", "Overlap", "check_overlap", "excess_of", "overlap_of"]


class Excess(NamedTuple):
    """Share of holdout people found in train beyond chance, its interval and its two parts."""

    value: float
    low: float
    high: float
    shared: float
    expected: float


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
        """The counts in one sentence."""
        return (
            f"Of {self.holdout:,} holdout rows {self.shared:,} "
            f"({100 * self.shared / max(1, self.holdout):.1f} %) have an equal in train; that is "
            f"as chance has it where about as many people of train have one in another person's "
            f"row ({100 * self.excess.expected:.1f} %). {self.holdout_doubles:,} holdout rows and "
            f"{self.train_doubles:,} of {self.train:,} train rows repeat an earlier one of their "
            f"part; {self.persons:,} persons are in both."
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


def excess_of(train: Dataset, holdout: Dataset) -> Excess:
    """Return the share of holdout people found in train, less what train finds in itself.

    The interval is Newcombe's, people with the same row counting as one observation.
    """
    keys, others, own = row_keys(train), row_keys(holdout), train.person_codes
    pairs = np.unique(np.column_stack([keys, own.astype(np.uint64)]), axis=0)
    values, counts = np.unique(pairs[:, 0], return_counts=True)
    found = _effective(np.isin(others, values), others, holdout.person_codes)
    twice = _effective(np.isin(keys, values[counts > 1]), keys, own)
    ends = difference(found.hits, found.n, twice.hits, twice.n)
    value = found.share - twice.share
    return Excess(
        value=value,
        low=max(-1.0, value - (ends.value - ends.low)),
        high=min(1.0, value + (ends.high - ends.value)),
        shared=found.share,
        expected=twice.share,
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


class _Share(NamedTuple):
    """A share of people, and the independent hits and people that are as uncertain."""

    share: float
    hits: int
    n: int


def _effective(hit: Bools, keys: Keys, who: Codes) -> _Share:
    """Return the share of people with a hit; people with the same row are one observation."""
    order = np.lexsort((keys, ~hit, who))
    rows = order[np.unique(who[order], return_index=True)[1]]
    hits = hit[rows].astype(np.float64)
    share, n = float(hits.mean()), len(hits)
    if 0 < share < 1:
        _, codes = np.unique(keys[rows], return_inverse=True)
        variance = mean_variance(hits, codes.ravel())
        n = int(np.clip(share * (1 - share) / variance, 1, n))
    return _Share(share, round(share * n), n)
