"""Worlds: the generator fitted again and again, each time to a random half of some people.

What the synthetic rows of such a world look like around a person, with and without them, is what
an attacker with the generator's code can practise on. Every world serves all people attacked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.evaluate.agreement import agreement_of
from assaymark.evaluate.neighbours import space_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.evaluate.agreement import Agreement
    from assaymark.evaluate.neighbours import Points, Space

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]

__all__ = [
    "Practice",
    "Targets",
    "Watch",
    "Worlds",
    "halves_of",
    "likelihood",
    "pool_of",
    "watch_of",
    "worlds_of",
]

_NEAREST, _ROWS = 5, 16_384
_BIT = 0.01
_PRIOR = 8.0  # worth of the typical spread, in worlds, when a person's own is estimated


class Targets(NamedTuple):
    """People attacked: their codes among the pool's persons, and one record of each."""

    persons: Codes
    records: Dataset


class Practice(NamedTuple):
    """How the attacker practises: persons in a fit, how many fits, and fitting and sampling."""

    persons: int
    worlds: int
    make: Callable[[Dataset, Streams], Dataset]


class Signs(NamedTuple):
    """Signs around each target, shape ``(targets, 4)``; ``copied``: were its record copied."""

    seen: Floats
    copied: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watch:
    """What is looked at in synthetic rows: targets as points, and the radius around each."""

    space: Space
    agreement: Agreement
    points: Points
    radius: Floats
    records: Dataset

    def signs(self, synthetics: Sequence[Dataset]) -> Signs:
        """Return log distance to the nearest row, to the nearest five, rows near, bits missing."""
        squared = np.full((len(self.points), _NEAREST), np.inf, dtype=np.float32)
        near = np.zeros(len(self.points))
        for made in synthetics:
            for start in range(0, made.n, _ROWS):
                rows = np.arange(start, min(start + _ROWS, made.n))
                block = self._squared(self.space.points(made.take(rows)))
                near += (block < np.square(self.radius)[:, None]).sum(axis=1)
                least = np.partition(block, min(_NEAREST, block.shape[1]) - 1, axis=1)
                both = np.hstack([squared, least[:, :_NEAREST]])
                squared = np.sort(both, axis=1)[:, :_NEAREST]
        distance = np.sqrt(np.maximum(np.where(np.isfinite(squared), squared, 1e3), 0.0))
        distance = np.where(distance < 3e-3, 0.0, distance).astype(np.float64)
        missing = self.agreement.found(self.records, synthetics).missing
        beside = np.hstack([np.zeros((len(near), 1)), distance[:, :-1]])
        return Signs(
            seen=_signs(distance, near, missing),
            copied=_signs(beside, near + 1, np.zeros(len(near))),
        )

    def _squared(self, made: Points) -> Points:
        norms = np.einsum("ij,ij->i", made, made)
        own = np.einsum("ij,ij->i", self.points, self.points)
        found = self.points @ (np.float32(-2) * made.T)
        found += norms
        found += own[:, None]
        return np.asarray(found, dtype=np.float32)


def watch_of(real: Sequence[Dataset], records: Dataset, radius: Floats) -> Watch:
    """Return the watch on ``records``, one per target; ``radius`` in the space of ``real``."""
    space = space_of(real)
    return Watch(
        space=space,
        agreement=agreement_of(real),
        points=space.points(records),
        radius=radius,
        records=records,
    )


