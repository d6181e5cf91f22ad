"""Siege: whom an attacker who refits the generator attacks, and what the fits give away.

Whoever makes the rows of each fit, people and fits are the same for the same random numbers, so
that tools are attacked alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.evaluate.contest import auc
from assaymark.evaluate.isolation import isolated, scene_of, sides_of
from assaymark.evaluate.statistics import Interval, symmetric
from assaymark.evaluate.worlds import Targets, likelihood, pool_of, watch_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.worlds import Watch, Worlds

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = [
    "LOW_ALARMS",
    "SUBJECTS",
    "Leak",
    "Siege",
    "leak_of",
    "mean_over_worlds",
    "scores_in",
    "siege_of",
]

SUBJECTS = ("table", "records:isolated")
_PEOPLE = 400
LOW_ALARMS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Siege:
    """People attacked, and what every fit needs.

    ``member`` and each of ``subjects`` have an entry per target: whether it is of train, and
    whether it belongs to that subject. ``persons`` is how many are in a fit.
    """

    member: Bools
    subjects: dict[str, Bools]
    targets: Targets
    watch: Watch
    pool: Dataset
    persons: int


def siege_of(case: Case, streams: Streams) -> Siege:
    """Return random and most isolated members, and controls as many and as isolated."""
    holdout = sides_of(case)[0]
    scene = scene_of(case)
    rng = streams.child("targets").generator()
    lone = isolated(scene.members, scene.controls, _PEOPLE)
    drawn = tuple(rng.permutation(p.n)[:_PEOPLE] for p in (scene.members, scene.controls))
    both = [
        np.union1d(rng.permutation(x)[: 2 * _PEOPLE], y) for x, y in zip(lone, drawn, strict=True)
    ]
    records = pool_of(
        case.train.take(scene.members.record[both[0]]),
        holdout.take(scene.controls.record[both[1]]),
    )
    radius = [p.isolation[i] for p, i in zip((scene.members, scene.controls), both, strict=True)]
    subjects = {
        subject: np.concatenate([np.isin(b, x) for b, x in zip(both, wanted, strict=True)])
        for subject, wanted in zip(SUBJECTS, (drawn, lone), strict=True)
    }
    return Siege(
        member=np.repeat([True, False], [len(b) for b in both]),
        subjects=subjects,
        targets=Targets(np.concatenate([both[0], scene.members.n + both[1]]), records),
        watch=watch_of([case.train, holdout], records, np.maximum(np.concatenate(radius), 1e-3)),
        pool=pool_of(case.train, holdout),
        persons=scene.members.n,
    )


def scores_in(worlds: Worlds) -> Floats:
    """Return each target's log-likelihood ratio in each world, with the help of all others."""
    return np.stack([likelihood(worlds.without(w), seen) for w, seen in enumerate(worlds.seen)])


class Leak(NamedTuple):
    """What each world gives away: its AUC, and the share inside recognised at 1 % false alarms.

    The threshold for the share is one for all worlds.
    """

    aucs: Floats
    shares: Floats


def leak_of(inside: Bools, score: Floats) -> Leak:
    """Return what scores tell of who was inside, both of shape ``(worlds, targets)``."""
    threshold = np.quantile(score[~inside], 1 - LOW_ALARMS, method="higher")
    worlds = list(zip(score, inside, strict=True))
    return Leak(
        aucs=np.array([auc(s[i], s[~i]).value for s, i in worlds]),
        shares=np.array([(s[i] > threshold).mean() for s, i in worlds]),
    )


def mean_over_worlds(each: Floats) -> Interval:
    """Return the mean of one value per world, with its t interval."""
    error = float(each.std(ddof=1) / np.sqrt(len(each)))
    return symmetric(float(each.mean()), error, degrees=len(each) - 1)
