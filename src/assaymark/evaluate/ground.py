"""Ground: what every membership attack of rung K2 holds in its hands, as points in one space."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import polars as pl

from assaymark.evaluate.blocks import in_blocks
from assaymark.evaluate.isolation import isolated, scene_of, sides_of
from assaymark.evaluate.neighbours import nearest, space_of
from assaymark.evaluate.people import spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.neighbours import Points, Space

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]

__all__ = ["Attack", "Ground", "Kernels", "Scores", "Side", "ground_of"]

_RECORDS, _MADE, _BACKGROUND = 2_000, 50_000, 6_000
_ISOLATED, _NEIGHBOUR = 400, 5
_DIMENSIONS, _LIKELIHOOD, _TIMES = 256, 1_500, (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
_BLOCK = 64


class Scores(NamedTuple):
    """One score per record of each side, higher for members; shape ``(records,)`` each.

    ``copied`` are the members' scores were that record alone copied into the synthetic rows;
    ``None`` where it cannot be told without attacking anew.
    """

    members: Floats
    controls: Floats
    copied: Floats | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """Records attacked, and the person behind each: ``who`` counts the attacked from 0 on.

    ``drawn`` are those taken evenly from the table, ``isolated`` the most isolated members, or the
    controls isolated at least as much; shape ``(attacked,)``. ``row`` is a row of each in
    ``records``.
    """

    records: Dataset
    points: Points
    who: Codes
    drawn: Bools
    isolated: Bools

    @property
    def n(self) -> int:
        """How many persons are attacked."""
        return len(self.drawn)

    def of_persons(self, score: Floats) -> Floats:
        """Return the highest score of each person's records, shape ``(n,)``."""
        best = np.full(self.n, -np.inf)
        np.maximum.at(best, self.who, score)
        return best


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Members, controls, the released rows, and the rows of others that the attacker has.

    ``bandwidth`` is that of kernels, by the likelihood of the background.
    """

    members: Side
    controls: Side
    made: Points
    made_rows: Dataset
    background: Points
    background_rows: Dataset
    bandwidth: float

    def kernels(self, among: Points) -> Kernels:
        """Return the kernels of this bandwidth around some rows."""
        return kernels_around(among, self.bandwidth)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kernels:
    """Gaussian kernels around rows; ``turned`` has a column for each, ready for one product."""

    turned: Points

    def logs(self, points: Points) -> Points:
        """Return the logarithms of the kernels at each point, shape ``(points, rows)``."""
        norms = np.einsum("ij,ij->i", points, points)[:, None]
        found = np.hstack([points, norms, np.ones_like(norms)]) @ self.turned
        return np.minimum(found, 0, out=found)

    def log_sums(self, points: Points) -> Floats:
        """Return the logarithm of the sum of kernels at each point, shape ``(points,)``."""
        return in_blocks(len(points), _BLOCK, lambda part: _log_sum(self.logs(points[part])))


def kernels_around(rows: Points, bandwidth: float) -> Kernels:
    """Return Gaussian kernels around these rows."""
    norms = np.einsum("ij,ij->i", rows, rows)[:, None]
    parts = np.hstack([rows * np.float32(-2), np.ones_like(norms), norms])
    return Kernels(turned=np.ascontiguousarray(parts.T) * np.float32(-0.5 / bandwidth**2))


class Attack(Protocol):
    """A way to score records by how likely they were in train; fields are JSON parameters."""

    def score(self, ground: Ground, streams: Streams) -> Scores:
        """Return the scores of all records on both sides."""
        ...


@lru_cache(maxsize=1)
def ground_of(case: Case) -> Ground:
    """Return the ground of ``case``, which needs a holdout; large tables are attacked in part.

    At most about 2,000 records of each side are attacked, whole persons evenly from the table, and
    the 400 most isolated members with controls as isolated; the attacker uses at most 50,000 of the
    released rows and 6,000 rows of others.
    """
    holdout, reference, _ = sides_of(case)
    scene = scene_of(case)
    lone = isolated(scene.members, scene.controls, _ISOLATED)
    space = space_of([case.train, holdout, reference])
    made = [_evenly(s, _MADE // len(case.exposed)) for s in case.exposed]
    background = _evenly(reference, _BACKGROUND)
    points = space.points(background)
    return Ground(
        members=_side(case.train, lone[0], space),
        controls=_side(holdout, lone[1], space),
        made=np.vstack([space.points(m) for m in made]),
        made_rows=replace(made[0], frame=pl.concat([m.frame for m in made])),
        background=points,
        background_rows=background,
        bandwidth=_bandwidth(points[:_LIKELIHOOD]),
    )


def _bandwidth(points: Points) -> float:
    """Return the multiple of the median nearest distance under which rows foretell each other.

    Leave-one-out likelihood decides among the multiples: narrow enough to be local, wide enough
    that no row is a surprise.
    """
    if len(points) < _NEIGHBOUR:
        return 1.0
    near = float(np.median(nearest(points, points, k=_NEIGHBOUR + 1)[:, -1]))
    squared = -2 * kernels_around(points, 1.0).logs(points)
    np.fill_diagonal(squared, np.inf)
    dimension = max(1.0, float(np.linalg.matrix_rank(points[:_DIMENSIONS] - points.mean(axis=0))))

    def surprise(times: float) -> float:
        wide = max(times * near, 1e-2)
        logs = _log_sum(squared / np.float32(-2 * wide**2))
        return float(dimension * np.log(wide) - logs.mean())

    return max(1e-2, near * min(_TIMES, key=surprise))


def _log_sum(logs: Points) -> Floats:
    top = logs.max(axis=1, keepdims=True)
    total = np.exp(logs - top).sum(axis=1, dtype=np.float64)
    return np.asarray(np.log(total) + top[:, 0])


def _evenly(data: Dataset, most: int) -> Dataset:
    return data if data.n <= most else data.take(spread(data.n, most))


def _side(data: Dataset, lone: Codes, space: Space) -> Side:
    codes = data.person_codes
    n = int(codes.max()) + 1
    wanted = max(1, round(n * min(1.0, _RECORDS / data.n)))
    drawn = spread(n, wanted)
    lone = lone[spread(len(lone), 2 * _ISOLATED)]
    persons = np.union1d(drawn, lone)
    rows = np.flatnonzero(np.isin(codes, persons))
    records = data.take(rows)
    return Side(
        records=records,
        points=space.points(records),
        who=np.searchsorted(persons, codes[rows]),
        drawn=np.isin(persons, drawn),
        isolated=np.isin(persons, lone),
    )
