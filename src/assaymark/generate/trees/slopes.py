"""Slopes: how a column goes up or down with each column before it, kept as it was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.coding.cells import CellCoding
from assaymark.generate.trees.ascent import ascended
from assaymark.generate.trees.effects import CLIP, gather
from assaymark.generate.trees.matrices import factored, solved, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.coding.encoding import Coding

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Given = tuple[Floats, NDArray[np.int64], Codes, Floats, Floats, Floats]

__all__ = ["Rows", "fit_slopes", "scores_of"]

_FAR = 4.0  # standard deviations at which a score stops
_OFTEN = 0.02  # of the persons make a level worth a score
_ROUNDS, _STOP, _MOST_SPREAD, _THIN = 8, 0.05, 4000, 1e-6
_STEEP = 30.0
_PARTS = 25
_UNCUT = 0.98, 0.999  # of what is drawn, in which slopes say little more than may be added
_MILD = 2.0  # times as much as may be added is made less, not held back
# what keeps slopes of scores that say the same from running away, the least that does
_RIDGES = 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 1e4


def scores_of(
    coding: Coding, mass: Floats, rows: Codes, levels: int, *, squares: bool = False
) -> Floats:
    """Return what a column counts for in a linear relation, shape ``(scores, rows of codes)``.

    A number or date has its value, standardised and cut at 4 standard deviations, and with
    ``squares`` half of its square less the mean, so that variances are kept too; a category has
    1 for a level and 0 for the others, for each of the ``levels`` most frequent levels but the
    first that 2 % of the persons have at least. "Missing" has a score of its own, if it is as
    frequent, and is 0 in the others.

    Parameters
    ----------
    mass, rows
        What each code weighs, and which row (bin or group) it is put into, shape ``(size,)``.
    """
    held = np.bincount(rows, mass).astype(np.float64)
    often = held >= _OFTEN * held.sum()
    if not isinstance(coding, CellCoding):
        order = np.argsort(-held, kind="stable")[1 : levels + 1]
        return np.asarray(np.eye(len(held))[order[often[order]]], dtype=np.float64)
    if not len(coding.first):
        return np.zeros((0, len(held)))
    codes = np.arange(coding.size, dtype=np.int32)
    value = coding.numbers(codes, np.full(coding.size, 0.5))
    known = np.isfinite(value)
    weight = np.where(known, mass, 0.0)
    here = np.bincount(rows, weight, len(held))
    there = here > 0
    mean = np.bincount(rows, np.where(known, value, 0.0) * weight, len(held))
    mean = np.where(there, mean / np.where(there, here, 1.0), 0.0)
    centre = float((mean * here).sum() / max(here.sum(), 1e-300))
    spread = float(np.sqrt(((mean - centre) ** 2 * here).sum() / max(here.sum(), 1e-300)))
    scores = [] if spread == 0 else [np.clip((mean - centre) / spread, -_FAR, _FAR) * there]
    if squares and scores:
        square = scores[0] ** 2
        scores.append((square - float((square * here).sum() / here.sum())) / 2 * there)
    if (often & ~there).any():
        scores.append((often & ~there).astype(np.float64))
    return np.array(scores).reshape(-1, len(held))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Rows as linear relations see them.

    Attributes
    ----------
    cells
        The row of each known column's scores, shape ``(columns, n)``.
    weight
        What each row counts for, shape ``(n,)``.
    """

    cells: Codes
    weight: Floats

    def with_level(self) -> Rows:
        """Return the rows with a column more, in which all are alike."""
        level = np.zeros((1, self.cells.shape[1]), self.cells.dtype)
        return Rows(cells=np.vstack([self.cells, level]), weight=self.weight)


