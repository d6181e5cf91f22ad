"""Addends: which of many columns with gaps another is likely made of, by pairs that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["addends"]

_MOST, _RIDGE, _SMALL = 10, 1e-3, 0.05
_FEWEST_PAIRS, _FEWEST_ROWS, _LEFT_OUT = 30, 60, 4


def addends(x: int, others: Sequence[int], numbers: Mapping[int, Floats]) -> Iterator[list[int]]:
    """Yield sets of columns that a regression of ``x`` on the ``others`` gives weight.

    Each covariance is of the rows in which both columns are there, so that no row need be without
    gaps. A set has ten columns at most, and so many as are there together in sixty rows. First of
    all others, then without each of the four of most weight: one that lies near the sum would
    stand in for its parts.
    """
    kept = [y for y in (x, *others) if _spread(numbers[y]) > 0]
    if x not in kept or len(kept) < 2:
        return
    scaled = np.array([_scaled(numbers[j]) for j in kept])
    there = np.isfinite(scaled)
    filled, seen = np.where(there, scaled, 0.0), there.astype(np.float64)
    pairs = seen @ seen.T
    joint = np.where(pairs >= _FEWEST_PAIRS, filled @ filled.T / np.maximum(pairs, 1.0), 0.0)
    used = list(range(1, len(kept)))
    first = _weighed(joint, used)
    tried: list[list[int]] = []
    for columns in (
        first,
        *(_weighed(joint, [k for k in used if k != j]) for j in first[:_LEFT_OUT]),
    ):
        found = sorted(kept[k] for k in _together(there, columns))
        if found and found not in tried:
            tried.append(found)
            yield found


def _weighed(joint: Floats, used: Sequence[int]) -> list[int]:
    """Return columns by how much weight they get, largest first, column 0 being the sum."""
    if not used:
        return []
    square = joint[np.ix_(used, used)] + _RIDGE * np.eye(len(used))
    weights = np.abs(np.linalg.lstsq(square, joint[used, 0], rcond=None)[0])
    order = np.argsort(-weights, kind="stable")
    return [used[k] for k in order.tolist() if weights[k] > _SMALL]


def _together(there: NDArray[np.bool_], columns: Sequence[int]) -> list[int]:
    """Return as many of the columns as are there in enough rows."""
    rows, found = there[0], []
    for k in columns[:_MOST]:
        both = rows & there[k]
        if both.sum() >= _FEWEST_ROWS:
            rows = both
            found.append(k)
    return found


def _spread(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.std()) if len(known) else 0.0


def _scaled(values: Floats) -> Floats:
    known = values[np.isfinite(values)]
    return np.asarray((values - known.mean()) / known.std(), dtype=np.float64)
