"""Single worth: how likely each column by itself makes the values of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.relations.densities import density
from assaymark.generate.relations.ranks import summed
from assaymark.generate.trees.classes import merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample

    Floats = NDArray[np.float64]
    Classes = NDArray[np.uint8]

__all__ = ["SingleWorth"]

_FINENESS = ((12, 12), (48, 24))
_PRIOR = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SingleWorth:
    """What each column says of each other, in two finenesses, as far as it was asked.

    Attributes
    ----------
    places
        The columns, by place in the table.
    levels
        By fineness, how many people were fitted to, which come first, and their classes.
    worth
        The mean log-density of a column as another says it, in rows not fitted to, NaN where that
        is not known yet; shape ``(columns, columns, finenesses)``.
    """

    places: NDArray[np.int64]
    levels: tuple[_Level, ...]
    worth: Floats

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """Put the columns of a sample into classes."""
        n = len(sample.places)
        return cls(
            places=sample.places,
            levels=tuple(_Level.of(sample, *fineness) for fineness in _FINENESS),
            worth=np.full((n, n, len(_FINENESS)), np.nan),
        )

    def best(self, x: int, earlier: Sequence[int]) -> tuple[tuple[int, int, int], float]:
        """Return the column that says most of ``x`` alone, in which fineness, and how much."""
        at = np.searchsorted(self.places, [x, *earlier])
        self.know(at[:1], at[1:])
        worth = self.worth[at[0], at[1:]]
        place, fineness = divmod(int(np.argmax(worth)), len(self.levels))
        return (x, int(earlier[place]), fineness), float(worth[place, fineness])

    def know(self, of: NDArray[np.int64], given: NDArray[np.int64]) -> None:
        """Work out what some columns, by row, say of others, where that is not known yet."""
        for y in given[np.isnan(self.worth[of][:, given, 0]).any(axis=0)].tolist():
            left = of[np.isnan(self.worth[of, y, 0])]
            for f, level in enumerate(self.levels):
                self.worth[left, y, f] = level.worths(left, y)

    def given(self, x: int, y: int, fineness: int) -> Floats:
        """Return the log-density of ``x`` as column ``y`` says it, in the rows not fitted to."""
        rows = np.searchsorted(self.places, [x, y])
        return self.levels[fineness].given(int(rows[0]), int(rows[1]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Level:
    """Columns in classes of one fineness: as they are said, and as they say something of others.

    ``n_fit`` rows are fitted to and come first; ``inside`` is the log-density of the others within
    their classes.
    """

    n_fit: int
    own: Classes
    other: Classes
    sizes: NDArray[np.int64]
    inside: Floats

    @classmethod
    def of(cls, sample: Sample, own: int, other: int) -> Self:
        fitted = sample.fitted
        order = np.concatenate([np.flatnonzero(fitted), np.flatnonzero(~fitted)])
        shape = len(sample.places), len(order)
        found = cls(
            n_fit=int(fitted.sum()),
            own=np.empty(shape, np.uint8),
            other=np.empty(shape, np.uint8),
            sizes=np.empty((shape[0], 2), np.int64),
            inside=np.empty((shape[0], int((~fitted).sum()))),
        )
        for row, x in enumerate(sample.places.tolist()):
            coding, mass, codes = sample.codings[x], sample.masses[x], sample.codes[x][order]
            held = mass[: len(coding.first)]
            code = np.minimum(codes, len(coding.first) - 1)
            classes = merged(held, own)
            total = np.bincount(classes, held)
            share = np.log(np.maximum(total / total.sum(), 1e-12))[classes]
            bins = merged(mass, other)[codes]
            found.own[row], found.other[row] = classes[code], bins
            found.sizes[row] = len(total), int(bins.max(initial=0)) + 1
            found.inside[row] = (density(coding, mass) - share)[code[found.n_fit :]]
        return found

    def worths(self, of: NDArray[np.int64], y: int) -> Floats:
        """Return how likely column ``y`` makes each of several, by row."""
        out = np.empty(len(of))
        _worths((self.own, self.other[y], self.inside), of, (self.sizes, y, self.n_fit), out)
        return out

    def given(self, x: int, y: int) -> Floats:
        """Return the log-density of a column as another says it, in the rows not fitted to."""
        size, most = int(self.sizes[x, 0]), int(self.sizes[y, 1])
        own, other = self.own[x].astype(np.int64), self.other[y].astype(np.int64)
        pairs = other * size + own
        joint = np.bincount(pairs[: self.n_fit], minlength=most * size).reshape(-1, size)
        overall = (joint.sum(axis=0) + 0.5) / (joint.sum() + 0.5 * size)
        shares = (joint + _PRIOR * overall) / (joint.sum(axis=1, keepdims=True) + _PRIOR)
        found: Floats = np.log(shares).ravel()[pairs[self.n_fit :]] + self.inside[x]
        return found


@compiled
def _worths(
    columns: tuple[Classes, Classes, Floats],
    of: NDArray[np.int64],
    which: tuple[NDArray[np.int64], int, int],
    out: Floats,
) -> None:
    own, other, inside = columns
    sizes, y, n_fit = which
    said = np.empty(inside.shape[1])
    for k in range(len(of)):
        x = of[k]
        size, most = sizes[x, 0], sizes[y, 1]
        log = _logs(own[x], other, (n_fit, size, most))
        for i in range(len(said)):
            at = np.uint64(other[n_fit + i]) * np.uint64(size) + np.uint64(own[x, n_fit + i])
            said[i] = log[at] + inside[x, i]
        out[k] = summed(said) / max(len(said), 1)


@compiled
def _logs(own: Classes, other: Classes, sizes: tuple[int, int, int]) -> Floats:
    """Return the log-share of each class in each bin, one bin after the other."""
    n_fit, size, most = sizes
    joint, overall = np.zeros((most, size)), np.empty(size)
    for i in range(n_fit):
        joint[np.uint64(other[i]), np.uint64(own[i])] += 1.0
    for g in range(size):
        overall[g] = (joint[:, g].sum() + 0.5) / (n_fit + 0.5 * size)
    for b in range(most):
        held = joint[b].sum()
        for g in range(size):
            joint[b, g] = np.log((joint[b, g] + _PRIOR * overall[g]) / (held + _PRIOR))
    return joint.ravel()