def _signs(distance: Floats, near: Floats, missing: Floats) -> Floats:
    return np.stack(
        [
            np.log(distance[:, 0] + _BIT),
            np.log(distance.mean(axis=1) + _BIT),
            np.log1p(near),
            np.log1p(missing),
        ],
        axis=1,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worlds:
    """Who was inside each world, shape ``(worlds, targets)``, and the signs that it showed."""

    inside: Bools
    seen: Floats

    def without(self, world: int) -> Worlds:
        """Return all worlds but one."""
        keep = np.arange(len(self.inside)) != world
        return replace(self, inside=self.inside[keep], seen=self.seen[keep])


def pool_of(first: Dataset, second: Dataset) -> Dataset:
    """Return the rows of both, which share no person, with person codes from 0 on."""
    codes, start = [], 0
    for part in (first, second):
        own = part.person_codes
        codes.append(own + start)
        start += int(own.max(initial=-1)) + 1
    return Dataset(
        schema=first.schema,
        frame=pl.concat([first.frame, second.frame]),
        persons=np.concatenate(codes),
    )


def halves_of(
    pool: Dataset, targets: Targets, sizes: tuple[int, int], streams: Streams
) -> tuple[Bools, Iterator[Dataset]]:
    """Return who is inside each world, shape ``(worlds, targets)``, and the rows of each in turn.

    Each target is inside half of the times; others of the pool fill up.

    Parameters
    ----------
    sizes
        How many persons are in a world, and how many worlds there are.
    """
    persons, number = sizes
    rng = streams.child("who").generator()
    half = np.arange(number) < number // 2
    inside = np.stack([rng.permutation(half) for _ in targets.persons], axis=1)
    assert pool.persons is not None  # noqa: S101
    owners = pool.persons
    others = np.setdiff1d(np.unique(owners), targets.persons)

    def each() -> Iterator[Dataset]:
        for chosen in inside:
            fill = rng.permutation(others)[: max(0, persons - int(chosen.sum()))]
            who = np.concatenate([targets.persons[chosen], fill])
            yield pool.take(rng.permutation(np.flatnonzero(np.isin(owners, who))))

    return inside, each()


def worlds_of(
    pool: Dataset,
    targets: Targets,
    watch: Watch,
    practice: Practice,
    streams: Streams,
) -> Worlds:
    """Fit and sample again and again, each target inside half of the times.

    References
    ----------
    Carlini et al. (2022), Membership inference attacks from first principles, arXiv:2112.03570;
    Stadler, Oprisanu & Troncoso (2022), Synthetic data: anonymisation groundhog day.
    """
    inside, parts = halves_of(pool, targets, (practice.persons, practice.worlds), streams)
    seen = []
    for world, part in enumerate(parts):
        made = practice.make(part, streams.child("world", world))
        seen.append(watch.signs([made]).seen)
    return Worlds(inside=inside, seen=np.stack(seen))


def likelihood(worlds: Worlds, seen: Floats) -> Floats:
    """Return the log-likelihood ratio that each target was inside, given these signs of it.

    Signs are taken for normal, with one covariance for all targets after each sign was divided by
    the target's own spread. Each target's shift between outside and inside is drawn towards the
    mean shift by as much as its noise explains (empirical Bayes), the spreads towards the typical
    one.

    Parameters
    ----------
    seen
        Shape ``(targets, signs)``.
    """
    inside = worlds.inside[:, :, None]
    n_in, n_out = inside.sum(axis=0), (~inside).sum(axis=0)
    mean_in = (worlds.seen * inside).sum(axis=0) / n_in
    mean_out = (worlds.seen * ~inside).sum(axis=0) / n_out
    left = worlds.seen - np.where(inside, mean_in, mean_out)
    degrees = len(worlds.seen) - 2
    own = np.square(left).sum(axis=0) / degrees
    typical = np.median(own, axis=0)
    spread = np.sqrt((_PRIOR * typical + degrees * own) / (_PRIOR + degrees)) + 1e-3
    z = (left / spread).reshape(-1, left.shape[2])
    within = z.T @ z / len(z) + 1e-3 * np.eye(z.shape[1])
    shift = (mean_in - mean_out) / spread
    noise = float(np.mean(1 / n_in + 1 / n_out))
    between = np.maximum(shift.var(axis=0) - noise, 0.0)
    shift = shift.mean(axis=0) + between / (between + noise) * (shift - shift.mean(axis=0))
    centred = (seen - (mean_in + mean_out) / 2) / spread
    return np.asarray(np.einsum("ij,ij->i", shift @ np.linalg.inv(within), centred))
