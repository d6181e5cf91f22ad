"""Classes: the codes of a column put into fewer, like ones together, for a tree to tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.coding.encoding import Coding

    Classes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Cut", "classes_of", "cut_of", "merged", "placed"]

_PRIOR = 5.0
_LEVELS, _GROUPS = 256, 24
_POWER = 20  # steps of the power method


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cut:
    """A column to be drawn: the class of each code, and the group of each class.

    Pools hold classes; what a tree tells apart, and what effects correct, are groups of them.
    """

    classes: Classes
    groups: Classes

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.groups)

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return int(self.groups.max()) + 1


def cut_of(coding: Coding, mass: Floats, most: int) -> Cut:
    """Cut a column into classes, ``most`` if it is ordered and 256 if not, and 24 groups."""
    classes = classes_of(coding, mass, most if coding.ordered else max(_LEVELS, most))
    held = np.bincount(classes, mass).astype(np.float64)
    last = coding.missing and classes[-1] == len(held) - 1
    if not coding.ordered:
        return Cut(classes=classes, groups=_heaviest(held, _GROUPS + 8))
    groups = merged(held[: len(held) - last], _GROUPS)
    if last:
        groups = np.append(groups, groups.max(initial=-1) + 1).astype(np.int32)
    return Cut(classes=classes, groups=groups)


def classes_of(coding: Coding, mass: Floats, most: int) -> Classes:
    """Return the class of each code, shape ``(size,)``, counted from 0; about ``most`` of them.

    Ordered codes are merged with their neighbours into classes of about equal ``mass`` (that of
    each code), a code heavier than that is a class of its own; of unordered codes the heaviest
    are classes of their own and the others share the last. "Missing" is always a class.

    Returns
    -------
    Classes, 0 to their number less one, each of which has a code.
    """
    if coding.ordered:
        known = coding.size - coding.missing
        classes = merged(mass[:known], most)
        return np.append(classes, classes.max(initial=-1) + 1)[: coding.size].astype(np.int32)
    classes = _heaviest(mass, most)
    if coding.missing and coding.size > most and classes[-1] == most - 1:
        classes[-1] = most
    return classes


def _heaviest(mass: Floats, most: int) -> Classes:
    classes = np.empty(len(mass), dtype=np.int32)
    classes[np.argsort(-mass, kind="stable")] = np.minimum(np.arange(len(mass)), most - 1)
    return classes


def merged(mass: Floats, most: int) -> Classes:
    """Merge neighbours into at most ``most`` classes of about equal mass; shape of ``mass``.

    What heavy codes take is no longer there for the others to share, so that these are told
    apart as finely as ``most`` allows.
    """
    if len(mass) <= most:
        return np.arange(len(mass), dtype=np.int32)
    return _merged(mass.astype(np.float64), float(mass.sum()), most)


@compiled
def _merged(mass: Floats, left: float, most: int) -> Classes:
    classes = np.zeros(len(mass), dtype=np.int32)
    number, held = 0, 0.0
    for i in range(len(mass)):
        m = mass[i]
        full = (left + held) / (most - number)
        if number < most - 1 and held > 0 and (held >= full or held + m / 2 > full):
            number, held = number + 1, 0.0
        classes[i] = number
        held += m
        left -= m
    return classes


def placed(
    codes: NDArray[np.int32], size: int, y: NDArray[np.int32], weights: Floats, most: int
) -> Classes:
    """Place the levels of an unordered column on a line so that like ones are near for ``y``.

    Levels are ranked along the first principal direction of their shares of the classes ``y``,
    shrunk towards the overall shares, then merged into at most ``most`` places; shape
    ``(size,)``.

    References
    ----------
    Coppersmith, Hong & Hosking (1999), Partitioning nominal attributes in decision trees.
    """
    outputs = int(y.max(initial=0)) + 1
    joint = np.bincount(codes.astype(np.int64) * outputs + y, weights, size * outputs)
    joint = joint.reshape(size, outputs)
    mass = joint.sum(axis=1)
    overall = joint.sum(axis=0) / max(mass.sum(), 1e-12)
    away = (joint - mass[:, None] * overall) / (mass + _PRIOR)[:, None]
    score = np.round(_along(away, mass), 9)
    order = np.lexsort((np.arange(size), score))
    at = np.empty(size, dtype=np.int32)
    at[order] = merged(mass[order], most)
    return at


@compiled
def _along(away: Floats, mass: Floats) -> Floats:
    """Return how far each row of ``away`` lies along the first principal direction of all.

    Plain loops: no threads, so the same sums on every machine.
    """
    levels, outputs = away.shape
    spread = np.zeros((outputs, outputs))
    for r in range(levels):
        for o in range(outputs):
            for p in range(outputs):
                spread[o, p] += away[r, o] * mass[r] * away[r, p]
    direction = spread[np.argmax(np.diag(spread))].copy()
    for _ in range(_POWER):
        turned = np.zeros(outputs)
        for o in range(outputs):
            for p in range(outputs):
                turned[o] += spread[o, p] * direction[p]
        largest = np.abs(turned).max()
        direction = turned / (largest if largest > 0.0 else 1.0)
    score = np.zeros(levels)
    for r in range(levels):
        for o in range(outputs):
            score[r] += away[r, o] * direction[o]
    return score
