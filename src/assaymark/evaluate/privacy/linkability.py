"""Linkability: whether synthetic rows show that two partial records are of one person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import polars as pl

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import (
    SIZES,
    detection,
    fair,
    mean_difference,
    null_line,
    possible,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.exposure import Called, exposure_of
from assaymark.evaluate.isolation import sides_of
from assaymark.evaluate.links import linked, nearest_rows
from assaymark.evaluate.neighbours import space_of
from assaymark.evaluate.risk import random_link, residual_risk
from assaymark.evaluate.statistics import Interval, symmetric

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.neighbours import Space

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Points = NDArray[np.float32]

__all__ = ["Linkability"]

RATE, EXCESS, EXCESS_NEAR = "linkability.rate", "linkability.excess", "linkability.excess_near"
_NEAR, _SPLITS, _ABLE = 5, 3, 0.5
_MOST, _FEWER, _PAIRS, _ROWS = 3_000, 1_500, 7.5e7, 100_000
_SIZES = (0.005, 0.008, *SIZES)
_NO_SPLIT = "a record of one column has no two halves that could be linked"


@component
class Linkability:
    """Shares of people whose two half records lead to one synthetic row, train less unseen.

    The attacker holds two records without a name, with different columns of the table, and takes
    them for one person's if one synthetic row is nearest to both (or is among the five nearest
    to both). Columns are split in two halves at random, three times; a person counts as a third
    for each split that links. Of equally near rows the first in a random order is taken. One row
    of each person; at most 3,000 people a side, half as many where there are many synthetic rows,
    of which at most 100,000 are searched.
    The baseline of the rate is what two rows taken at random would link. Plants are exact copies
    of people whose halves few synthetic rows have by chance: among many equals a copy links
    nothing.

    Synthetic data seldom link more than chance does; tables where only some columns are synthetic
    may.

    References
    ----------
    Article 29 Working Party (2014), Opinion 05/2014 on anonymisation techniques (WP216),
    section 2.2: linkability.
    Giomi et al. (2023), A unified framework for quantifying privacy risk in synthetic data.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=RATE,
            title="Partial records linked",
            unit="share of people",
            better="lower",
            meaning="Share of train people both halves of whose record are nearest to the same "
            "synthetic row.",
            gate=False,
            why_not="columns that hang together link the halves of anybody's record; use the "
            "excess over people the generator did not see",
        ),
        Quantity(
            name=EXCESS,
            title="Partial records linked beyond chance",
            unit="share of people",
            better="lower",
            pitfalls="Two halves of the columns, in a few ways of halving; who holds other pieces "
            "may do better. Rare for fully synthetic rows: a good figure says little "
            "about other risks.",
            meaning="Share of train people both halves of whose record are nearest to the same "
            "synthetic row, less the same share of unseen people; 0 is no leak.",
        ),
        Quantity(
            name=EXCESS_NEAR,
            title="Partial records linked beyond chance, by five rows",
            unit="share of people",
            better="lower",
            pitfalls="Two halves of the columns, in a few ways of halving; who holds other pieces "
            "may do better.",
            meaning="Share of train people of whose record both halves have a synthetic row in "
            "common among their five nearest, less the same share of unseen people; 0 is no leak.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the rate, then the excess for one and for five nearest rows."""
        reason = why_no_attack(case)
        scene = None if reason else _scene(case, streams)
        if scene is None:
            for name in (RATE, EXCESS, EXCESS_NEAR):
                yield Measurement.missing(name, reason or _NO_SPLIT)
            return
        rate = _mean(scene.sides[0].linked[1])
        yield Measurement(
            metric=RATE,
            value=rate.value,
            low=rate.low,
            high=rate.high,
            n=scene.sides[0].n,
            floor=float(scene.sides[1].linked[1].mean()),
            baseline=random_link(scene.rows, 1),
        )
        for name, k in ((EXCESS, 1), (EXCESS_NEAR, _NEAR)):
            yield _measurement(case, scene, name, k, streams.child(name))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Side:
    """Of ``n`` people: a record, and the share of splits that link, for k nearest rows, ``(n,)``.

    ``copied`` is the chance that a split would link, were the person copied, ``(splits, n)``;
    ``by_split`` are the links themselves.
    """

    records: Dataset
    linked: dict[int, Floats]
    by_split: dict[int, Floats]
    copied: dict[int, Floats]
    n: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    """Train and unseen people; how many synthetic rows are searched, and their share of all."""

    sides: tuple[_Side, _Side]
    rows: int
    share: float
    splits: int


def _scene(case: Case, streams: Streams) -> _Scene | None:
    rng = streams.child("targets").generator()
    real = [case.train, *sides_of(case)[:2]]
    space = space_of(real)
    halves = _halves(space, streams.child("splits").generator())
    if not halves:
        return None
    made = np.vstack([space.points(s) for s in case.exposed])
    searched = made[rng.permutation(len(made))[:_ROWS]]
    most = int(np.clip(_PAIRS / 2 / len(searched), _FEWER, _MOST))
    members = _some(real[0], most, rng)
    unseen = [_some(d, most, rng) for d in real[1:]]
    pooled = replace(unseen[0], frame=pl.concat([d.frame for d in unseen]))
    drawn = pooled.take(np.sort(rng.permutation(pooled.n)[:most]))
    return _Scene(
        sides=(
            _side(members, space, searched, halves),
            _side(drawn, space, searched, halves),
        ),
        rows=len(searched),
        share=len(searched) / len(made),
        splits=len(halves),
    )


def _some(data: Dataset, most: int, rng: np.random.Generator) -> Dataset:
    """Return one row each of at most ``most`` persons."""
    one = data.one_row_each(rng)
    return one.take(np.sort(rng.permutation(one.n)[:most]))


def _halves(space: Space, rng: np.random.Generator) -> list[tuple[Codes, Codes]]:
    """Return splits of the coordinates in two, by column; each another one, at most three."""
    n = len(space.columns)
    found: dict[frozenset[int], tuple[Codes, Codes]] = {}
    for _ in range(4 * _SPLITS if n > 1 else 0):
        first = frozenset(rng.permutation(n)[: n // 2].tolist())
        other = frozenset(range(n)) - first
        if first not in found and other not in found and len(found) < _SPLITS:
            inside = np.isin(space.owners, list(first))
            found[first] = (np.flatnonzero(inside), np.flatnonzero(~inside))
    return list(found.values())


def _side(
    records: Dataset, space: Space, made: Points, halves: Sequence[tuple[Codes, Codes]]
) -> _Side:
    people = space.points(records)
    links: dict[int, list[Floats]] = {1: [], _NEAR: []}
    copied: dict[int, list[Floats]] = {1: [], _NEAR: []}
    for columns in halves:
        near = [nearest_rows(people[:, c], made[:, c], _NEAR) for c in columns]
        rivals = near[0].equal + near[1].equal
        for k in links:
            links[k].append(linked(near[0], near[1], k).astype(np.float64))
            copied[k].append(np.minimum(1.0, k / (1.0 + rivals)))
    by_split = {k: np.array(v) for k, v in links.items()}
    return _Side(
        records=records,
        linked={k: v.mean(axis=0) for k, v in by_split.items()},
        by_split=by_split,
        copied={k: np.array(v) for k, v in copied.items()},
        n=len(people),
    )


def _measurement(case: Case, scene: _Scene, name: str, k: int, streams: Streams) -> Measurement:
    members, unseen = scene.sides
    own, others = members.linked[k], unseen.linked[k]

    able = np.flatnonzero(members.copied[k].mean(axis=0) >= _ABLE)

    def caught(size: float, rng: np.random.Generator) -> bool:
        chosen = rng.choice(able, max(1, round(size * members.n)), replace=False)
        planted = members.by_split[k].copy()
        drawn = rng.random((scene.splits, len(chosen))) < members.copied[k][:, chosen]
        drawn &= rng.random(len(chosen)) < scene.share
        planted[:, chosen] = np.maximum(planted[:, chosen], drawn)
        return mean_difference(planted.mean(axis=0), others).low > 0

    sizes = [s for s in _SIZES if max(1, round(s * members.n)) <= len(able)]
    proof = detection(caught, streams.child("plants").generator(), sizes)
    null = null_line(mean_difference, others, 0.0, streams.child("null").generator())
    found = mean_difference(own, others)
    left = others.mean() < 1
    residual: list[Json] = [*residual_risk(_mean(own), _mean(others))] if left else []
    measured = Measurement(
        metric=name,
        value=found.value,
        low=found.low,
        high=found.high,
        n=members.n,
        baseline=0.0,
        limit_of_detection=possible(proof, len(able) / members.n, _SIZES),
        details={
            "title": f"Can partial records be linked? By {k} nearest row{'s' * (k > 1)}",
            "meaning": "People both halves of whose record lead to the same released row, less "
            "what chance does for people the generator never saw.",
            "of_members": float(own.mean()),
            "of_unseen": float(others.mean()),
            "by_chance": random_link(scene.rows, k),
            "residual": residual,
            "linkable": len(able) / members.n,
            "rows_searched": scene.rows,
            "unseen": unseen.n,
            "groups": exposure_of(
                case, Called(members.records, own), Called(unseen.records, others)
            ),
            "hit": "linked",
            "controls": [*proof.lines, null],
        },
    )
    return fair(measured, shift_of(case))


def _mean(shares: Floats) -> Interval:
    """Return the mean of shares, its interval kept from being certain by one person more."""
    n = len(shares)
    error = float(np.sqrt((float(shares.var()) + 1 / n) / n))
    found = symmetric(float(shares.mean()), error)
    return Interval(found.value, max(found.low, 0.0), min(found.high, 1.0))
