"""Hygiene: whether the holdout is a fair control, other people of the same population."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import difference, shift_of, why_no_attack
from assaymark.evaluate.neighbours import row_keys
from assaymark.evaluate.statistics import mean_variance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]
    Keys = NDArray[np.uint64]

__all__ = ["Hygiene"]

SHARED, SHIFT = "hygiene.shared_rows", "hygiene.shift"


@component
class Hygiene:
    """Rows shared by train and holdout beyond chance, and how well the two can be told apart.

    A holdout row is as likely to have an equal in train as a train row is to have one in another
    train person, so the difference of the two shares shows an overlap. Its interval is Newcombe's,
    people with the same row counting as one observation. The shift is a linear rule's AUC, out of
    fold; one that only interactions show escapes it. A person who is in both parts with different
    rows is not found: the split has to see to that.

    References
    ----------
    Lopez-Paz & Oquab (2017), Revisiting classifier two-sample tests.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=SHARED,
            title="Holdout people who are also in train",
            unit="share of people",
            better="lower",
            pitfalls="Counts rows equal in all columns; persons that the two parts share under "
            "different records are found through a declared person key only.",
            meaning="Share of holdout people with a row that train has too, less the share of "
            "train people with a row that another train person has; 0 is no overlap.",
        ),
        Quantity(
            name=SHIFT,
            title="Difference between train and holdout",
            unit="AUC",
            better="lower",
            pitfalls="A linear rule with squares; a difference that only shows in combinations of "
            "columns may escape it.",
            meaning="Chance that a rule ranks a train row above a holdout row; 0.5 means that the "
            "two come from one population, as attacks on members need.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:  # noqa: ARG002
        """Yield the overlap and the shift."""
        reason, holdout = why_no_attack(case), case.holdout
        if reason or holdout is None:
            yield Measurement.missing(SHARED, reason)
            yield Measurement.missing(SHIFT, reason)
            return
        yield _shared(case.train, holdout)
        shift = shift_of(case)
        yield Measurement(
            metric=SHIFT,
            value=shift.value,
            low=shift.low,
            high=shift.high,
            n=case.train.n_persons + holdout.n_persons,
        )


def _shared(train: Dataset, holdout: Dataset) -> Measurement:
    """Return the share of holdout people found in train, less what train finds in itself."""
    keys, others, own = row_keys(train), row_keys(holdout), train.person_codes
    pairs = np.unique(np.column_stack([keys, own.astype(np.uint64)]), axis=0)
    values, counts = np.unique(pairs[:, 0], return_counts=True)
    found = _effective(np.isin(others, values), others, holdout.person_codes)
    twice = _effective(np.isin(keys, values[counts > 1]), keys, own)
    ends = difference(found.hits, found.n, twice.hits, twice.n)
    value = found.share - twice.share
    return Measurement(
        metric=SHARED,
        value=value,
        low=max(-1.0, value - (ends.value - ends.low)),
        high=min(1.0, value + (ends.high - ends.value)),
        n=holdout.n_persons,
        baseline=0.0,
        details={"shared": found.share, "expected": twice.share},
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
