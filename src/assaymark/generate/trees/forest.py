"""Forest: the honest trees of one column, and what corrects them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.trees.barred import Axis, Seen, barred
from assaymark.generate.trees.boosting import People, boosts_of
from assaymark.generate.trees.branches import PLACES, grow
from assaymark.generate.trees.classes import placed
from assaymark.generate.trees.effects import (
    added,
    boosted,
    corrected,
    fit_effects,
    no_effects,
    steepened,
)
from assaymark.generate.trees.known import axis_of, sure
from assaymark.generate.trees.link import link_of
from assaymark.generate.trees.pools import Filling, pooled
from assaymark.generate.trees.repeated import persons_worth
from assaymark.generate.trees.said import Tree, asked_of, grouped_shares, said_of
from assaymark.generate.trees.slopes import Rows, fit_slopes
from assaymark.generate.trees.telling import most_telling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.trees.barred import Barred
    from assaymark.generate.trees.branches import Branches
    from assaymark.generate.trees.classes import Cut
    from assaymark.generate.trees.effects import Effects
    from assaymark.generate.trees.known import Known, Target
    from assaymark.generate.trees.link import Link
    from assaymark.generate.trees.stretches import Pooled

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Growth", "linked"]

_DECIDE = 0.4  # of the persons decide a tree's branches, the others fill its pools
_MOST_ROWS = 50_000
_MOST_KNOWN = 24
_FEW = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How a column's trees grow; see :class:`~assaymark.generate.tree_chain.TreeChain`."""

    k: int
    trees: int
    honest: bool
    penalty: float
    shrink: float
    effects: bool
    slopes: bool
    rounds: int = 0  # in which a small tree is tried
    protect: int = 10


