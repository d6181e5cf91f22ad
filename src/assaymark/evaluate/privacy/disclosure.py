"""Disclosure: the tables of statistical disclosure control, held against people never seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import (
    SIZES,
    detection,
    fair,
    hits_difference,
    null_line,
    possible,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.disclosure_tables import (
    Original,
    attribute,
    keys_of,
    unique_people,
)
from assaymark.evaluate.isolation import sides_of
from assaymark.evaluate.knowledge import coded_columns, keys_and_targets
from assaymark.evaluate.statistics import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.knowledge import Coded, Known

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]

__all__ = ["Disclosure"]

UNIQUES, UNIQUES_EXCESS = "disclosure.replicated_uniques", "disclosure.replicated_uniques_excess"
DISCO, DISCO_EXCESS = "disclosure.disco", "disclosure.disco_excess"
_SIZES = (0.005, 0.008, *SIZES)
_NO_KEYS = "no two columns could serve as the key of a person"
_RAW = (
    "what holds for anybody counts as a leak in it, so that a perfect generator can have a high "
    "figure; use the excess over people the generator did not see"
)


@component
class Disclosure:
    """Replicated uniques, and targets that the key of a person discloses, train less unseen.

    The attacker knows the key of a person: the quasi-identifiers, or where fewer than two are
    declared the protected columns and those that tell people apart best, four in all; numbers in
    twentieths.
    Replicated uniques: people whose key nobody else of all real people has and exactly one row
    of a released table has. DiSCO: people whose key is found and all synthetic rows with it agree
    on the target, rightly; targets are the sensitive and target columns, else the four least
    certain.

    Each excess is the figure of train less that of the people of holdout and reference. Uniqueness
    counts among all real people together, so that both sides have the same chance whatever their
    numbers. The raw figures are those of the literature: unique among train alone, of all train
    people, with UiO, UiOiS, Dorig, iS, DiS, DiSDiO, DCAP and TCAP (WEAP = 1) in the details.
    Plants are exact copies. Rows that give a secret away by other columns than the key escape.

    References
    ----------
    Raab, Nowok & Dibben (2024), Practical privacy metrics for synthetic data, arXiv:2406.16826.
    Taub, Elliot, Pampaka & Smith (2018), Differential correct attribution probability for
    synthetic data, for DCAP and TCAP.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=UNIQUES,
            title="Replicated uniques",
            unit="share of people",
            better="lower",
            meaning="Share of train people whose key is unique in train and in the synthetic rows.",
            gate=False,
            why_not=_RAW,
        ),
        Quantity(
            name=DISCO,
            title="Disclosive and correct (DiSCO)",
            unit="share of people",
            better="lower",
            meaning="Share of train people for whom all synthetic rows with their key agree on "
            "the target, rightly.",
            gate=False,
            why_not=_RAW,
        ),
        Quantity(
            name=UNIQUES_EXCESS,
            title="Unique people replicated",
            unit="share of people",
            better="lower",
            pitfalls="Little power: planted copies of 25 outliers or of 5 % of people do not show. "
            "It answers what statistical offices ask first, and replaces no attack.",
            meaning="Share of train people with a key that no other real person has and exactly "
            "one synthetic row has, less the same share of unseen people; 0 is no leak.",
        ),
        Quantity(
            name=DISCO_EXCESS,
            title="Targets disclosed by the key",
            unit="share of people",
            better="lower",
            pitfalls="Little power: planted copies of 25 outliers or of 5 % of people do not show. "
            "It rests on the key that was declared or chosen.",
            meaning="Share of train people for whom all synthetic rows with their key agree on "
            "the target, rightly, less the same share of unseen people; 0 is no leak.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield uniques, then attributions target by target."""
        reason = why_no_attack(case)
        if reason:
            for name in (UNIQUES, UNIQUES_EXCESS):
                yield Measurement.missing(name, reason)
            for name in (DISCO, DISCO_EXCESS):
                yield Measurement.missing(name, reason, "column:*")
            return
        real = [case.train, *sides_of(case)[:2]]
        coded = coded_columns([*real, *case.exposed], len(real))
        known = keys_and_targets(case.train, coded, len(real))
        yield from _uniques(_scene(case, real, coded, known, known.keys), streams)
        yield from _attributions(case, real, coded, known, streams)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    """Keys of train, of all real people (train first), and of each replicate."""

    case: Case
    keys: tuple[str, ...]
    declared: bool
    train: Original
    real: Original
    made: tuple[Codes, ...]

    def split(self, people: Bools) -> tuple[Bools, Bools]:
        """Return the values of train people, and of the unseen."""
        return people[: self.train.n], people[self.train.n :]


def _scene(
    case: Case,
    real: Sequence[Dataset],
    coded: Sequence[Coded],
    known: Known,
    keys: tuple[str, ...],
    target: str = "",
) -> _Scene | None:
    """Return the scene for these keys, or None where there are too few columns for a key."""
    by_name = {c.name: c.tables for c in coded}
    if len(keys) < 1 or len(coded) < 2:
        return None
    parts = zip(*(by_name[name] for name in keys), strict=True)
    codes = keys_of(*([*columns] for columns in parts))
    wanted = by_name[target] if target else tuple(np.zeros_like(c) for c in codes)
    who, n = _who(real)
    k = len(real)
    return _Scene(
        case=case,
        keys=keys,
        declared=known.declared,
        train=Original(keys=codes[0], targets=wanted[0], who=who[0], n=n[0]),
        real=Original(
            keys=np.concatenate(codes[:k]),
            targets=np.concatenate(wanted[:k]),
            who=np.concatenate(who),
            n=sum(n),
        ),
        made=codes[k:],
    )


def _who(tables: Sequence[Dataset]) -> tuple[list[Codes], list[int]]:
    """Return whose each row is, numbered through all tables, and how many persons each has."""
    who: list[Codes] = []
    n: list[int] = []
    for data in tables:
        codes = data.person_codes
        who.append(codes + sum(n))
        n.append(int(codes.max(initial=-1)) + 1)
    return who, n


def _uniques(scene: _Scene | None, streams: Streams) -> Iterator[Measurement]:
    if scene is None:
        yield Measurement.missing(UNIQUES, _NO_KEYS)
        yield Measurement.missing(UNIQUES_EXCESS, _NO_KEYS)
        return
    raw = unique_people(scene.train, scene.made)
    keys: list[Json] = list(scene.keys)
    shares: dict[str, Json] = {
        "uio": float(raw.unique.mean()),
        "uiois": float(raw.found.mean()),
        "keys": keys,
        "keys_declared": scene.declared,
    }
    yield _raw(UNIQUES, "table", raw.replicated, shares)
    found = unique_people(scene.real, scene.made)
    hits, alarms = scene.split(found.replicated)
    able = scene.split(found.replicated | found.absent)[0]
    title = "Are unique people found again by their key?"
    yield _excess(scene, streams, "table", (hits, alarms), able, {"title": title, **shares})


def _attributions(
    case: Case, real: Sequence[Dataset], coded: Sequence[Coded], known: Known, streams: Streams
) -> Iterator[Measurement]:
    done = 0
    for target in known.targets:
        keys = tuple(name for name in known.keys if name != target)
        scene = _scene(case, real, coded, known, keys, target)
        if scene is None:
            continue
        done += 1
        yield from _attribution(scene, target, coded, len(real), streams)
    if not done:
        few = "no column of at least two values is left as a target beside the key"
        yield Measurement.missing(DISCO, few, "column:*")
        yield Measurement.missing(DISCO_EXCESS, few, "column:*")


def _attribution(
    scene: _Scene, target: str, coded: Sequence[Coded], n_real: int, streams: Streams
) -> Iterator[Measurement]:
    tables = next(c.tables for c in coded if c.name == target)
    made = np.concatenate(scene.made), np.concatenate(tables[n_real:])
    raw, found = attribute(scene.train, *made), attribute(scene.real, *made)
    keys: list[Json] = list(scene.keys)
    hits, alarms = scene.split(found.correct)
    shares: dict[str, Json] = {
        "dorig": float(raw.in_original.mean()),
        "is": float(raw.found.mean()),
        "dis": float(raw.disclosive.mean()),
        "disdio": float(raw.both.mean()),
        "dcap": float(raw.probability.mean()),
        "dcap_of_unseen": float(found.probability[scene.train.n :].mean()),
        "tcap": raw.tcap,
        "keys": keys,
        "keys_declared": scene.declared,
    }
    subject = f"column:{target}"
    yield _raw(DISCO, subject, raw.correct, shares, floor=float(alarms.mean()))
    title = f"Does the key of a person disclose {target}?"
    able = scene.split(found.exposed)[0]
    yield _excess(scene, streams, subject, (hits, alarms), able, {"title": title, **shares})


def _raw(
    metric: str, subject: str, hits: Bools, shares: dict[str, Json], floor: float | None = None
) -> Measurement:
    found = clopper_pearson(int(hits.sum()), len(hits))
    return Measurement(
        metric=metric,
        subject=subject,
        value=found.value,
        low=found.low,
        high=found.high,
        n=len(hits),
        floor=floor,
        details=shares,
    )


def _excess(
    scene: _Scene,
    streams: Streams,
    subject: str,
    sides: tuple[Bools, Bools],
    able: Bools,
    details: dict[str, Json],
) -> Measurement:
    """Return the excess of hits, with plants of exact copies of ``able`` members."""
    (hits, alarms), people = sides, np.flatnonzero(able)
    metric = DISCO_EXCESS if subject.startswith("column:") else UNIQUES_EXCESS
    streams, n = streams.child(metric, subject), len(sides[0])

    def caught(size: float, rng: np.random.Generator) -> bool:
        planted = hits.copy()
        planted[rng.choice(people, max(1, round(size * n)), replace=False)] = True
        return hits_difference(planted, alarms).low > 0

    sizes = [s for s in _SIZES if max(1, round(s * n)) <= len(people)]
    proof = detection(caught, streams.child("plants").generator(), sizes)
    null = null_line(hits_difference, alarms, 0.0, streams.child("null").generator())
    found = hits_difference(hits, alarms)
    measured = Measurement(
        metric=metric,
        subject=subject,
        value=found.value,
        low=found.low,
        high=found.high,
        n=n,
        baseline=0.0,
        limit_of_detection=possible(proof, len(people) / n, _SIZES),
        details={
            **details,
            "of_members": float(hits.mean()),
            "of_unseen": float(alarms.mean()),
            "unseen": len(alarms),
            "controls": [*proof.lines, null],
        },
    )
    return fair(measured, shift_of(scene.case))
