"""Anchor solve: the weights with which some columns add up to another, but for rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["solved"]

_EXPLAINED = 1e-3
_TINY, _SIGMAS = 1e-4, 6.0
_WHOLE = 1e-3
_ABOUT, _EQUALLY = 1.2, 1.001  # least squares is not at its best where all errors are rounding


def solved(y: Floats, given: Floats, half: float) -> tuple[Floats, float] | None:
    """Return the weights of the columns, and the constant, whose sum ``y`` is but for rounding.

    ``half`` is half the distance between values that ``y`` can have. Found by least squares on
    the nine tenths of the rows that fit best; where weights are not whole, those are taken whose
    largest error is least. ``None`` where the sum does not say ``y``.
    """
    middle, scale = given.mean(axis=1), np.maximum(given.std(axis=1), 1e-12)
    design = np.column_stack([((given.T - middle) / scale), np.ones(len(y))])
    keep, used = np.ones(len(y), dtype=np.bool_), np.ones(design.shape[1], dtype=np.bool_)
    for _ in range(3):
        fitted = np.zeros(len(used))
        fitted[used] = np.linalg.lstsq(design[np.ix_(keep, used)], y[keep], rcond=1e-10)[0]
        off = np.abs(y - design @ fitted)
        keep = off <= max(float(np.quantile(off, 0.9)), 1e-9)
        least = max(_TINY * y.std(), _SIGMAS * off[keep].std() / np.sqrt(keep.sum()))
        used[:-1] = np.abs(fitted[:-1]) > least
    if off[keep].max() > max(_EXPLAINED * y.std(), _ABOUT * half):
        return None
    weights = np.array([_plain_number(w) for w in (fitted[:-1] / scale * used[:-1]).tolist()])
    if (weights % 1).any():
        weights = _fewest(y[keep], given[:, keep], used[:-1], half)
    return weights, _plain_number(float(np.median(y - weights @ given)))


def _fewest(y: Floats, given: Floats, used: NDArray[np.bool_], half: float) -> Floats:
    """Return the weights with about the least largest error, of no column that is not needed.

    Of columns that say the same, least squares uses all.
    """
    weights = _closest(y, given, used)
    limit = _ABOUT * max(_largest(y, given, weights), half)
    for j in np.argsort(np.abs(weights) * given.std(axis=1), kind="stable"):
        if weights[j] and np.count_nonzero(weights) > 1:
            fewer = _closest(y, given, (weights != 0) & (np.arange(len(used)) != j))
            if _largest(y, given, fewer) <= limit:
                weights = fewer
    return _shortest(y, given, weights, half)


def _shortest(y: Floats, given: Floats, weights: Floats, half: float) -> Floats:
    """Return the weights with as few digits as say ``y`` as well, but for a point of its grid."""
    limit = _EQUALLY * max(_largest(y, given, weights), half)
    for digits in range(1, 9):
        short = np.array([float(f"{w:.{digits}g}") for w in weights.tolist()])
        off = y - short @ given
        middle = float(off.max() + off.min()) / 2
        whole = 2 * half * round(middle / (2 * half)) if half else middle
        if np.abs(off - whole).max() <= limit:
            return short
    return weights


def _largest(y: Floats, given: Floats, weights: Floats) -> float:
    return float(np.ptp(y - weights @ given)) / 2


def _closest(y: Floats, given: Floats, used: NDArray[np.bool_]) -> Floats:
    """Return the weights with the least largest error."""
    from scipy.optimize import linprog

    used = used & (given.std(axis=1) > 0)
    middle = given[used].mean(axis=1)
    scale = given[used].std(axis=1)
    design = np.column_stack([(given[used].T - middle) / scale, np.ones(len(y))])
    slack = -np.ones((len(y), 1))
    found = linprog(
        np.append(np.zeros(design.shape[1]), 1.0),
        A_ub=np.vstack([np.hstack([design, slack]), np.hstack([-design, slack])]),
        b_ub=np.concatenate([y - y.mean(), y.mean() - y]),
        bounds=[(None, None)] * design.shape[1] + [(0, None)],
    )
    weights = np.zeros(len(used))
    if found.status == 0:
        weights[used] = [_plain_number(w) for w in (found.x[:-2] / scale).tolist()]
    return weights


def _plain_number(value: float) -> float:
    """Round to a whole number where it is as good as one, else to nine digits."""
    whole = round(value)
    near = abs(value - whole) < _WHOLE and (whole != 0 or value == 0)
    return float(whole) if near else float(f"{value:.9g}")
