"""Hygiene: whether the holdout is a fair control, other people of the same population."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import shift_of, why_no_attack
from assaymark.evaluate.excess import excess_of

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

    Equal rows that nobody else has stand on two sides as often by chance as pairs of people do, and
    a person who is in both parts adds one: what goes beyond chance, as a share of the holdout's
    people, is the overlap. Rows that N people have, three to eight, count 1 / (N - 1)^2 each, and
    more do not count, for the more people share a row, the less it says who is who. So tables of
    few values, where equal rows abound, are no suspects, and of an overlap there a part is seen.
    The interval is Newcombe's, with the spread of the crowded rows added. The shift is a linear
    rule's AUC, out of fold; one that only interactions show escapes it. A person who is in both
    parts with different rows is not found: the split has to see to that.

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
            "different records are found through a declared person key only. Where most rows have "
            "equals by nature, only a part of an overlap is seen.",
            meaning="Share of holdout people whose row one train person has too and nobody else, "
            "beyond chance; rows that more people have count for less; 0 is no overlap.",
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
    """Return the share of holdout people who are in train, as far as rows can tell."""
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