def fit_slopes(
    scores: Sequence[Floats],
    toward: Floats,
    seen: tuple[Rows, Codes],
    made: tuple[Rows, Floats],
    shrink: float,
    *,
    gentle: bool = False,
) -> list[Floats]:
    """Return what to add to the logs of the groups' probabilities, by row of each known column.

    The scores of the column that is drawn are regressed on those of the known columns among the
    people. Slopes are then such that the same regression among rows that were made gives the
    same: so every covariance of made rows is as it was seen, and with them every regression,
    whatever the trees before have missed. That is few parameters of many persons each.

    Parameters
    ----------
    scores
        Of each known column, shape ``(scores, rows)``.
    toward
        The scores of the groups, shape ``(directions, groups)``.
    seen
        The people, and the group of each.
    made
        Rows made of the columns so far, and what is expected there of each group so far, shape
        ``(n, groups)``, 1 in each row's sum.
    shrink
        How many more persons, in whom nothing goes with anything, are in the balance.
    gentle
        Whether something else says what slopes say, too. Where one column nearly says another,
        slopes that would give back their regression run away, and where they are cut when they
        are drawn another relation is left, in whatever the made rows have wrong: so slopes are
        held back by a ridge that grows, until 98 % of what is drawn has at most twice what may be
        added, and are then made less steep. Where nothing else says it, they are only held back,
        to four times.

    Returns
    -------
    One array per known column, shape ``(rows, groups)``.

    References
    ----------
    Goodman (1979), Simple models for the analysis of association in cross-classifications having
    ordered categories.
    """
    scores = [*scores, np.ones((1, 1))]  # so that the means stay as they were seen, too
    start = np.cumsum([0, *(len(s) for s in scores)]).astype(np.int64)
    table = np.zeros((len(scores), max(s.shape[1] for s in scores), int(start[-1])))
    for j, s in enumerate(scores):
        table[j, : s.shape[1], start[j] : start[j + 1]] = s.T
    found = [np.zeros((s.shape[1], toward.shape[1])) for s in scores]
    if table.size and len(toward):
        people, rows = seen[0].with_level(), made[0].with_level()
        toward = _turned(toward, made[1], rows.weight)
        t = np.ascontiguousarray(toward[:, seen[1]].T)
        products = _products(table, start, people.cells, t, people.weight)
        factor = factored(_gram(table, start, people.cells, people.weight, shrink))
        known = np.stack([solved(factor, p) for p in products.T], axis=1)
        wanted = times(_gram(table, start, rows.cells, rows.weight, 0.0), known)
        given = (table, start, rows.cells, made[1], toward, rows.weight)
        for ridge in _RIDGES:
            slopes = _climbed(given, wanted, ridge)
            found = [
                times(times(np.ascontiguousarray(s.T), slopes[a:b]), toward)
                for s, a, b in zip(scores, start[:-1], start[1:], strict=True)
            ]
            far, tail = _farthest(found, rows, made[1])
            mild = _MILD * CLIP * (1 if gentle else 2)
            if far <= CLIP or (far <= mild and tail <= 2 * mild):
                break
        if gentle:
            found = [min(1.0, CLIP / max(far, CLIP)) * f for f in found]
    *each, level = found
    return [each[0] + level, *each[1:]]


def _farthest(slopes: Sequence[Floats], rows: Rows, share: Floats) -> tuple[float, float]:
    """Return how much slopes add at most in 98 % and in 99.9 % of what is drawn."""
    added = np.zeros(share.shape)
    for cells, s in zip(rows.cells, slopes, strict=True):
        gather(added, cells, s)
    total = np.cumsum(_masses(added, share, rows.weight))
    far, tail = ((int(np.searchsorted(total, q * total[-1])) + 1) / _PARTS for q in _UNCUT)
    return far, tail


@compiled
def _masses(added: Floats, share: Floats, weight: Floats) -> Floats:
    """Return how much is drawn by how far what is added is from its mean, in 25ths up to 40."""
    out = np.zeros(40 * _PARTS)
    for i in range(len(added)):
        mean = 0.0
        for g in range(added.shape[1]):
            mean += share[i, g] * added[i, g]
        for g in range(added.shape[1]):
            far = min(abs(added[i, g] - mean) * _PARTS, 40.0 * _PARTS - 1.0)
            out[np.int64(far)] += weight[i] * share[i, g]
    return out


def _climbed(given: Given, wanted: Floats, ridge: float) -> Floats:
    """Return the slopes with which the made rows' products are as ``wanted``, but for a little."""
    factors = [factored(_spread(given, d, ridge)) for d in range(wanted.shape[1])]

    def curved(steep: Floats) -> Floats:
        return np.stack([solved(f, steep[:, d]) for d, f in enumerate(factors)], axis=1)

    def value(slopes: Floats) -> tuple[float, Floats]:
        return _likelihood(given, wanted, slopes, ridge)

    return ascended(value, curved, np.zeros(wanted.shape), rounds=_ROUNDS, stop=_STOP)


def _turned(toward: Floats, share: Floats, weight: Floats) -> Floats:
    """Return directions that span the same, and that do not vary together within rows."""
    total = float(weight.sum())
    if total <= 0:
        return toward
    spread = _varied(toward, share, weight) / total
    own = np.arange(len(toward))
    spread[own, own] += _THIN * spread[own, own].max()
    factor, out = factored(spread), toward.copy()
    for d in own:
        for e in range(d):
            out[d] -= factor[d, e] * out[e]
        out[d] /= factor[d, d]
    return out


@compiled
def _varied(toward: Floats, share: Floats, weight: Floats) -> Floats:
    """Return how directions vary together within rows, summed; the lower half."""
    size = len(toward)
    out, mean = np.zeros((size, size)), np.empty(size)
    for i in range(len(weight)):
        mean[:] = 0.0
        for g in range(share.shape[1]):
            for d in range(size):
                mean[d] += share[i, g] * toward[d, g]
        for g in range(share.shape[1]):
            for d in range(size):
                away = weight[i] * share[i, g] * (toward[d, g] - mean[d])
                for e in range(d + 1):
                    out[d, e] += away * (toward[e, g] - mean[e])
    return out


