"""Singling out: whether conditions read off the synthetic rows point at one person of train."""

from __future__ import annotations

from dataclasses import dataclass
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
from assaymark.evaluate.isolation import sides_of
from assaymark.evaluate.neighbours import space_of
from assaymark.evaluate.statistics import Interval, symmetric

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.neighbours import Points, Space

    Bools = NDArray[np.bool_]
    Who = NDArray[np.int64]

__all__ = ["SinglingOut"]

EXCESS = "singling_out.excess"
_MOST, _FEW = 50_000, 2
_NEAR = 0.0125  # a fortieth of all ranks, both ways together


@component
class SinglingOut:
    """Conditions that one train person alone meets, less those that one unseen person does.

    Each comes from a synthetic row: columns in random order are held to that row's values
    (ordered ones within a fortieth of all ranks) until at most two synthetic rows meet them all,
    so that their weight is small. One alone of all real people, holdout and reference among them,
    so that each has the same chance; a hit on an unseen person stands for as many on train people
    as there are train people to one unseen. Of more than 50,000 people, train and unseen give
    the same share. Conditions are the attacker's; others might do better.

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
            meaning="Share of conditions read off the synthetic rows that one train person alone "
            "of all real people meets, less what chance alone makes of it; 0 is no leak.",
        ),
    )

    conditions: int = 1_500
    """Conditions tried, one for each synthetic row at most."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the excess of singling out."""
        reason = why_no_attack(case)
        if reason:
            yield Measurement.missing(EXCESS, reason)
            return
        rng = streams.child("conditions").generator()
        real = [case.train, *sides_of(case)[:2]]
        space = space_of(real)
        spans = _spans(space)
        share = min(1.0, _MOST / sum(d.n_persons for d in real))
        people = _crowd(real, space, spans, share, rng)
        each = _MOST // len(case.exposed)
        made = np.vstack([space.points(_rows(s, each, rng)) for s in case.exposed])
        synthetic = _columns(made, spans)
        wanted = min(self.conditions, len(made))
        met: list[Who] = []
        for i in rng.permutation(len(made))[:wanted]:
            order = rng.permutation(len(spans))
            row = [c[:, i] for c in synthetic]
            condition = _condition(synthetic, row, order)
            if len(condition):
                met.append(np.unique(people.who[_met(people.columns, row, condition)]))
        if len(met) < 30:
            yield Measurement.missing(
                EXCESS, "too few conditions on the synthetic rows are rare enough", n=len(met)
            )
            return
        yield _measurement(case, streams, met, people)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Crowd:
    """Rows of real people, column by column, and whose each is: ``members`` first, then unseen."""

    columns: list[Points]
    who: Who
    members: int
    unseen: int


def _measurement(case: Case, streams: Streams, met: list[Who], people: _Crowd) -> Measurement:
    members, unseen = people.members, people.unseen
    found = np.array([_alone(who) for who in met])
    others = [who[who >= members] - members for who in met]

    def caught(size: float, rng: np.random.Generator) -> bool:
        planted = found.copy()
        chosen = rng.choice(len(found), max(1, round(size * len(found))), replace=False)
        planted[chosen] = members + unseen + np.arange(len(chosen))
        inside = (planted < members) | (planted >= members + unseen)
        return _excess(planted, inside, members / unseen).low > 0

    alone = np.array([_alone(who) for who in others])

    def halves(first: Who, second: Who) -> Interval:
        return _excess(alone, np.isin(alone, first), len(first) / len(second))

    result = _excess(found, found < members, members / unseen)
    proof = detection(caught, streams.child("plants").generator())
    null = null_line(halves, np.arange(unseen), 0.0, streams.child("null").generator())
    measured = Measurement(
        metric=EXCESS,
        value=result.value,
        low=result.low,
        high=result.high,
        n=len(found),
        limit_of_detection=proof.smallest,
        details={
            "title": "Can one person be singled out?",
            "train_people": members,
            "unseen": unseen,
            "controls": [*proof.lines, null],
        },
    )
    return fair(measured, shift_of(case))


def _excess(alone: Who, inside: Bools, ratio: float) -> Interval:
    """Return the excess of hits ``inside`` over ``ratio`` times the others; -1 is no hit.

    A person hit by several conditions is one independent event; one event more on each side keeps
    none from being certain.
    """
    n, value, variance = len(alone), 0.0, 0.0
    for weight, side in ((1.0, inside), (-ratio, ~inside)):
        times = np.unique(alone[side & (alone >= 0)], return_counts=True)[1]
        value += weight * float(times.sum()) / n
        variance += weight**2 * (float(np.square(times).sum()) + 1) / n**2
    result = symmetric(value, float(np.sqrt(variance)))
    return Interval(value, max(-1.0, result.low), min(1.0, result.high))


def _crowd(
    real: Sequence[Dataset],
    space: Space,
    spans: list[slice],
    share: float,
    rng: np.random.Generator,
) -> _Crowd:
    """Return all rows of a random ``share`` of the persons of each table."""
    points, who = [], []
    sizes: list[int] = []
    for data in real:
        codes = data.person_codes
        persons = int(codes.max()) + 1
        kept = np.zeros(persons, dtype=bool)
        kept[rng.permutation(persons)[: max(1, round(share * persons))]] = True
        rows = np.flatnonzero(kept[codes])
        points.append(space.points(data.take(rows)))
        who.append((np.cumsum(kept) - 1)[codes[rows]] + sum(sizes))
        sizes.append(int(kept.sum()))
    return _Crowd(
        columns=_columns(np.vstack(points), spans),
        who=np.concatenate(who),
        members=sizes[0],
        unseen=sum(sizes[1:]),
    )


def _rows(data: Dataset, most: int, rng: np.random.Generator) -> Dataset:
    """Return at most ``most`` random rows, in their order."""
    return data.take(np.sort(rng.permutation(data.n)[:most]))


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
