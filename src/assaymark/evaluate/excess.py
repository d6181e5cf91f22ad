"""Excess: how many people of a holdout are in train too, beyond equal rows by chance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.evaluate.neighbours import row_keys
from assaymark.evaluate.statistics import Interval, Z, clopper_pearson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]
    Keys = NDArray[np.uint64]

__all__ = ["Excess", "excess_of"]

_CROWD = 8  # persons; rows that more people have say nothing about who is who


class Excess(NamedTuple):
    """Share of holdout people found in train beyond chance, its interval and its two parts."""

    value: float
    low: float
    high: float
    shared: float
    expected: float


def excess_of(train: Dataset, holdout: Dataset) -> Excess:
    """Return the share of holdout people who are in train, as far as rows can tell.

    See :class:`assaymark.evaluate.privacy.hygiene.Hygiene` for what counts how much.
    """
    ours, theirs = _rows_of(train), _rows_of(holdout)
    found = _doubled(ours, theirs)
    more = _crowded(_first_of(ours), _first_of(theirs))
    value = found.value + more.value
    shared, expected = _by_chance(ours, theirs)
    return Excess(
        value=min(1.0, max(-1.0, value)),
        low=max(-1.0, value - math.hypot(found.value - found.low, more.half)),
        high=min(1.0, value + math.hypot(found.high - found.value, more.half)),
        shared=shared,
        expected=expected,
    )


class _Rows(NamedTuple):
    """The different rows of each of ``n`` persons, as keys."""

    key: Keys
    who: Codes
    n: int


class _Surplus(NamedTuple):
    """Surplus of equal rows across the two sides, as a share of holdout people, and half width."""

    value: float
    half: float


def _rows_of(data: Dataset) -> _Rows:
    codes, keys = data.person_codes, row_keys(data)
    order = np.lexsort((codes, keys))
    keys, who = keys[order], codes[order]
    new = np.append(True, (keys[1:] != keys[:-1]) | (who[1:] != who[:-1]))
    return _Rows(keys[new], who[new], int(codes.max()) + 1)


def _first_of(rows: _Rows) -> _Rows:
    """Return one row of each person: the first by key, which is the same in both parts."""
    who, first = np.unique(rows.who, return_index=True)  # keys ascend
    return _Rows(rows.key[first], who, rows.n)


def _counts(rows: _Rows, keys: Keys) -> Codes:
    """Return how many persons have each row; ``keys`` ascend and hold every row."""
    return np.bincount(np.searchsorted(keys, rows.key), minlength=len(keys))


def _doubled(train: _Rows, holdout: _Rows) -> Interval:
    """Return the surplus among rows that exactly two persons have.

    Under no overlap two such persons stand on two sides as often as pairs of persons do: what is
    found within the sides says how often that is by chance.
    """
    keys = np.unique(np.concatenate([train.key, holdout.key]))
    ours, theirs = (_counts(s, keys) for s in (train, holdout))
    n, m = train.n, holdout.n

    def people(rows: _Rows, chosen: Bools) -> int:
        return len(np.unique(rows.who[chosen[np.searchsorted(keys, rows.key)]]))

    across = clopper_pearson(people(holdout, (ours == 1) & (theirs == 1)), m)
    alone = (ours + theirs == 2) & (ours != 1)
    within = clopper_pearson((people(train, alone) + people(holdout, alone)) // 2, n + m)
    scale = 2 * n * (n + m) / (n * (n - 1) + m * (m - 1))
    value = across.value - scale * within.value
    below = math.hypot(across.value - across.low, scale * (within.high - within.value))
    above = math.hypot(across.high - across.value, scale * (within.value - within.low))
    return Interval(value, value - below, value + above)


def _crowded(train: _Rows, holdout: _Rows) -> _Surplus:
    """Return the surplus among rows that three to eight persons have, the crowded ones for little.

    Who stands on which side is a random choice under no overlap. Of N persons with one row, one
    who is on both sides adds the same to the product of both counts, more or less, so each row is
    divided by that, and by (N - 1) squared: a holdout person is told apart from few others only.
    """
    keys = np.unique(np.concatenate([train.key, holdout.key]))
    ours, theirs = (_counts(s, keys).astype(np.float64) for s in (train, holdout))
    every = ours + theirs
    some = (every > 2) & (every <= _CROWD)
    ours, theirs, every = (x[some] for x in (ours, theirs, every))
    both = train.n + holdout.n
    mixed = train.n * holdout.n / (both * (both - 1))
    adds = every * (1 - 4 * mixed) - 1 + 6 * mixed
    surplus = (ours * theirs - every * (every - 1) * mixed) / adds / np.square(every - 1)
    half = Z * math.sqrt(float(np.square(surplus).sum()))
    return _Surplus(float(surplus.sum()) / holdout.n, half / holdout.n)


def _by_chance(train: _Rows, holdout: _Rows) -> tuple[float, float]:
    """Return the shares of holdout and of train people with a row that another train person has."""
    values, counts = np.unique(train.key, return_counts=True)
    shared = np.unique(holdout.who[np.isin(holdout.key, values)])
    twice = np.unique(train.who[np.isin(train.key, values[counts > 1])])
    return len(shared) / holdout.n, len(twice) / train.n
