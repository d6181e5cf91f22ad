"""Within: a column drawn from what a condition leaves of it, and how likely that was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.philox import philox, uniform
from assaymark.generate.trees.branches import descend
from assaymark.generate.trees.link import CHOICE, TOGETHER, Link, code_in, worth_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.chain.restrict import Restriction
    from assaymark.generate.relations.derived import Lookup
    from assaymark.generate.trees.link import Corrections, Place, Trees, Words3

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Followed", "Within", "within"]

_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Within:
    """A link, and what a condition leaves of its column.

    Attributes
    ----------
    shares
        The share of each class in each pool, shape ``(pools, classes)``.
    left
        Which share of each class is left, shape ``(classes,)``.
    total
        As that of the link, of what is left.
    """

    link: Link
    restriction: Restriction
    shares: Floats
    left: Floats
    total: Floats

    def draw(self, drawn: Codes, place: Place, out: Codes, inside: Floats, weight: Floats) -> None:
        """Draw as :meth:`Link.draw` does, from what is left only.

        ``weight`` is multiplied by the probability that the link gave to what is left.
        """
        _draw_within(
            place.words(len(out)),
            self.link.trees,
            (self.shares, self.left, self.link.groups),
            self.link.corrections,
            (
                (self.link.codes, self.total, self.link.first),
                self.restriction.low,
                self.restriction.width,
            ),
            (self.link.seen(drawn), out, inside, weight),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Followed:
    """A column that follows from another, which was restricted so that this one fits."""

    lookup: Lookup
    restriction: Restriction

    def draw(self, drawn: Codes, place: Place, out: Codes, inside: Floats, weight: Floats) -> None:
        """Look up as :meth:`Lookup.draw` does, in the part of the cell that is left."""
        del weight
        self.lookup.draw(drawn, place, out, inside)
        inside *= self.restriction.width[out]
        inside += self.restriction.low[out]


def within(link: Link, restriction: Restriction) -> Within:
    """Return ``link`` ready to be drawn from under a restriction."""
    mass = np.diff(link.total)
    left = mass * restriction.share[link.codes]
    total = np.concatenate([[0.0], np.cumsum(left)])
    first, last = link.first[:-1], link.first[1:]
    whole = link.total[last] - link.total[first]
    held = np.where(left > 0, 1.0, 0.0)
    some = np.add.reduceat(held, first) > 0
    part = np.where(some, (total[last] - total[first]) / np.where(whole > 0, whole, 1.0), 0.0)
    return Within(
        link=link,
        restriction=restriction,
        shares=_shares(link.keep, link.other),
        left=np.minimum(part, 1.0),
        total=total,
    )


@compiled
def _shares(keep: NDArray[np.uint32], other: Codes) -> Floats:
    """Return the distributions that a :class:`~assaymark.generate.trees.pools.Table` stands for."""
    many, size = keep.shape
    out = np.zeros((many, size))
    for m in range(many):
        for c in range(size):
            kept = (np.float64(keep[m, c]) + 1.0) * 2.0**-32
            out[m, c] += kept / size
            out[m, other[m, c]] += (1.0 - kept) / size
    return out


@compiled
def _draw_within(
    place: Words3,
    trees: Trees,
    pools: tuple[Floats, Floats, Codes],
    effects: Corrections,
    fine: tuple[tuple[Codes, Floats, Codes], Floats, Floats],
    columns: tuple[Codes, Codes, Floats, Floats],
) -> None:
    key, rows, column = place
    roots, nodes, pool, places, start = trees
    shares, left, groups = pools
    classes_and_codes, low, width = fine
    given, code, inside, weight = columns
    classes, worth = shares.shape[1], np.zeros(effects[3].shape[1], dtype=np.float32)
    factor, likely = np.ones(groups.max() + 1), np.zeros(classes)
    tree, of = np.uint64(0), np.uint64(0xFFFFFFFFFFFFFFFF)
    for i in range(len(code)):
        row = rows[i]
        if row >> TOGETHER != of:
            of = row >> TOGETHER
            tree = (philox(key, of, column, CHOICE)[0] * np.uint64(len(roots))) >> _HALF
        leaf = pool[descend(nodes, roots[tree], (places, start[tree]), given, i)]
        if len(worth):
            most = worth_of(effects, given, i, worth)
            for g in range(len(worth)):
                factor[g] = np.exp(worth[g] - most)
        every, some = 0.0, 0.0
        for c in range(classes):
            likely[c] = shares[leaf, c] * factor[groups[c]]
            every += likely[c]
            likely[c] *= left[c]
            some += likely[c]
        weight[i] *= some / every
        one, _two, third, fourth = philox(key, row, column, np.uint64(0))
        code[i] = code_in(
            classes_and_codes, _picked(likely, left, uniform(one) * some), uniform(third)
        )
        inside[i] = low[code[i]] + width[code[i]] * uniform(fourth)


@compiled
def _picked(likely: Floats, left: Floats, aim: float) -> np.int64:
    """Return the class at ``aim`` of the running sum of ``likely``; 0 if nothing is left."""
    found, none = np.int64(0), True
    for c in range(len(likely)):
        if likely[c] > 0.0 or (none and left[c] > 0.0):
            found, none = np.int64(c), False
            if aim < likely[c]:
                return found
        aim -= likely[c]
    return found
