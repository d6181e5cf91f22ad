"""Repeated rows: how much several rows of a person tell, next to one row each of as many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["cells_worth", "persons_worth"]

_NOTHING = 1e-6  # of a person, that differs from what is expected


def persons_worth(
    bins: Sequence[Codes],
    codes: Codes,
    base: Floats,
    seen: tuple[Codes, Floats, NDArray[np.int64]],
) -> float:
    """Return how many persons of one row tell as much as one person that the rows weigh.

    By the known column by which that is least; 1 where everybody has one row. Parameters are
    those of :func:`~assaymark.generate.trees.effects.fit_effects`.
    """
    y, weight, whose = seen
    if not len(bins) or len(np.unique(whose)) == len(whose):
        return 1.0
    told = weight, base / base.sum(axis=1, keepdims=True) * weight[:, None]
    sizes = [int(b.max(initial=0)) + 1 for b in bins]
    rows = zip(bins, codes, sizes, strict=True)
    return float(min(cells_worth((b[c], y, whose), told, size) for b, c, size in rows))


@compiled
def cells_worth(
    rows: tuple[Codes, Codes, NDArray[np.int64]], told: tuple[Floats, Floats], size: int
) -> float:
    """Return by how much more a column's table with the next is sure than of persons of one row.

    That is the variance of what is in a cell of bin and group, were it of as many persons as the
    rows weigh, over that found between persons, who may have several rows in it. ``rows`` has the
    bin and the group of each row, and whose it is; ``told`` what it counts for, and what is
    expected of its groups.

    References
    ----------
    Kish (1965), Survey sampling, for the design effect; Rao & Scott (1981), The analysis of
    categorical data from complex sample surveys.
    """
    (bins, y, whose), (weight, share) = rows, told
    groups = share.shape[1]
    away, alone, found, first = np.zeros((size, groups)), 0.0, 0.0, 0
    for i in range(len(y) + 1):
        if i == len(y) or whose[i] != whose[first]:
            for t in range(first, i):
                for g in range(groups):
                    found += away[bins[t], g] ** 2
                    away[bins[t], g] = 0.0
            first = i
        if i < len(y):
            square = 0.0
            for g in range(groups):
                away[bins[i], g] -= share[i, g]
                square += share[i, g] ** 2
            away[bins[i], y[i]] += weight[i]
            if weight[i] > 0.0:
                alone += weight[i] - square / weight[i]
    return alone / found if min(alone, found) > _NOTHING else 1.0
