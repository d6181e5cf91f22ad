"""Oversampling: more rows out of the same real ones, as a control for what synthetic rows add."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["repeated", "smote"]

_NEAR = 5


def repeated(x: Floats, y: Floats, more: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the rows with ``more`` of them repeated, each class as often as the others."""
    drawn = rng.choice(len(y), more, p=_even(y))
    return np.concatenate([x, x[drawn]]), np.concatenate([y, y[drawn]])


def smote(
    x: Floats, y: Floats, ordered: NDArray[np.bool_], more: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the rows with ``more`` between a row and one of its five nearest of the same class.

    ``ordered`` columns are mixed; others, and missing values, are taken from either parent. Where
    no row has a neighbour of its class, rows are repeated.

    References
    ----------
    Chawla et al. (2002), SMOTE: synthetic minority over-sampling technique.
    """
    drawn = rng.choice(len(y), more, p=_even(y))
    scaled = np.nan_to_num((x - np.nanmean(x, axis=0)) / (np.nanstd(x, axis=0) + 1e-9))
    partner = drawn.copy()
    for k in np.unique(y):
        own = np.flatnonzero(y == k)
        mine = np.flatnonzero(y[drawn] == k)
        if len(own) < 2 or not len(mine):
            continue
        near = min(_NEAR, len(own) - 1)
        far = np.square(scaled[drawn[mine]][:, None] - scaled[own][None]).sum(axis=2)
        far[drawn[mine][:, None] == own[None]] = np.inf
        nearest = np.argpartition(far, near - 1, axis=1)[:, :near]
        partner[mine] = own[nearest[np.arange(len(mine)), rng.integers(0, near, len(mine))]]
    share = rng.random((more, 1))
    mixed = x[drawn] + share * (x[partner] - x[drawn])
    either = np.where(rng.random(mixed.shape) < 0.5, x[drawn], x[partner])
    new = np.where(ordered & ~np.isnan(mixed), mixed, either)
    return np.concatenate([x, new]), np.concatenate([y, y[drawn]])


def _even(y: Floats) -> Floats:
    _, code, count = np.unique(y, return_inverse=True, return_counts=True)
    weight = 1 / count[code]
    return np.asarray(weight / weight.sum())
