"""Hygiene: whether the holdout is a fair control, other people of the same population."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import shift_of, why_no_attack
from assaymark.evaluate.neighbours import row_keys
from assaymark.evaluate.statistics import Interval, Z, clopper_pearson

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
_CROWD = 8  # persons; rows that more people have say nothing about who is who


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
    ours, theirs = _rows_of(train), _rows_of(holdout)
    found = _doubled(ours, theirs)
    more = _crowded(_first_of(ours), _first_of(theirs))
    low = max(-1.0, found.value + more.value - math.hypot(found.value - found.low, more.half))
    high = min(1.0, found.value + more.value + math.hypot(found.high - found.value, more.half))
    shared, expected = _by_chance(ours, theirs)
    return Measurement(
        metric=SHARED,
        value=min(1.0, max(-1.0, found.value + more.value)),
        low=low,
        high=high,
        n=holdout.n_persons,
        baseline=0.0,
        details={"shared": shared, "expected": expected},
    )


class _Rows(NamedTuple):
    """The different rows of each of ``n`` persons, as keys."""

    key: Keys
    who: Codes
    n: int


class _Surplus(NamedTuple):
    """Surplus of equal rows across the two sides, as a share of holdout people, and half width."""

    value: float
    half: float


def _rows_of(data: Dataset) -> _Rows:
    codes, keys = data.person_codes, row_keys(data)
    order = np.lexsort((codes, keys))
    keys, who = keys[order], codes[order]
    new = np.append(True, (keys[1:] != keys[:-1]) | (who[1:] != who[:-1]))
    return _Rows(keys[new], who[new], int(codes.max()) + 1)


def _first_of(rows: _Rows) -> _Rows:
    """Return one row of each person: the first by key, which is the same in both parts."""
    who, first = np.unique(rows.who, return_index=True)  # keys ascend
    return _Rows(rows.key[first], who, rows.n)


def _counts(rows: _Rows, keys: Keys) -> Codes:
    """Return how many persons have each row; ``keys`` ascend and hold every row."""
    return np.bincount(np.searchsorted(keys, rows.key), minlength=len(keys))


def _doubled(train: _Rows, holdout: _Rows) -> Interval:
    """Return the surplus among rows that exactly two persons have.

    Under no overlap two such persons stand on two sides as often as pairs of persons do: what is
    found within the sides says how often that is by chance.
    """
    keys = np.unique(np.concatenate([train.key, holdout.key]))
    ours, theirs = (_counts(s, keys) for s in (train, holdout))
    n, m = train.n, holdout.n

    def people(rows: _Rows, chosen: Bools) -> int:
        return len(np.unique(rows.who[chosen[np.searchsorted(keys, rows.key)]]))

    across = clopper_pearson(people(holdout, (ours == 1) & (theirs == 1)), m)
    alone = (ours + theirs == 2) & (ours != 1)
    within = clopper_pearson((people(train, alone) + people(holdout, alone)) // 2, n + m)
    scale = 2 * n * (n + m) / (n * (n - 1) + m * (m - 1))
    value = across.value - scale * within.value
    below = math.hypot(across.value - across.low, scale * (within.high - within.value))
    above = math.hypot(across.high - across.value, scale * (within.value - within.low))
    return Interval(value, value - below, value + above)


def _crowded(train: _Rows, holdout: _Rows) -> _Surplus:
    """Return the surplus among rows that three to eight persons have, the crowded ones for little.

    Who stands on which side is a random choice under no overlap. Of N persons with one row, one
    who is on both sides adds the same to the product of both counts, more or less, so each row is
    divided by that, and by (N - 1) squared: a holdout person is told apart from few others only.
    """
    keys = np.unique(np.concatenate([train.key, holdout.key]))
    ours, theirs = (_counts(s, keys).astype(np.float64) for s in (train, holdout))
    every = ours + theirs
    some = (every > 2) & (every <= _CROWD)
    ours, theirs, every = (x[some] for x in (ours, theirs, every))
    both = train.n + holdout.n
    mixed = train.n * holdout.n / (both * (both - 1))
    adds = every * (1 - 4 * mixed) - 1 + 6 * mixed
    surplus = (ours * theirs - every * (every - 1) * mixed) / adds / np.square(every - 1)
    half = Z * math.sqrt(float(np.square(surplus).sum()))
    return _Surplus(float(surplus.sum()) / holdout.n, half / holdout.n)


def _by_chance(train: _Rows, holdout: _Rows) -> tuple[float, float]:
    """Return the shares of holdout and of train people with a row that another train person has."""
    values, counts = np.unique(train.key, return_counts=True)
    shared = np.unique(holdout.who[np.isin(holdout.key, values)])
    twice = np.unique(train.who[np.isin(train.key, values[counts > 1])])
    return len(shared) / holdout.n, len(twice) / train.n