def linked(
    encoded: Encoded,
    target: Target,
    known: Sequence[Known],
    made: Callable[[], Codes],
    *,
    how: Growth,
    streams: Streams,
) -> Link:
    """Grow the trees of ``target`` on the ``known`` columns, and fit what corrects them.

    What the declared outcome has to do with a group of people is kept as it was seen, however
    little it is, and so is, of many persons, what an outcome of few codes says of columns drawn
    after it. ``made`` returns the codes of rows drawn from the chain so far, shape
    ``(places in the chain, n)``, and is asked when all that needs none of them is done.
    """
    cut = target.cut
    classes = cut.classes[target.codes]
    groups = cut.groups[classes]
    given = most_telling([(k.bins, k.codes) for k in known], groups, _MOST_KNOWN)
    declared = [sure(k, target, encoded.n_persons) for k in known]
    given = sorted({*given, *np.flatnonzero(declared).tolist()})
    used = [known[j] for j in given]
    seen = np.stack([k.codes for k in used]) if used else np.zeros((0, len(classes)), np.int32)
    ground = _Ground(encoded=encoded, used=used, seen=seen, classes=classes, cut=cut)
    draws = [streams.child(m).generator() for m in range(how.trees if used else 1)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        trees = list(pool.map(partial(_tree, ground, how), draws))
    effects: Effects | None = None
    if used and (how.effects or how.slopes or how.rounds):
        rows = asked_of(trees, encoded, streams)
        people = People(
            codes=np.ascontiguousarray(seen[:, rows]),
            groups=groups[rows],
            weights=encoded.weights[rows],
            counted=encoded.counted[rows],
            due=encoded.due[rows],
            persons=encoded.persons[rows],
        )
        grouped = [grouped_shares(t.shares, cut) for t in trees]
        told = [declared[j] for j in given]

        def there() -> tuple[Codes, Floats]:
            codes = made()[[k.row for k in used]]
            said = np.zeros((codes.shape[1], cut.n_groups))
            for m, (tree, shares) in enumerate(zip(trees, grouped, strict=True)):
                said[m :: how.trees] = shares[tree.branches.leaves(codes[:, m :: how.trees])]
            return codes, said

        if len(rows):
            seen_there = people, said_of(trees, grouped, rows), classes[rows]
            rng = streams.child("boost").generator()
            effects, split = _corrections(used, target, seen_there, there, (how, told, rng))
            cut = replace(cut, groups=split)
    grown = [t.branches for t in trees], [t.shares for t in trees]
    worth = effects if effects is not None and len(effects.of) else None
    return link_of(tuple(k.row for k in used), *grown, cut, target.mass, worth)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ground:
    """What the trees of one column grow on."""

    encoded: Encoded
    used: Sequence[Known]
    seen: Codes
    classes: Codes
    cut: Cut


def _tree(ground: _Ground, how: Growth, rng: np.random.Generator) -> Tree:
    """Grow one tree and fill its pools."""
    encoded, classes, cut = ground.encoded, ground.classes, ground.cut
    deciding, filling = _halves(encoded, honest=how.honest and bool(ground.used), rng=rng)
    tree = _grown(ground, deciding, how, rng)
    leaf = tree.leaves(ground.seen)
    several = encoded.n_persons < len(encoded.persons)
    whose = encoded.persons[filling] if several else None
    filled = pooled(
        tree,
        leaf[filling],
        (classes[filling], cut.n_classes),
        (encoded.weights[filling], encoded.due[filling], whose),
        Filling(k=how.k, shrink=how.shrink),
    )
    luck = rng.random(len(deciding))
    return Tree(branches=tree, shares=filled, deciding=deciding, leaf=leaf[deciding], luck=luck)


def _corrections(
    used: Sequence[Known],
    target: Target,
    seen: tuple[People, Pooled, Codes],
    there: Callable[[], tuple[Codes, Floats]],
    rule: tuple[Growth, list[bool], np.random.Generator],
) -> Barred:
    """Fit what corrects the trees: bin by bin where that is believed, by small trees, and slopes.

    ``seen`` are people and what trees say of them, ``there`` returns the codes of rows made so far
    and what trees say there.
    """
    (people, said_of_them, classes), (how, declared, rng) = seen, rule
    base = said_of_them.base
    bins = [k.bins for k in used]
    found, own = no_effects(base.shape[1]), (people.groups, people.weights, people.persons)
    if how.effects:
        found = fit_effects(bins, people.codes, base, own, how.shrink, declared)
    if how.rounds:
        each = persons_worth(bins, people.codes, base, own)
        people = replace(people, weights=people.weights * each)
        places = [(k.places, k.size) for k in used]
        told = corrected(found, people.codes, base), added(found, people.codes)
        boosts = boosts_of(places, people, told, (float(how.k), how.shrink, how.rounds), rng)
        found = boosted(found, boosts, len(used))
    if how.slopes and target.scores is not None:
        made = there()
        present, rows = (
            Rows(cells=np.stack([b[x] for b, x in zip(bins, c, strict=True)]), weight=w)
            for c, w in ((people.codes, people.counted), (made[0], np.ones(made[0].shape[1])))
        )
        said = rows, corrected(found, *made)
        scores = [k.scores for k in used]
        given = scores, target.scores, (present, people.groups), said, how.shrink
        more = fit_slopes(*given, gentle=how.effects)
        found = steepened(found, bins, more)
    share = corrected(found, people.codes, base)
    judged = Seen(classes=classes, share=share, persons=people.persons, said=said_of_them)
    asked = Axis(target.cut.groups, target.ordered)
    return barred(found, [axis_of(k) for k in used], people.codes, asked, judged, how.protect)


def _grown(
    ground: _Ground, deciding: NDArray[np.int64], how: Growth, rng: np.random.Generator
) -> Branches:
    """Grow branches; whoever is sheltered decides as often as is due, and then as others do."""
    encoded = ground.encoded
    rows = deciding[rng.random(len(deciding)) < encoded.due[deciding]]
    weights, y = encoded.counted[rows], ground.cut.groups[ground.classes[rows]]
    codes = ground.seen[:, rows]
    places = [
        placed(c, k.size, y, weights, PLACES) if k.places is None else k.places
        for k, c in zip(ground.used, codes, strict=True)
    ]
    return grow(places, codes, y, (weights, encoded.persons[rows]), (how.penalty, float(how.k)))


def _halves(
    encoded: Encoded, *, honest: bool, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the persons who decide a tree's branches and of those who fill it."""
    everyone = np.arange(encoded.codes.shape[1])
    if not honest or encoded.n_persons < _FEW:
        return everyone, everyone
    side = rng.permutation(encoded.n_persons) < _DECIDE * encoded.n_persons
    chosen = side[encoded.persons]
    deciding = everyone[chosen]
    if len(deciding) > _MOST_ROWS:
        deciding = np.sort(rng.choice(deciding, _MOST_ROWS, replace=False))
    return deciding, everyone[~chosen]
