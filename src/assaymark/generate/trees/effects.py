"""Effects: what each known column by itself says of the next, over and above the trees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.trees.falling import STRIP
from assaymark.generate.trees.repeated import cells_worth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.trees.boosting import Boost
    from assaymark.generate.trees.branches import Branches

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = [
    "BARRED",
    "BINS",
    "CLIP",
    "NEVER",
    "Effects",
    "added",
    "believed",
    "boosted",
    "corrected",
    "fit_effects",
    "gather",
    "near_exp",
    "no_effects",
    "scatter",
    "steepened",
]

BINS = 16
CLIP = 2.0
NEVER, BARRED = -1024.0, -512.0  # what bars a group is worth, and below what one is barred
_ROUNDS, _STEP, _FASTER, _LEAST = 10, 0.7, 1.2, 0.5
_MOST = 12
_LITTLE = 0.01  # a correction of less than one per cent is none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effects:
    """Corrections to the log of a group's probability, one for each bin of each known column.

    Attributes
    ----------
    of
        Which of the known columns count.
    bins, start
        The row of ``worth`` of each code, one such column after the other, and where each
        column's begin.
    worth
        Shape ``(rows, groups)``. Their sum over the columns is cut at -2 and 2; where it is below
        -512, the group does not come out.
    trees
        Trees of the known columns that count as columns after them, a node being a code.
    """

    LATER: ClassVar = ("trees",)

    of: Codes
    bins: Codes
    start: Codes
    worth: NDArray[np.float32]
    trees: tuple[Branches, ...] = ()

    def seen(self, codes: Codes, given: Sequence[int] | None = None) -> Codes:
        """Return the codes of the known columns, shape ``(columns, n)``, and those of trees.

        ``given`` are the rows of ``codes`` that are known columns, all if it is ``None``.
        """
        if given is None:
            if not self.trees:
                return codes
            given = range(len(codes))
        found = np.empty((len(given) + len(self.trees), codes.shape[1]), dtype=np.int32)
        known = found[: len(given)]
        for i, j in enumerate(given):
            known[i] = codes[j]
        for i, tree in enumerate(self.trees, start=len(given)):
            found[i] = tree.leaves(known)
        return found


def fit_effects(
    bins: list[Codes],
    codes: Codes,
    base: Floats,
    seen: tuple[Codes, Floats, NDArray[np.int64]],
    shrink: float,
    sure: Sequence[bool] = (),
) -> Effects:
    """Fit effects so that each known column's table with the next is as it was seen.

    Trees split where most is to be told, so that a weak but steady relation is lost. Each round
    of iterative proportional fitting multiplies the probabilities by a part of observed /
    expected, of all columns at once, and is taken back where the likelihood falls. A column is
    believed as far as it tells more than chance would, and ``shrink`` more persons who are as
    expected keep few from deciding; of those that tell something, the 12 that tell most count.

    Parameters
    ----------
    bins
        The bin of each code, one array per known column.
    codes
        Shape ``(columns, n)``.
    base
        What the trees say, shape ``(n, groups)``; of trees that these rows did not fill.
    seen
        The group of each row, what it counts for, and whose it is; rows of a person lie together.
    sure
        Which columns are believed without asking whether chance explains what they tell.

    References
    ----------
    Deming & Stephan (1940), On a least squares adjustment of a sampled frequency table; Darroch
    & Ratcliff (1972), Generalized iterative scaling for log-linear models.
    """
    y, weight, whose = seen
    groups = base.shape[1]
    share = base / base.sum(axis=1, keepdims=True) * weight[:, None]
    told, wanted = [], []
    repeated = len(np.unique(whose)) < len(whose)
    for b, c, given in zip(bins, codes, sure or [False] * len(bins), strict=True):
        cell, rows = b[c].astype(np.int64) * groups + y, int(b.max(initial=0)) + 1
        seen_here = np.bincount(cell, weight, rows * groups).astype(np.float64)
        seen_here = seen_here.reshape(rows, groups)
        expected = np.zeros((rows, groups))
        scatter(expected, b[c], share)
        each = cells_worth((b[c], y, whose), (weight, share), rows) if repeated else 1.0
        seen_here, expected = seen_here * each, expected * each
        found = believed(seen_here, expected, shrink, given)
        wanted_here = seen_here / each
        told.append(np.inf if given else found)
        wanted.append(wanted_here)
    of = sorted(np.argsort(-np.array(told), kind="stable")[:_MOST].tolist())
    of = [j for j in of if told[j] > 0]
    first = np.concatenate([[0], np.cumsum([len(wanted[j]) for j in of])]).astype(np.int64)
    at = [f + bins[j] for f, j in zip(first, of, strict=False)]
    worth = np.zeros((0, groups))
    if of:
        cells = np.stack([a[codes[j]] for a, j in zip(at, of, strict=True)])
        step = _STEP / float(np.sqrt(len(of)))
        worth = _fitted((base, weight), cells, np.concatenate([wanted[j] for j in of]), step)
    sizes = [0, *(len(a) for a in at)]
    return Effects(
        of=np.array(of, dtype=np.int32),
        bins=np.concatenate([*at, np.zeros(0, np.int64)]).astype(np.int32),
        start=np.cumsum(sizes)[:-1].astype(np.int32),
        worth=worth.astype(np.float32),
    )


def no_effects(groups: int) -> Effects:
    """Return effects of no column on so many groups."""
    none = np.zeros(0, dtype=np.int32)
    worth = np.zeros((0, groups), dtype=np.float32)
    return Effects(of=none, bins=none, start=none, worth=worth)


def boosted(found: Effects, boosts: Sequence[Boost], columns: int) -> Effects:
    """Return the effects with those of small trees of the ``columns`` known columns."""
    sizes = [len(b.worth) for b in boosts]
    bins = [np.arange(a, b) for a, b in pairwise(np.cumsum([len(found.worth), *sizes]))]
    starts = np.cumsum([len(found.bins), *sizes])[:-1]
    return replace(
        found,
        of=np.append(found.of, np.arange(len(boosts)) + columns).astype(np.int32),
        bins=np.concatenate([found.bins, *bins]).astype(np.int32),
        start=np.append(found.start, starts).astype(np.int32),
        worth=np.concatenate([found.worth, *(b.worth for b in boosts)]).astype(np.float32),
        trees=tuple(b.branches for b in boosts),
    )


def added(found: Effects, codes: Codes) -> Floats:
    """Return what the effects add to the logs, before that is cut; shape ``(n, groups)``."""
    total, codes = np.zeros((codes.shape[1], found.worth.shape[1])), found.seen(codes)
    for start, j in zip(found.start, found.of, strict=True):
        gather(total, found.bins[start + codes[j]], found.worth)
    return total


def corrected(found: Effects, codes: Codes, base: Floats) -> Floats:
    """Return what trees and effects together say, shape of ``base``; 1 in each row's sum."""
    share = base.copy()
    if len(found.of):
        _correct(share, added(found, codes))
    return np.asarray(share / share.sum(axis=1, keepdims=True), dtype=np.float64)


