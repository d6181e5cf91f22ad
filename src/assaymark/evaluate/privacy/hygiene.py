"""Hygiene: whether the holdout is a fair control, other people of the same population."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import shift_of, why_no_attack
from assaymark.evaluate.overlap import excess_of

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
    found = excess_of(train, holdout)
    return Measurement(
        metric=SHARED,
        value=found.value,
        low=found.low,
        high=found.high,
        n=holdout.n_persons,
        baseline=0.0,
        details={"shared": found.shared, "expected": found.expected},
    )
