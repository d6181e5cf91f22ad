"""Isolation: how far each person is from others, so that members meet equally isolated controls.

One record speaks for each person: the most isolated one. What attacks share (distances to the
synthetic rows, to the reference, to other people) is worked out once per case.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from assaymark.evaluate.neighbours import nearest, row_keys, space_of
from assaymark.evaluate.statistics import persons_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.evaluate.neighbours import Points

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["FEWEST", "People", "Scene", "most_isolated", "scene_of"]

FEWEST = 30
"""Attacks on fewer people than this, or against fewer controls, get a reason and no figure."""

_ANCHORS, _NEIGHBOURS, _REFERENCE = 4_000, 5, 6_000
_BIT = 0.01  # distances below a hundredth of one differing column count alike


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """One row per person of a table, each array of shape ``(persons,)``.

    ``score`` is the attacker's: the logarithm of the distance to the reference over that to the
    synthetic rows, largest over the person's records; ``planted_score`` the same, were each of them
    copied into the synthetic rows. ``isolation``, ``synthetic`` and ``reference`` belong to the
    most isolated record. ``copied``: a record without equal among other real people equals a
    synthetic row.
    """

    score: Floats
    planted_score: Floats
    isolation: Floats
    synthetic: Floats
    copied: Bools

    @property
    def n(self) -> int:
        """Number of persons."""
        return len(self.score)

    def take(self, rows: NDArray[np.int64]) -> People:
        """Return these persons, in this order."""
        return People(
            score=self.score[rows],
            planted_score=self.planted_score[rows],
            isolation=self.isolation[rows],
            synthetic=self.synthetic[rows],
            copied=self.copied[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """What attacks on one case share: train people, and control people the attacker lacks.

    ``from_train`` and ``from_holdout`` are each synthetic row's distance to its nearest row
    there; ``borrowed`` says that half of the holdout had to serve as the reference.
    """

    members: People
    controls: People
    from_train: Floats
    from_holdout: Floats
    borrowed: bool


@lru_cache(maxsize=1)
def scene_of(case: Case) -> Scene:
    """Return the distances behind every attack on ``case``; needs a holdout."""
    holdout, reference, borrowed = _sides(case)
    real = [case.train, holdout, reference]
    space = space_of(real)
    train, out, ref = (space.points(d) for d in real)
    made = np.vstack([space.points(s) for s in case.synthetics])
    anchors, owners = _anchors([train, out, ref], real)
    keys = [row_keys(d) for d in real]
    made_keys = np.unique(np.concatenate([row_keys(s) for s in case.synthetics]))
    lonely = _keys_of_one_person(keys, real)
    reference_points = ref[_spread(len(ref), _REFERENCE)]

    def people(i: int, points: Points) -> tuple[People, Floats]:
        d = real[i]
        near = nearest(points, made)
        to_reference = nearest(points, reference_points).rows[:, 0]
        isolation = _isolation(points, _persons(d, i), anchors, owners)
        copied = np.isin(keys[i], made_keys) & np.isin(keys[i], lonely)
        rows = (near.rows[:, 0], to_reference, isolation, copied)
        return _by_person(d, *rows), near.columns

    members, from_train = people(0, train)
    controls, from_holdout = people(1, out)
    return Scene(
        members=members,
        controls=controls,
        from_train=from_train,
        from_holdout=from_holdout,
        borrowed=borrowed,
    )


def most_isolated(scene: Scene, wanted: int) -> tuple[People, People]:
    """Return the ``wanted`` most isolated members, and the controls isolated at least as much.

    Members as isolated as the last of them come too, so that ties are no choice; people with
    equals all around are not isolated, whatever is wanted.
    """
    members, controls = scene.members, scene.controls
    ranked = np.sort(members.isolation)[::-1]
    cut = float(ranked[min(wanted, members.n) - 1]) if min(wanted, members.n) else np.inf
    cut = max(cut, float(np.finfo(float).tiny))
    taken = (np.flatnonzero(p.isolation >= cut * (1 - 1e-9)) for p in (members, controls))
    return members.take(next(taken)), controls.take(next(taken))


def _sides(case: Case) -> tuple[Dataset, Dataset, bool]:
    """Return holdout, reference, and whether the latter had to be cut from the former."""
    holdout = case.holdout
    assert holdout is not None  # noqa: S101
    if case.reference is not None and case.reference.n >= FEWEST:
        return holdout, case.reference, False
    who = np.arange(holdout.n) if holdout.persons is None else holdout.persons
    _, codes = np.unique(who, return_inverse=True)
    codes = codes.ravel()
    return (
        holdout.take(np.flatnonzero(codes % 2 == 0)),
        holdout.take(np.flatnonzero(codes % 2 == 1)),
        True,
    )


def _persons(data: Dataset, table: int) -> NDArray[np.int64]:
    """Return person codes that are distinct between tables."""
    who = np.arange(data.n) if data.persons is None else data.persons
    _, codes = np.unique(who, return_inverse=True)
    return np.asarray(codes.ravel() * 3 + table, dtype=np.int64)


def _spread(n: int, most: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def _anchors(points: list[Points], real: list[Dataset]) -> tuple[Points, NDArray[np.int64]]:
    """Return real rows that isolation is measured against, the same share of every table."""
    total = sum(len(p) for p in points)
    chosen = [_spread(len(p), round(len(p) * min(1.0, _ANCHORS / total))) for p in points]
    owners = [_persons(d, i)[c] for i, (d, c) in enumerate(zip(real, chosen, strict=True))]
    return np.vstack([p[c] for p, c in zip(points, chosen, strict=True)]), np.concatenate(owners)


def _isolation(
    points: Points, who: NDArray[np.int64], anchors: Points, owners: NDArray[np.int64]
) -> Floats:
    """Return the mean distance to the nearest anchors of other people."""
    found = nearest(points, anchors, k=_NEIGHBOURS, apart=(who, owners)).rows
    others = np.where(np.isfinite(found), found, 0.0)
    return others.mean(axis=1) if others.shape[1] else np.zeros(len(points))


def _keys_of_one_person(keys: list[NDArray[np.uint64]], real: list[Dataset]) -> NDArray[np.uint64]:
    """Return the rows, as keys, that only one person among all real people has."""
    pairs = np.column_stack(
        [
            np.concatenate(keys),
            np.concatenate([_persons(d, i) for i, d in enumerate(real)]).astype(np.uint64),
        ]
    )
    distinct = np.unique(pairs, axis=0)[:, 0]
    values, counts = np.unique(distinct, return_counts=True)
    return np.asarray(values[counts == 1], dtype=np.uint64)


def _by_person(
    data: Dataset, synthetic: Floats, reference: Floats, isolation: Floats, copied: Bools
) -> People:
    codes = _persons(data, 0) // 3
    n = persons_in(data.persons, data.n)
    score = np.full(n, -np.inf)
    np.maximum.at(score, codes, np.log(reference + _BIT) - np.log(synthetic + _BIT))
    planted = np.full(n, -np.inf)
    np.maximum.at(planted, codes, np.log(reference + _BIT) - np.log(_BIT))
    any_copied = np.zeros(n, dtype=bool)
    np.logical_or.at(any_copied, codes, copied)
    order = np.lexsort((-isolation, codes))
    first = order[np.unique(codes[order], return_index=True)[1]]
    return People(
        score=score,
        planted_score=planted,
        isolation=isolation[first],
        synthetic=synthetic[first],
        copied=any_copied,
    )