def steepened(found: Effects, bins: list[Codes], more: list[Floats]) -> Effects:
    """Return the effects with ``more`` added to what each bin of each known column is worth."""
    own = dict(zip(found.of.tolist(), range(len(found.of)), strict=True))
    trees = [np.arange(len(t.feature), dtype=np.int32) for t in found.trees]
    bins, more = [*bins, *trees], [*more, *(np.zeros((len(t), 1)) for t in trees)]
    of = sorted({*own, *(j for j, m in enumerate(more) if np.abs(m).max(initial=0) > _LITTLE)})
    worth, rows, size = [], [], 0
    for j in of:
        here = more[j].astype(np.float32)
        if j in own:
            first = found.bins[found.start[own[j]] : found.start[own[j]] + len(bins[j])].min()
            here = here + found.worth[first : first + len(here)]
        worth.append(here)
        rows.append(bins[j] + size)
        size += len(here)
    none = np.zeros((0, found.worth.shape[1]), np.float32)
    return Effects(
        of=np.array(of, dtype=np.int32),
        bins=np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int32),
        start=np.cumsum([0, *(len(bins[j]) for j in of)])[:-1].astype(np.int32),
        worth=np.concatenate([none, *worth]),
        trees=found.trees,
    )


@compiled
def gather(total: Floats, row: Codes, worth: NDArray[np.floating[Any]]) -> None:
    """Add to each row of ``total`` the row of ``worth`` that ``row`` names."""
    for i in range(len(row)):
        for g in range(total.shape[1]):
            total[i, g] += worth[row[i], g]


@compiled
def _correct(share: Floats, total: Floats) -> None:
    """Multiply each row's shares by what the effects make of them."""
    for i in range(len(share)):
        for g in range(share.shape[1]):
            share[i, g] *= np.exp(min(max(total[i, g], -CLIP), CLIP))


@compiled
def _fitted(
    trees: tuple[Floats, Floats], cell: NDArray[np.int64], wanted: Floats, step: float
) -> Floats:
    worth, expected = np.zeros(wanted.shape), np.zeros(wanted.shape)
    best, tried = _expect(trees, cell, worth, expected), np.zeros(wanted.shape)
    for _ in range(_ROUNDS):
        moved = worth + step * np.log((wanted + _LEAST) / (expected + _LEAST))
        found = (wanted * moved).sum() + _expect(trees, cell, moved, tried)
        if found > best:
            best, worth, step = found, moved, step * _FASTER
            expected, tried = tried, expected
        else:  # columns that say the same went too far together
            step *= 0.5
    return worth


