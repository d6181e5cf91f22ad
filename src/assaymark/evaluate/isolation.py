"""Isolation: how far each person is from others, so that members meet equally isolated controls.

One record speaks for each person: the most isolated one. What attacks share (distances to the
synthetic rows, to the reference, to other people) is worked out once per case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.evaluate.neighbours import nearest, row_keys, space_of
from assaymark.evaluate.people import (
    People,
    crowd_of,
    persons_of,
    ranked,
    spread,
    together,
)
from assaymark.evaluate.rarity import rarities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.evaluate.neighbours import Points

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]

__all__ = [
    "FEWEST",
    "Chance",
    "Scene",
    "isolated",
    "most_isolated",
    "rarest",
    "scene_of",
    "sides_of",
]

FEWEST = 30
"""Attacks on fewer people than this, or against fewer controls, get a reason and no figure."""

_ANCHORS, _NEIGHBOURS, _REFERENCE = 4_000, 5, 6_000
_BY_CHANCE = 0.001  # share of distinctive records that chance may repeat
_ENOUGH = 100  # records that must be as far off, before it is said how often chance repeats them
_NEAR = 0.5
_NEAR_BY_CHANCE = 1 / 10_000  # share of isolated people that chance may come near
_FEW_NEAREST = 10
_UNLIKE = 0.8  # quantile from which on people are unlike others, or rare
_COMMON = 0.5  # rarity of a value that nobody would call rare
_WATCHED = 1_000  # most isolated and rarest members, and all others as much, are always looked at
_PAIRS = 4e9  # pairs of a person's row and a synthetic row that are looked at, on each side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chance:
    """What chance repeats, learnt from real people only: one half played the synthetic rows.

    ``distinctive``: a record without equal among other real people, at least this far from its
    nearest, is repeated by chance in at most 0.1 % of cases. ``near``: share of the distance to
    others below which a synthetic row is a near copy of somebody isolated: so near that chance puts
    a row there for one person in 10,000, and at most ``near_most``, that of the most isolated: half
    of what the closest 1 % of isolated people have to the other half, and of several tables, which
    chance brings nearer, as in ``near``. ``near_rare``: a quarter of what the closest of the people
    rare by one value has, who may stand in a crowd, and at most as much.
    """

    distinctive: float
    near: float
    near_most: float
    near_rare: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """What attacks on one case share: train people, and control people the attacker lacks.

    ``unseen`` are all people the generator did not see, controls and reference, for what needs no
    background. ``borrowed`` says that half of the holdout had to serve as the reference.
    """

    members: People
    controls: People
    unseen: People
    chance: Chance
    borrowed: bool


@lru_cache(maxsize=1)
def scene_of(case: Case) -> Scene:
    """Return the distances behind every attack on ``case``; needs a holdout."""
    holdout, reference, borrowed = sides_of(case)
    real = [case.train, holdout, reference]
    space = space_of(real)
    points = [space.points(d) for d in real]
    rows = np.vstack([space.points(s) for s in case.exposed])
    rare = rarities(real)
    anchors = _anchors(points, real, rare)
    made_keys = np.unique(np.concatenate([row_keys(s) for s in case.exposed]))
    made = len(made_keys), len(case.exposed)
    keys = [row_keys(d) for d in real]
    owners = np.concatenate([persons_of(d, i) for i, d in enumerate(real)])
    chance = _chance(anchors, points, np.concatenate(keys), owners, made)
    lonely = _keys_of_one_person(keys, real)
    background = points[2][spread(len(points[2]), _REFERENCE)]
    others = [
        _others(p, persons_of(d, i), anchors)
        for i, (p, d) in enumerate(zip(points, real, strict=True))
    ]
    crowds = [crowd_of(d, o.mean(axis=1), r) for d, o, r in zip(real, others, rare, strict=True)]
    cut, rare_cut = ranked(crowds[0].isolation, _WATCHED), -ranked(-crowds[0].rarity, _WATCHED)

    def people(i: int) -> People:
        far = (others[i][:, 0] > 0) & (others[i][:, 0] >= chance.distinctive)
        distinctive = far & np.isin(keys[i], lonely)
        drawn = crowds[i].drawn(_PAIRS / max(len(rows), 1))
        unlike = (crowds[i].isolation >= cut) | (crowds[i].rarity <= rare_cut)
        watched = crowds[i].rows(drawn | unlike)
        near = np.full((2, len(points[i])), np.nan)
        near[0, watched] = nearest(points[i][watched], rows)[:, 0]
        near[1, watched] = nearest(points[i][watched], background)[:, 0]
        return crowds[i].people(near, distinctive, np.isin(keys[i], made_keys), drawn)

    members, controls, reference_people = (people(i) for i in range(3))
    return Scene(
        members=members,
        controls=controls,
        unseen=together(controls, reference_people),
        chance=chance,
        borrowed=borrowed,
    )


@lru_cache(maxsize=1)
def sides_of(case: Case) -> tuple[Dataset, Dataset, bool]:
    """Return holdout, reference, and whether the latter had to be cut from the former.

    People of the scene stand in the order of the person codes of train, and of these two, whose
    people are shuffled: attacks halve them by place, and a file may hold matched pairs in turn.
    """
    assert case.holdout is not None  # noqa: S101
    holdout = _mixed(case.holdout)
    if case.reference is not None and case.reference.n >= FEWEST:
        return holdout, _mixed(case.reference), False
    codes = holdout.person_codes
    return (
        holdout.take(np.flatnonzero(codes % 2 == 0)),
        holdout.take(np.flatnonzero(codes % 2 == 1)),
        True,
    )


def _mixed(data: Dataset) -> Dataset:
    """Return the same rows, the people in another order, one that was drawn once for all."""
    codes = data.person_codes
    place = np.random.default_rng(1).permutation(int(codes.max(initial=-1)) + 1)[codes]
    rows = np.argsort(place, kind="stable")
    mixed = data.take(rows)
    return mixed if data.persons is None else replace(mixed, persons=place[rows])


def most_isolated(members: People, controls: People, wanted: int) -> tuple[People, People]:
    """Return the people that :func:`isolated` names."""
    first, second = isolated(members, controls, wanted)
    return members.take(first), controls.take(second)


def isolated(members: People, controls: People, wanted: int) -> tuple[Codes, Codes]:
    """Return the ``wanted`` most isolated members, and the controls isolated at least as much.

    Members as isolated as the last of them come too, so that ties are no choice; people with
    equals all around are not isolated, whatever is wanted.
    """
    cut = ranked(members.isolation, wanted) if wanted else np.inf
    cut = max(cut, float(np.finfo(float).tiny)) * (1 - 1e-9)
    return np.flatnonzero(members.isolation >= cut), np.flatnonzero(controls.isolation >= cut)


def rarest(members: People, controls: People, wanted: int) -> tuple[People, People]:
    """Return the ``wanted`` members rarest by one value, and the controls at least as rare.

    Members as rare as the last of them come too; whoever has common values only, among the more
    frequent half of every column, is not rare, whatever is wanted.
    """
    cut = min(-ranked(-members.rarity, wanted), _COMMON) * (1 + 1e-9)
    first, second = (np.flatnonzero(p.rarity <= cut) for p in (members, controls))
    return members.take(first), controls.take(second)


class _Anchors(NamedTuple):
    """Real rows that isolation is measured against, and whose they are."""

    points: Points
    owners: Codes
    keys: NDArray[np.uint64]
    rarity: Floats


def _anchors(points: list[Points], real: list[Dataset], rare: list[Floats]) -> _Anchors:
    """Return anchors, the same share of every table."""
    total = sum(len(p) for p in points)
    chosen = [spread(len(p), round(len(p) * min(1.0, _ANCHORS / total))) for p in points]
    parts = zip(points, real, rare, chosen, strict=True)
    picked = [
        (p[c], persons_of(d, i)[c], row_keys(d)[c], r[c]) for i, (p, d, r, c) in enumerate(parts)
    ]
    return _Anchors(*(np.concatenate(x) for x in zip(*picked, strict=True)))


def _others(points: Points, who: Codes, anchors: _Anchors) -> Floats:
    """Return the distances to the nearest anchors of other people, 0 where there are none."""
    found = nearest(points, anchors.points, k=_NEIGHBOURS, apart=(who, anchors.owners))
    others = np.where(np.isfinite(found), found, 0.0)
    return others if others.shape[1] else np.zeros((len(points), 1))


def _chance(
    anchors: _Anchors,
    points: list[Points],
    keys: NDArray[np.uint64],
    owners: Codes,
    made: tuple[int, int],
) -> Chance:
    """Return what chance repeats, from anchors of each half of the people against the other half.

    ``points``, ``keys`` and ``owners`` are of all real rows: anchors alone have too few equals to
    count, and are too few to come as near to somebody rare as the synthetic rows, which are more.
    ``made`` says how many different synthetic rows there are, in how many tables.
    """
    n_made, tables = made
    side, sides = _side(anchors.owners), _side(owners)
    if len(np.unique(side)) < 2 or len(side) < 4 * _NEIGHBOURS:
        return Chance(distinctive=0.0, near=0.0, near_most=0.0, near_rare=0.0)
    parts = np.split(sides, np.cumsum([len(p) for p in points])[:-1])
    rarest = anchors.rarity <= np.quantile(anchors.rarity, 1 - _UNLIKE)
    equal, nearby, near_rare, lone, mean = [], [], [], [], []
    for here in (True, False):
        half = _Anchors(*(x[side == here] for x in anchors))
        others = _others(half.points, half.owners, half)
        equal.append(np.isin(half.keys, keys[sides != here]))
        nearby.append(nearest(half.points, anchors.points[side != here])[:, 0])
        rows = half.points[rarest[side == here]]
        of_each = [nearest(rows, p[s != here]) for p, s in zip(points, parts, strict=True)]
        near_rare.append(np.hstack(of_each).min(axis=1, initial=np.inf))
        lone.append(others[:, 0])
        mean.append(others.mean(axis=1))
    times = max(1.0, 2 * n_made / len(keys))
    near, far = np.concatenate(nearby), np.concatenate(mean)
    alone = far >= np.quantile(far, _UNLIKE)
    rare = np.concatenate([rarest[side == here] for here in (True, False)])
    most = _near_share(near[alone], far[alone], 0.01)
    share = min(most, _near_by_chance(near[alone], far[alone], 2 * n_made / len(side)))
    most = share if tables > 1 else most
    return Chance(
        distinctive=_far_enough(np.concatenate(equal), np.concatenate(lone), times),
        near=share,
        near_most=most,
        near_rare=min(most, _near_share(np.concatenate(near_rare), far[rare], 0.0) / 2),
    )


def _side(owners: Codes) -> Bools:
    """Return in which half of the people each owner is: by a hash, so that no order matters."""
    mixed = owners.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return np.asarray(mixed >> np.uint64(63) == 0)


def _far_enough(equal: Bools, lone: Floats, times: float) -> float:
    """Return the least distance at and beyond which few enough rows are repeated by chance.

    ``times`` is how many more rows the synthetic table has than the half that played it. That none
    of a handful is repeated shows nothing: there have to be a hundred.
    """
    if not equal.any():
        return 0.0
    order = np.argsort(-lone, kind="stable")
    far, hits = lone[order], np.cumsum(equal[order])
    last = np.append(far[1:] != far[:-1], True)
    place = np.arange(1, len(far) + 1)
    fine = last & (place >= _ENOUGH) & (hits * times <= _BY_CHANCE * place)
    return float(far[fine].min()) if fine.any() else np.inf


def _near_share(nearby: Floats, others: Floats, quantile: float) -> float:
    """Return half of this quantile of how near the other half came, as a share of ``others``."""
    chosen = (others > 0) & np.isfinite(nearby)
    if not chosen.any():
        return 0.0
    return min(_NEAR, float(np.quantile(nearby[chosen] / others[chosen], quantile)) / 2)


def _near_by_chance(nearby: Floats, others: Floats, times: float) -> float:
    """Return the share of ``others`` within which chance puts a row for one person in 10,000.

    ``times`` is how many more rows the synthetic table has than the half that played it. How many
    people have a row within a share grows with a power of it, the dimension of the table around
    isolated people: that is taken from the nearest twentieth of them, at least ten.

    References
    ----------
    Levina & Bickel (2004), Maximum likelihood estimation of intrinsic dimension.
    """
    shares = np.sort(nearby[(nearby > 0) & (others > 0)] / others[(nearby > 0) & (others > 0)])
    k = max(_FEW_NEAREST, len(shares) // 20)
    if len(shares) <= k:
        return 0.0
    steps = float(np.log(shares[k] / shares[:k]).mean())
    rarer = k / len(shares) * times / _NEAR_BY_CHANCE
    return float(shares[k] * rarer**-steps) if rarer > 1 else float(shares[k])


def _keys_of_one_person(keys: list[NDArray[np.uint64]], real: list[Dataset]) -> NDArray[np.uint64]:
    """Return the rows, as keys, that only one person among all real people has."""
    pairs = np.column_stack(
        [
            np.concatenate(keys),
            np.concatenate([persons_of(d, i) for i, d in enumerate(real)]).astype(np.uint64),
        ]
    )
    distinct = np.unique(pairs, axis=0)[:, 0]
    values, counts = np.unique(distinct, return_counts=True)
    return np.asarray(values[counts == 1], dtype=np.uint64)
