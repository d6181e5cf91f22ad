"""Near copies: whether single synthetic rows repeat nearly all of what people of train are like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.agreement import agreement_of
from assaymark.evaluate.controls import (
    SIZES,
    detection,
    difference,
    fair,
    null_line,
    possible,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.isolation import sides_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.agreement import Agreement
    from assaymark.evaluate.statistics import Interval

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = ["NearCopies"]

EXCESS = "near_copies.excess"
_MOST, _MOST_OF_MANY, _MANY = 20_000, 6_000, 60_000
_SIZES = (0.002, 0.003, 0.004, 0.005, 0.006, 0.008, *SIZES)
_CUTS = (0.0, 0.2, 0.4, 0.6, 0.8)
_MARGIN = 0.8  # of the bits that the best chance match lacks: chance must not reach it twice
_LOST = 1 / 12
_SLACK = 4.0  # bits: about what a column with 16 equally frequent values is worth


@component
class NearCopies:
    """Shares of people nearly all of whose record is in one synthetic row, train less unseen.

    What a record says is counted in bits (see :mod:`assaymark.evaluate.agreement`). A person is
    hit if a synthetic row lacks clearly fewer bits of the record (four fifths) than any does of
    one half of the people whom the generator did not see; false hits are counted on their other
    half, and both ways.
    Records that say too little are left out where chance repeats them: how little is learnt from
    the same half. So jittered copies count, those with one column changed or swapped, and exact
    ones, also of people in the crowd. Tables with many rows are attacked on a random part of the
    people. A copy of a few columns only escapes, and so does one spread over several rows.

    References
    ----------
    Fellegi & Sunter (1969), A theory for record linkage.
    Newcombe (1998), Interval estimation for the difference between independent proportions.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=EXCESS,
            title="People copied nearly",
            unit="share of people",
            better="lower",
            pitfalls="A copy of a few columns, or one spread over several rows, escapes; "
            "attribute_inference looks for the first. In tables where records say little, "
            "hardly any copy can be told from chance, and the report says how many.",
            meaning="Share of train people nearly all of whose record is repeated by one "
            "synthetic row, less the same share of people who were not in train; 0 is no leak.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the excess of near copies."""
        reason = why_no_attack(case)
        if reason:
            yield Measurement.missing(EXCESS, reason)
            return
        real = [case.train, *sides_of(case)[:2]]
        agreement = agreement_of(real)
        rng = streams.child("targets").generator()
        many = sum(s.n for s in case.exposed) > _MANY
        most = _MOST_OF_MANY if many else _MOST
        members = _people(real[:1], agreement, case, most, rng)
        unseen = _people(real[1:], agreement, case, most, rng)
        yield _measurement(case, streams, members, unseen)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _People:
    """Rows of ``n`` persons: whose each is, its bits, and those the synthetic rows lack."""

    who: Codes
    bits: Floats
    missing: Floats
    n: int

    def hit(self, rule: _Rule) -> Bools:
        """Return who is hit, shape ``(n,)``."""
        hits = (self.bits >= rule.least) & (self.missing < rule.lacking)
        return np.bincount(self.who, weights=hits, minlength=self.n) > 0

    def half(self, chosen: Bools) -> _People:
        """Return these persons, with codes of their own."""
        rows, code = chosen[self.who], np.cumsum(chosen) - 1
        return _People(
            who=code[self.who[rows]],
            bits=self.bits[rows],
            missing=self.missing[rows],
            n=int(chosen.sum()),
        )

    def copied(self, people: Codes, lost: float) -> _People:
        """Return the same, as if all but a share ``lost`` of these persons' rows were copied."""
        theirs = np.isin(self.who, people)
        missing = np.where(theirs, np.minimum(self.missing, lost * self.bits), self.missing)
        return replace(self, missing=missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """Records of at least so many bits, of which fewer than so many are lacking."""

    least: float
    lacking: float


def _people(
    parts: Sequence[Dataset],
    agreement: Agreement,
    case: Case,
    most: int,
    rng: np.random.Generator,
) -> _People:
    """Return at most ``most`` rows of the persons of these tables, whole persons."""
    who, bits, missing, n = [], [], [], 0
    total = sum(d.n for d in parts)
    for data in parts:
        codes = data.person_codes
        persons = int(codes.max()) + 1
        kept = np.zeros(persons, dtype=bool)
        kept[rng.permutation(persons)[: max(1, round(persons * min(1.0, most / total)))]] = True
        rows = np.flatnonzero(kept[codes])
        found = agreement.found(data.take(rows), case.exposed)
        who.append((np.cumsum(kept) - 1)[codes[rows]] + n)
        bits.append(found.bits)
        missing.append(found.missing)
        n += int(kept.sum())
    return _People(
        who=np.concatenate(who), bits=np.concatenate(bits), missing=np.concatenate(missing), n=n
    )


def _rule(unseen: _People) -> _Rule:
    """Return the rule that hits none of these, and would hit most copies."""
    best, rule = 0.0, _Rule(least=np.inf, lacking=0.0)
    for least in np.quantile(unseen.bits, _CUTS):
        rich = unseen.bits >= least
        lacking = _MARGIN * float(unseen.missing[rich].min())
        worth = float(rich.mean()) * min(1.0, lacking / _SLACK)
        if worth > best:
            best, rule = worth, _Rule(least=float(least), lacking=lacking)
    return rule


def _read(members: _People, unseen: _People) -> Interval:
    """Return the excess of hits, each half of the unseen judging by what the other taught."""
    half = np.arange(unseen.n) % 2 == 0
    hits, alarms = 0.0, 0
    for learn in (half, ~half):
        rule = _rule(unseen.half(learn))
        hits += members.hit(rule).sum() / 2
        alarms += int(unseen.half(~learn).hit(rule).sum())
    return difference(round(hits), members.n, alarms, unseen.n)


def _measurement(case: Case, streams: Streams, members: _People, unseen: _People) -> Measurement:
    n, codes = members.n, np.arange(unseen.n)
    able = np.flatnonzero(members.copied(np.arange(members.n), 0.0).hit(_rule(unseen)))
    sizes = [s for s in _SIZES if round(s * n) <= len(able)]
    rng = streams.child("plants").generator()

    def planter(lost: float) -> Callable[[float, np.random.Generator], bool]:
        def caught(size: float, rng: np.random.Generator) -> bool:
            wanted = min(len(able), max(1, round(size * n)))
            chosen = rng.choice(able, wanted, replace=False)
            return _read(members.copied(chosen, lost), unseen).low > 0

        return caught

    def halves(first: Codes, second: Codes) -> Interval:
        return _read(*(unseen.half(np.isin(codes, side)) for side in (first, second)))

    whole = detection(planter(0.0), rng, sizes)
    partly = detection(planter(_LOST), rng, sizes, name="copies that lack a twelfth of the record")
    null = null_line(halves, codes, 0.0, streams.child("null").generator())
    found = _read(members, unseen)
    measured = Measurement(
        metric=EXCESS,
        value=found.value,
        low=found.low,
        high=found.high,
        n=n,
        baseline=0.0,
        limit_of_detection=possible(whole, len(able) / n, _SIZES),
        details={
            "title": "Are people copied? Anyone, nearly",
            "meaning": "People nearly all of whose record is in one released row, less what "
            "chance gives people the generator never saw.",
            "distinctive": len(able) / n,
            "controls": [*whole.lines, *partly.lines, null],
        },
    )
    return fair(measured, shift_of(case))
