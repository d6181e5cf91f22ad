"""Effects: what each known column by itself says of the next, over and above the trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["BINS", "CLIP", "Effects", "fit_effects"]

BINS = 16
CLIP = 1.0
_ROUNDS, _STEP, _LEAST = 8, 0.7, 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effects:
    """Corrections to the log of a group's probability, one for each bin of each known column.

    Attributes
    ----------
    bins, start
        The row of ``worth`` of each code, one known column after the other, and where each
        column's begin.
    worth
        Shape ``(rows, groups)``. Their sum over the columns is cut at -1 and 1.
    """

    bins: Codes
    start: Codes
    worth: NDArray[np.float32]


def fit_effects(
    bins: list[Codes],
    codes: Codes,
    base: Floats,
    seen: tuple[Codes, Floats],
    shrink: float,
) -> Effects:
    """Fit effects so that each known column's table with the next is as it was seen.

    Trees split where most is to be told, so that a weak but steady relation is lost. Each round
    of iterative proportional fitting multiplies the probabilities by a part of observed /
    expected, of all columns at once. A column is believed as far as it tells more than chance
    would, and ``shrink`` more persons who are as expected keep few from deciding.

    Parameters
    ----------
    bins
        The bin of each code, one array per known column.
    codes
        Shape ``(columns, n)``.
    base
        What the trees say, shape ``(n, groups)``; of trees that these rows did not fill.
    seen
        The group of each row, and what it counts for.

    References
    ----------
    Deming & Stephan (1940), On a least squares adjustment of a sampled frequency table; Darroch
    & Ratcliff (1972), Generalized iterative scaling for log-linear models.
    """
    widths = [int(b.max(initial=0)) + 1 for b in bins]
    first = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    at = [f + b for f, b in zip(first, bins, strict=False)]
    cell = np.stack([a[c] for a, c in zip(at, codes, strict=True)])
    y, weight = seen
    rows, groups = int(first[-1]), base.shape[1]
    wanted = sum(np.bincount(c * groups + y, weight, rows * groups) for c in cell)
    step = _STEP / float(np.sqrt(len(bins)))
    worth = _fitted((base, weight), cell, first, np.reshape(wanted, (rows, groups)), (step, shrink))
    return Effects(
        bins=np.concatenate(at).astype(np.int32),
        start=np.concatenate([[0], np.cumsum([len(b) for b in bins])])[:-1].astype(np.int32),
        worth=worth.astype(np.float32),
    )


@compiled
def _fitted(
    trees: tuple[Floats, Floats],
    cell: NDArray[np.int64],
    first: NDArray[np.int64],
    wanted: Floats,
    how: tuple[float, float],
) -> Floats:
    step, shrink = how
    worth, expected = np.zeros(wanted.shape), np.zeros(wanted.shape)
    for turn in range(_ROUNDS):
        _expect(trees, cell, worth, expected)
        if turn == 0:
            _believed(wanted, expected, first, shrink)
        for r in range(len(worth)):
            for g in range(wanted.shape[1]):
                worth[r, g] += step * np.log((wanted[r, g] + _LEAST) / (expected[r, g] + _LEAST))
    return worth


@compiled
def _expect(
    trees: tuple[Floats, Floats], cell: NDArray[np.int64], worth: Floats, expected: Floats
) -> None:
    """Fill ``expected`` with what trees and effects together expect of each bin."""
    base, weight = trees
    n, groups = base.shape
    p = np.empty(groups)
    expected[:] = 0.0
    for i in range(n):
        p[:] = 0.0
        for j in range(len(cell)):
            for g in range(groups):
                p[g] += worth[cell[j, i], g]
        total = 0.0
        for g in range(groups):
            p[g] = base[i, g] * np.exp(min(max(p[g], -CLIP), CLIP))
            total += p[g]
        scale = weight[i] / total
        for j in range(len(cell)):
            for g in range(groups):
                expected[cell[j, i], g] += p[g] * scale


@compiled
def _believed(wanted: Floats, expected: Floats, first: NDArray[np.int64], shrink: float) -> None:
    """Move ``wanted`` towards ``expected`` by as much as chance explains of the difference.

    By chance the log-likelihood grows by a half for each parameter, give or take. What a column
    adds beyond that, and one standard deviation, is real. The root of the real part keeps the
    effects as far apart as they are, where the part itself would guess each one best but make
    all too small. In each bin, ``shrink`` more persons are as expected.

    References
    ----------
    James & Stein (1961), Estimation with quadratic loss; Ghosh (1992), Constrained Bayes
    estimation with applications.
    """
    for j in range(len(first) - 1):
        gain, free = 0.0, 0.0
        for r in range(first[j], first[j + 1]):
            seen, thought = wanted[r].sum(), expected[r].sum()
            present = 0
            for g in range(wanted.shape[1]):
                expected[r, g] *= seen / max(thought, 1e-12)
                if wanted[r, g] > 0:
                    gain += wanted[r, g] * np.log(wanted[r, g] / expected[r, g])
                present += expected[r, g] > 0
            free += max(present - 1, 0)
        chance = 0.5 * free + np.sqrt(0.5 * free)
        real = np.sqrt(1.0 - chance / gain) if gain > chance else 0.0
        for r in range(first[j], first[j + 1]):
            seen = wanted[r].sum()
            kept = real * seen / (seen + shrink) if seen > 0 else 0.0
            for g in range(wanted.shape[1]):
                wanted[r, g] = expected[r, g] + kept * (wanted[r, g] - expected[r, g])
