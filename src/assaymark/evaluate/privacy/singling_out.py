"""Singling out: whether conditions read off the synthetic rows point at one person of train."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import (
    detection,
    fair,
    null_line,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.neighbours import space_of
from assaymark.evaluate.statistics import Interval, symmetric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.neighbours import Points, Space

    Who = NDArray[np.int64]

__all__ = ["SinglingOut"]

EXCESS = "singling_out.excess"
_MOST, _FEW = 10_000, 2
_NEAR = 0.0125  # a fortieth of all ranks, both ways together


@component
class SinglingOut:
    """Conditions met by exactly one person of train, less those met by one person of the holdout.

    Each comes from a synthetic row: columns in random order are held to that row's values
    (ordered ones within a fortieth of all ranks) until at most two synthetic rows meet them all,
    so that their weight is small. Train and holdout give the same number of people. Conditions
    are the attacker's; others might do better.

    References
    ----------
    Cohen & Nissim (2020), Towards formalizing the GDPR's notion of singling out.
    Giomi et al. (2023), A unified framework for quantifying privacy risk in synthetic data.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=EXCESS,
            title="People singled out beyond chance",
            unit="share of conditions",
            better="lower",
            pitfalls="Conditions are read off single synthetic rows in random order of columns; "
            "better ones may exist. What holds for unseen people too is taken off, so "
            "that it measures what training adds.",
            meaning="Share of conditions read off the synthetic rows that exactly one person of "
            "train meets, less the same share for people who were not in it; 0 is no leak.",
        ),
    )

    conditions: int = 1_500
    """Conditions tried, one for each synthetic row at most."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the excess of singling out."""
        reason, holdout = why_no_attack(case), case.holdout
        if reason or holdout is None:
            yield Measurement.missing(EXCESS, reason)
            return
        rng = streams.child("conditions").generator()
        size = min(case.train.n_persons, holdout.n_persons, _MOST)
        parts = [_some(d, size, rng) for d in (case.train, holdout)]
        space = space_of([case.train, holdout])
        each = 2 * _MOST // len(case.exposed)
        made = np.vstack([space.points(s)[:each] for s in case.exposed])
        spans = _spans(space)
        synthetic = _columns(made, spans)
        people = [(_columns(space.points(d), spans), who) for d, who in parts]
        wanted = min(self.conditions, len(made))
        met: list[tuple[Who, Who]] = []
        for i in rng.permutation(len(made))[:wanted]:
            order = rng.permutation(len(spans))
            row = [c[:, i] for c in synthetic]
            condition = _condition(synthetic, row, order)
            if len(condition):
                first, second = (np.unique(w[_met(c, row, condition)]) for c, w in people)
                met.append((first, second))
        if len(met) < 30:
            yield Measurement.missing(
                EXCESS, "too few conditions on the synthetic rows are rare enough", n=len(met)
            )
            return
        yield _measurement(case, streams, met, 1 + int(parts[1][1].max()))


def _measurement(
    case: Case, streams: Streams, met: list[tuple[Who, Who]], n_holdout: int
) -> Measurement:
    found = np.array([(_alone(a), _alone(b)) for a, b in met])

    def caught(size: float, rng: np.random.Generator) -> bool:
        planted = found.copy()
        chosen = rng.choice(len(found), max(1, round(size * len(found))), replace=False)
        planted[chosen, 0] = found[:, 0].max() + 1 + np.arange(len(chosen))
        return _excess(planted).low > 0

    def halves(first: Who, second: Who) -> Interval:
        sides = [np.isin(np.arange(n_holdout), half) for half in (first, second)]
        return _excess(np.array([[_alone(b[side[b]]) for side in sides] for _, b in met]))

    result = _excess(found)
    proof = detection(caught, streams.child("plants").generator())
    measured = Measurement(
        metric=EXCESS,
        value=result.value,
        low=result.low,
        high=result.high,
        n=len(found),
        limit_of_detection=proof.smallest,
        details={
            "title": "Can one person be singled out?",
            "controls": [
                *proof.lines,
                null_line(halves, np.arange(n_holdout), 0.0, streams.child("null").generator()),
            ],
        },
    )
    return fair(measured, shift_of(case))


def _excess(found: Who) -> Interval:
    """Return the excess; a person hit by several conditions is one independent event."""
    n = len(found)
    events = [np.unique(side[side >= 0], return_counts=True)[1] for side in found.T]
    value = (int(events[0].sum()) - int(events[1].sum())) / n
    error = float(np.sqrt(sum(float(np.square(e).sum()) for e in events) + 1)) / n
    result = symmetric(value, error)
    return Interval(value, max(-1.0, result.low), min(1.0, result.high))


def _some(data: Dataset, size: int, rng: np.random.Generator) -> tuple[Dataset, Who]:
    """Return all rows of ``size`` random persons, and their person codes."""
    codes = data.person_codes
    kept = rng.permutation(int(codes.max()) + 1)[:size]
    rows = np.flatnonzero(np.isin(codes, kept))
    return data.take(rows), codes[rows]


def _spans(space: Space) -> list[slice]:
    """Return which coordinates belong to each column."""
    widths = [3 if c.kind.ordered else len(space.values[c.name]) + 2 for c in space.columns]
    ends = np.cumsum(widths)
    return [slice(int(e - w), int(e)) for e, w in zip(ends, widths, strict=True)]


def _columns(points: Points, spans: list[slice]) -> list[Points]:
    """Return the columns apart, shape ``(coordinates, n)``; many categories as one code."""
    apart = [np.ascontiguousarray(points[:, span].T) for span in spans]
    return [c if len(c) <= 3 else c.argmax(axis=0)[None].astype(np.float32) for c in apart]


def _condition(columns: list[Points], row: list[Points], order: Who) -> Who:
    """Return the columns, taken in this order, that leave at most two synthetic rows.

    Empty where even all of them leave more.
    """
    left = np.flatnonzero(_near(columns[order[0]], row[order[0]]))
    for i, column in enumerate(order[1:], start=1):
        if len(left) <= _FEW:
            return order[:i]
        left = left[_near(columns[column][:, left], row[column])]
    return order if len(left) <= _FEW else order[:0]


def _met(columns: list[Points], row: list[Points], condition: Who) -> Who:
    """Return the rows that meet the condition."""
    left = np.flatnonzero(_near(columns[condition[0]], row[condition[0]]))
    for column in condition[1:]:
        left = left[_near(columns[column][:, left], row[column])]
    return left


def _near(column: Points, value: Points) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.abs(column[0] - value[0]) <= _NEAR
    for coordinate, own in zip(column[1:], value[1:], strict=True):
        near &= np.abs(coordinate - own) <= _NEAR
    return near


def _alone(people: Who) -> int:
    """Return the code of the one person, -1 where there is not exactly one."""
    return int(people[0]) if len(people) == 1 else -1
