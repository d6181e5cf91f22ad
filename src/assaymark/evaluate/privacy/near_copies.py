"""Near copies: whether single synthetic rows repeat all or a large part of people of train."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
import polars as pl

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
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
from assaymark.evaluate.exposure import Called, exposure_of
from assaymark.evaluate.fragments import closeness_of, unlinked
from assaymark.evaluate.isolation import sides_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.fragments import Closeness
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
_ONE_OF = 2_500  # people never seen, one of whom may be hit where a rule is learnt
_LOST, _PART = 1 / 12, 1 / 2
_SLACK = 4.0  # bits: about what a column with 16 equally frequent values is worth


@component
class NearCopies:
    """Shares of people whose record one synthetic row repeats, nearly or in part, less unseen.

    What a record says is counted in bits (see :mod:`assaymark.evaluate.agreement`). A person is
    hit if a synthetic row lacks clearly fewer bits of the record (four fifths) than any does of
    one half of the people whom the generator did not see; of a half of 2,500 or more, fewer than
    of all but one in 2,500. False hits are counted on their other half, and both ways.
    Records that say too little are left out where chance repeats them: how little is learnt from
    the same half. So jittered copies count, those with one column changed or swapped, and exact
    ones, also of people in the crowd.
    A person is hit by a part, too: if one row repeats more bits of the record, numbers counted
    closely (see :mod:`assaymark.evaluate.fragments`), than any does of that half, and than any
    does of train people once each synthetic column is permuted by itself, by four bits. So copies
    of half of the columns count, and those spread over two rows, as long as a part holds several
    long numbers or rare values; that single values of train come out again does not. Tables with
    many rows are attacked on a random part of the people.

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
            pitfalls="A part of a record that says little, a few common categories or rounded "
            "numbers, escapes; attribute_inference looks for it. In tables where records say "
            "little, hardly any copy can be told from chance, and the report says how many.",
            meaning="Share of train people of whose record one synthetic row repeats nearly all, "
            "or a larger part than chance would, less the same share of people who were not in "
            "train; 0 is no leak.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the excess of near copies."""
        reason = why_no_attack(case)
        if reason:
            yield Measurement.missing(EXCESS, reason)
            return
        real = [case.train, *sides_of(case)[:2]]
        rng = streams.child("unlinked").generator()
        made = _Made(
            closeness=closeness_of(real),
            rows=case.exposed,
            unlinked=tuple(unlinked(s, rng) for s in case.exposed),
        )
        rng = streams.child("targets").generator()
        members, ours = _people(real[:1], made, rng)
        unseen, theirs = _people(real[1:], made, rng)
        found = _measurement(case, streams, members, unseen)
        flags = _flags(members, unseen)
        groups = exposure_of(case, Called(ours, flags[0]), Called(theirs, flags[1]))
        yield replace(found, details={**found.details, "groups": groups, "hit": "copied nearly"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Made:
    """The synthetic rows, the same with each column permuted by itself, and how to compare."""

    closeness: Closeness
    rows: tuple[Dataset, ...]
    unlinked: tuple[Dataset, ...]

    @property
    def most(self) -> int:
        """How many rows of people are looked at, on each side."""
        return _MOST_OF_MANY if sum(s.n for s in self.rows) > _MANY else _MOST


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _People:
    """Rows of ``n`` persons: whose each is, its bits, and those the synthetic rows lack.

    ``part`` are the bits, numbers counted closely, that one synthetic row repeats, and ``whole``
    those that a copy would; ``chance`` are the most that an unlinked row repeats of any of these.
    """

    who: Codes
    bits: Floats
    missing: Floats
    part: Floats
    whole: Floats
    chance: float
    n: int

    def hit(self, rule: _Rule) -> Bools:
        """Return who is hit, shape ``(n,)``."""
        nearly = (self.bits >= rule.least) & (self.missing < rule.lacking)
        hits = nearly | (self.part > rule.part)
        return np.bincount(self.who, weights=hits, minlength=self.n) > 0

    def half(self, chosen: Bools) -> _People:
        """Return these persons, with codes of their own."""
        rows, code = chosen[self.who], np.cumsum(chosen) - 1
        return replace(
            self,
            who=code[self.who[rows]],
            bits=self.bits[rows],
            missing=self.missing[rows],
            part=self.part[rows],
            whole=self.whole[rows],
            n=int(chosen.sum()),
        )

    def copied(self, people: Codes, lost: float) -> _People:
        """Return the same, as if all but a share ``lost`` of these persons' rows were copied."""
        theirs = np.isin(self.who, people)
        missing = np.where(theirs, np.minimum(self.missing, lost * self.bits), self.missing)
        part = np.where(theirs, np.maximum(self.part, (1 - lost) * self.whole), self.part)
        return replace(self, missing=missing, part=part)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """Records of at least so many bits, of which fewer than so many lack, or more than a part."""

    least: float
    lacking: float
    part: float


def _people(
    parts: Sequence[Dataset], made: _Made, rng: np.random.Generator
) -> tuple[_People, Dataset]:
    """Return some of the persons of these tables, all rows of each, and a record of each."""
    records = []
    total = sum(d.n for d in parts)
    who, n = [], 0
    found: list[tuple[Floats, ...]] = []
    for data in parts:
        codes = data.person_codes
        persons = int(codes.max()) + 1
        wanted = max(1, round(persons * min(1.0, made.most / total)))
        kept = np.zeros(persons, dtype=bool)
        kept[rng.permutation(persons)[:wanted]] = True
        rows = np.flatnonzero(kept[codes])
        theirs = (np.cumsum(kept) - 1)[codes[rows]]
        records.append(data.frame[rows[np.unique(theirs, return_index=True)[1]]])
        who.append(theirs + n)
        found.append(_found(data.take(rows), made))
        n += int(kept.sum())
    bits, missing, part, whole, chance = (np.concatenate(x) for x in zip(*found, strict=True))
    people = _People(
        who=np.concatenate(who),
        bits=bits,
        missing=missing,
        part=part,
        whole=whole,
        chance=float(chance.max(initial=0.0)),
        n=n,
    )
    return people, replace(parts[0], frame=pl.concat(records), persons=None)


def _found(records: Dataset, made: _Made) -> tuple[Floats, ...]:
    """Return bits, missing, part and whole of each record, and the part in unlinked rows."""
    close = made.closeness
    found = close.agreement.found(records, made.rows)
    part = np.maximum(found.bits - found.missing, close.most(records, made.rows))
    chance = close.most(records, made.unlinked)
    return found.bits, found.missing, part, close.whole(records), chance


def _rule(unseen: _People, chance: float) -> _Rule:
    """Return the rule that hits next to none of these, and would hit most copies.

    None, with a margin; where there are many, one of 2,500, and the next marks the limit.
    """
    aside = unseen.n // _ONE_OF
    part = max(float(unseen.part.max()), unseen.chance, chance) + _SLACK
    best, rule = 0.0, _Rule(least=np.inf, lacking=0.0, part=part)
    for least in np.quantile(unseen.bits, _CUTS):
        rich = unseen.bits >= least
        lacking = _limit(unseen.missing[rich], aside)
        worth = float(rich.mean()) * min(1.0, lacking / _SLACK)
        if worth > best:
            best, rule = worth, _Rule(least=float(least), lacking=lacking, part=part)
    return rule


def _limit(missing: Floats, aside: int) -> float:
    """Return how few bits a synthetic row may lack, so that at most ``aside`` records are hit."""
    place = min(aside, len(missing) - 1)
    found = float(np.partition(missing, place)[place])
    return found if place else _MARGIN * found


class _Control(NamedTuple):
    """What each half of ``n`` unseen people taught, and how many of the other half it hits."""

    rules: tuple[_Rule, ...]
    alarms: int
    n: int

    def excess(self, members: _People) -> Interval:
        """Return the share of members hit, on average of the rules, less that of the unseen."""
        hits = sum(float(members.hit(rule).sum()) for rule in self.rules) / len(self.rules)
        return difference(round(hits), members.n, self.alarms, self.n)


def _control(unseen: _People, chance: float) -> _Control:
    half = np.arange(unseen.n) % 2 == 0
    rules, alarms = [], 0
    for learn in (half, ~half):
        rules.append(_rule(unseen.half(learn), chance))
        alarms += int(unseen.half(~learn).hit(rules[-1]).sum())
    return _Control(tuple(rules), alarms, unseen.n)


def _flags(members: _People, unseen: _People) -> tuple[Bools, Bools]:
    """Return who is hit on either side, everybody by a rule that one half of the unseen taught."""
    half = np.arange(unseen.n) % 2 == 0
    ours, theirs = np.zeros(members.n, dtype=bool), np.zeros(unseen.n, dtype=bool)
    for place, learn in enumerate((half, ~half)):
        rule = _rule(unseen.half(learn), members.chance)
        ours[place::2] = members.hit(rule)[place::2]
        theirs[~learn] = unseen.hit(rule)[~learn]
    return ours, theirs


def _measurement(case: Case, streams: Streams, members: _People, unseen: _People) -> Measurement:
    n, codes = members.n, np.arange(unseen.n)
    control, rule = _control(unseen, members.chance), _rule(unseen, members.chance)
    able = np.flatnonzero(members.copied(np.arange(members.n), 0.0).hit(rule))
    sizes = [s for s in _SIZES if max(1, round(s * n)) <= len(able)]
    rng = streams.child("plants").generator()

    def planter(lost: float) -> Callable[[float, np.random.Generator], bool]:
        def caught(size: float, rng: np.random.Generator) -> bool:
            wanted = min(len(able), max(1, round(size * n)))
            chosen = rng.choice(able, wanted, replace=False)
            return control.excess(members.copied(chosen, lost)).low > 0

        return caught

    def halves(first: Codes, second: Codes) -> Interval:
        people, others = (unseen.half(np.isin(codes, side)) for side in (first, second))
        return _control(others, unseen.chance).excess(people)

    whole = detection(planter(0.0), rng, sizes)
    partly = detection(planter(_LOST), rng, sizes, name="copies that lack a twelfth of the record")
    half = detection(planter(_PART), rng, sizes, name="copies of half of the record")
    null = null_line(halves, codes, 0.0, streams.child("null").generator())
    found = control.excess(members)
    measured = Measurement(
        metric=EXCESS,
        value=found.value,
        low=found.low,
        high=found.high,
        n=n,
        baseline=0.0,
        limit_of_detection=possible(whole, len(able) / n, _SIZES),
        details={
            "title": "Are people copied? Anyone, nearly or in part",
            "meaning": "People of whose record one released row has nearly all, or a larger part "
            "than chance, less the same for people the generator never saw.",
            "distinctive": len(able) / n,
            "controls": [*whole.lines, *partly.lines, *half.lines, null],
        },
    )
    return fair(measured, shift_of(case))
