"""Hygiene: whether the holdout is a fair control, other people of the same population."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import difference, shift_of, why_no_attack
from assaymark.evaluate.neighbours import row_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams

__all__ = ["Hygiene"]

SHARED, SHIFT = "hygiene.shared_rows", "hygiene.shift"


@component
class Hygiene:
    """Rows shared by train and holdout beyond chance, and how well the two can be told apart.

    A holdout row is as likely to have an equal in train as a train row is to have one in another
    train person, so the difference of the two shares shows an overlap. The shift is a linear
    rule's AUC, out of fold; one that only interactions show escapes it.

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
            meaning="Share of holdout people with a row that train has too, less the share of "
            "train people with a row that another train person has; 0 is no overlap.",
        ),
        Quantity(
            name=SHIFT,
            title="Difference between train and holdout",
            unit="AUC",
            better="lower",
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
        keys = row_keys(case.train), row_keys(holdout)
        own = _codes(case.train)
        pairs = np.unique(np.column_stack([keys[0], own.astype(np.uint64)]), axis=0)
        values, counts = np.unique(pairs[:, 0], return_counts=True)
        twice = _people(np.isin(keys[0], values[counts > 1]), case.train)
        shared = _people(np.isin(keys[1], values), holdout)
        found = difference(shared, holdout.n_persons, twice, case.train.n_persons)
        yield Measurement(
            metric=SHARED,
            value=found.value,
            low=found.low,
            high=found.high,
            n=holdout.n_persons,
        )
        shift = shift_of(case)
        yield Measurement(
            metric=SHIFT,
            value=shift.value,
            low=shift.low,
            high=shift.high,
            n=case.train.n_persons + holdout.n_persons,
        )


def _codes(data: Dataset) -> np.ndarray:
    own = np.arange(data.n) if data.persons is None else data.persons
    return np.unique(own, return_inverse=True)[1].ravel()


def _people(rows: np.ndarray, data: Dataset) -> int:
    return len(np.unique(_codes(data)[rows]))