@compiled
def _expect(
    trees: tuple[Floats, Floats], cell: NDArray[np.int64], worth: Floats, expected: Floats
) -> float:
    """Fill ``expected`` with what trees and effects together expect of each bin.

    Returns
    -------
    Minus the summed logs of the sums of the corrected probabilities: the likelihood's other half.
    """
    base, weight = trees
    n = len(base)
    p, logs = np.empty((STRIP, base.shape[1])), 0.0
    expected[:] = 0.0
    for low in range(0, n, STRIP):
        size = min(STRIP, n - low)
        p[:] = 0.0
        for j in range(len(cell)):
            for k in range(size):
                at = np.uint64(cell[j, low + k])
                for g in range(base.shape[1]):
                    p[k, g] += worth[at, g]
        for k in range(size):
            logs -= weight[low + k] * np.log(_shares(base, weight, p, low, k))
        for j in range(len(cell)):
            for k in range(size):
                at = np.uint64(cell[j, low + k])
                for g in range(base.shape[1]):
                    expected[at, g] += p[k, g]
    return logs


@compiled
def _shares(base: Floats, weight: Floats, p: Floats, low: int, k: int) -> float:
    """Turn row ``k`` of logs into what is expected of each group; return the probabilities' sum."""
    total = 0.0
    for g in range(base.shape[1]):
        p[k, g] = base[low + k, g] * near_exp(min(max(p[k, g], -CLIP), CLIP))
    for g in range(base.shape[1]):
        total += p[k, g]
    for g in range(base.shape[1]):
        p[k, g] *= weight[low + k] / total
    return total


@compiled
def near_exp(x: float) -> float:
    """Return e to the power of ``x`` in [-2, 2], to 13 digits; several at a time, unlike exp."""
    y = 0.25 * x
    e = 1.0 + y * (1.0 / 11.0 + y * (1.0 / 132.0))
    e = 1.0 + y * 0.125 * (1.0 + y * (1.0 / 9.0) * (1.0 + y * 0.1 * e))
    e = 1.0 + y * 0.2 * (1.0 + y * (1.0 / 6.0) * (1.0 + y * (1.0 / 7.0) * e))
    e = 1.0 + y * (1.0 + y * 0.5 * (1.0 + y * (1.0 / 3.0) * (1.0 + y * 0.25 * e)))
    return (e * e) * (e * e)


@compiled
def _luck(expected: float) -> float:
    """Return the mean of count x log(count / expected) of a Poisson count."""
    if expected <= 0.0:
        return 0.0
    if expected > 20.0:
        return 0.5 + 1.0 / (12.0 * expected)
    mean, share = 0.0, np.exp(-expected)
    for count in range(1, 60):
        share *= expected / count
        mean += share * count * np.log(count / expected)
    return float(mean)


@compiled
def believed(wanted: Floats, expected: Floats, shrink: float, sure: bool) -> float:
    """Move ``wanted`` towards ``expected`` by as much as chance explains of the difference.

    By chance the log-likelihood grows, by a half for each parameter if counts are large. What a
    column adds beyond that, and one standard deviation, is real. The root of the real part keeps
    the effects as far apart as they are, where the part itself would guess each one best but
    make all too small. In each bin, ``shrink`` more persons are as expected.

    Returns
    -------
    The log-likelihood that is real.

    References
    ----------
    James & Stein (1961), Estimation with quadratic loss; Ghosh (1992), Constrained Bayes
    estimation with applications.
    """
    gain, luck, free = 0.0, 0.0, 0.0
    for r in range(len(wanted)):
        seen, thought, present = wanted[r].sum(), expected[r].sum(), 0
        for g in range(wanted.shape[1]):
            expected[r, g] *= seen / max(thought, 1e-12)
            if wanted[r, g] > 0 and expected[r, g] > 0:
                gain += wanted[r, g] * np.log(wanted[r, g] / expected[r, g])
            present += expected[r, g] > 0
            luck += _luck(expected[r, g])
        free += max(present - 1, 0)
        luck -= 0.5 * (present > 0)  # the sum of each bin is given
    chance = luck + np.sqrt(0.5 * free)
    real = float(np.sqrt(1.0 - chance / gain)) if gain > max(chance, 0.0) else 0.0
    if sure:
        real = 1.0
    for r in range(len(wanted)):
        seen = wanted[r].sum()
        kept = real * seen / (seen + shrink) if seen > 0 else 0.0
        for g in range(wanted.shape[1]):
            wanted[r, g] = expected[r, g] + kept * (wanted[r, g] - expected[r, g])
    return float(max(gain - chance, 0.0))


@compiled
def scatter(total: Floats, row: Codes, share: Floats) -> None:
    """Add each of the rows ``share`` to the row of ``total`` that ``row`` names."""
    for i in range(len(row)):
        for g in range(total.shape[1]):
            total[row[i], g] += share[i, g]