@compiled
def _gram(
    table: Floats, bounds: NDArray[np.int64], cells: Codes, weight: Floats, more: float
) -> Floats:
    """Return the sums of the products of scores, and ``more`` in each score's own."""
    size = table.shape[2]
    out, x = np.zeros((size, size)), np.empty(size)
    for i in range(len(weight)):
        for j in range(len(cells)):
            for f in range(bounds[j], bounds[j + 1]):
                x[f] = table[j, cells[j, i], f]
        for f in range(size):
            if x[f] != 0.0:
                for h in range(f + 1):
                    out[f, h] += weight[i] * x[f] * x[h]
    for f in range(size):
        for h in range(f):
            out[h, f] = out[f, h]
        if f < size - 1:  # the level is not drawn towards 0
            out[f, f] += more
    return out


@compiled
def _products(
    table: Floats, bounds: NDArray[np.int64], cells: Codes, t: Floats, weight: Floats
) -> Floats:
    """Return the sums of each score times each direction, shape ``(scores, directions)``."""
    out = np.zeros((table.shape[2], t.shape[1]))
    for j in range(len(cells)):
        for i in range(cells.shape[1]):
            for f in range(bounds[j], bounds[j + 1]):
                x = table[j, cells[j, i], f]
                if x != 0.0:
                    for d in range(t.shape[1]):
                        out[f, d] += weight[i] * x * t[i, d]
    return out


@compiled
def _spread(given: Given, d: int, ridge: float) -> Floats:
    """Return about how the likelihood curves in one direction, from 4,000 rows at most."""
    table, bounds, cells, share, toward, weight = given
    n, size = len(weight), table.shape[2]
    out, x = np.zeros((size, size)), np.empty(size)
    every = max(n // _MOST_SPREAD, 1)
    for i in range(0, n, every):
        mean, square = 0.0, 0.0
        for g in range(toward.shape[1]):
            mean += share[i, g] * toward[d, g]
            square += share[i, g] * toward[d, g] ** 2
        square -= mean * mean
        for j in range(len(cells)):
            for f in range(bounds[j], bounds[j + 1]):
                x[f] = table[j, cells[j, i], f]
        for f in range(size):
            if x[f] != 0.0:
                for h in range(f + 1):
                    out[f, h] += every * weight[i] * square * x[f] * x[h]
    for f in range(size):
        out[f, f] += ridge
    return out


@compiled
def _likelihood(given: Given, wanted: Floats, slopes: Floats, ridge: float) -> tuple[float, Floats]:
    """Return the log-likelihood of slopes, and its gradient, shape of ``slopes``."""
    table, bounds, cells, share, toward, weight = given
    columns, rows, _ = table.shape
    worth, expected = np.zeros((columns, rows, len(toward))), np.zeros((columns, rows, len(toward)))
    for j in range(columns):
        for r in range(rows):
            for f in range(bounds[j], bounds[j + 1]):
                worth[j, r] += table[j, r, f] * slopes[f]
    value = -_expect(cells, (share, toward, weight), worth, expected)
    out = wanted - ridge * slopes
    value += (wanted * slopes).sum() - 0.5 * ridge * (slopes * slopes).sum()
    for j in range(columns):
        for r in range(rows):
            for f in range(bounds[j], bounds[j + 1]):
                out[f] -= table[j, r, f] * expected[j, r]
    return value, out


@compiled
def _expect(
    cells: Codes, given: tuple[Floats, Floats, Floats], worth: Floats, expected: Floats
) -> float:
    """Fill ``expected`` with what each row of scores sees of each direction.

    Returns
    -------
    The summed logs of the sums of the corrected probabilities.
    """
    share, toward, weight = given
    columns, n = cells.shape
    directions, groups = toward.shape
    eta, mean, logs = np.empty(directions), np.empty(directions), 0.0
    for i in range(n):
        eta[:] = 0.0
        for j in range(columns):
            for d in range(directions):
                eta[d] += worth[j, cells[j, i], d]
        total = 0.0
        mean[:] = 0.0
        for g in range(groups):
            e = 0.0
            for d in range(directions):
                e += eta[d] * toward[d, g]
            p = share[i, g] * np.exp(min(max(e, -_STEEP), _STEEP))
            total += p
            for d in range(directions):
                mean[d] += p * toward[d, g]
        logs += weight[i] * np.log(total)
        for j in range(columns):
            for d in range(directions):
                expected[j, cells[j, i], d] += mean[d] * weight[i] / total
    return logs
