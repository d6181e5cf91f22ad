"""DP network: which columns are drawn from which, and by what shares, as far as was paid for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.dp.project import fitted, nonnegative
from assaymark.generate.dp.vault import How
from assaymark.generate.trees.branches import branches_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.dp.vault import Vault
    from assaymark.generate.trees.branches import Branches

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Drawn", "Plan", "branched", "network"]

_EVEN = 1e-3  # of each table is what independence expects, so that nothing is impossible
_NOISE = math.sqrt(2 / math.pi)  # mean size of a normal number
_LEAST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a network is built.

    Attributes
    ----------
    root
        The column drawn first; ``always`` says that every other is drawn from it too.
    parents
        Columns that a column is drawn from, at most.
    rows
        The noisy number of rows.
    costs
        Rho for choosing, and for counting, in all.
    own
        Standard deviation of the noise in the shares that are known before.
    penalty
        How much of the noise a table would have is taken off its score.
    """

    root: str
    always: bool
    parents: int
    rows: float
    costs: tuple[float, float]
    own: Mapping[str, float]
    penalty: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """A column with what it is drawn from.

    ``shares`` has shape ``(classes, combinations of the parents' classes)``; columns add up to 1.
    """

    name: str
    parents: tuple[str, ...]
    shares: Floats


def network(vault: Vault, shares: Mapping[str, Floats], plan: Plan) -> tuple[Drawn, ...]:
    """Choose for one column after another what it is drawn from, and count that.

    Parents of one column are columns that were counted together, so that what is known of them
    is exact within the model: a junction tree.

    References
    ----------
    Zhang et al. (2017), PrivBayes; McKenna, Miklau & Sheldon (2021), Winning the NIST contest;
    Friedman, Geiger & Goldszmidt (1997), Bayesian network classifiers, for drawing from the target
    too.
    """
    known = dict(shares)
    steps = len(shares) - 1
    joint: dict[tuple[str, ...], Floats] = {(plan.root,): known[plan.root]}
    out = [Drawn(name=plan.root, parents=(), shares=known[plan.root][:, None])]
    if not steps:
        return tuple(out)
    each = plan.costs[0] / steps, plan.costs[1] / steps
    sigma = vault.cap / math.sqrt(2 * each[1])
    how = How(rho=each[0], penalty=plan.penalty * _NOISE * sigma)
    placed = [plan.root]
    while len(placed) < len(shares):
        asked = _asked(plan, placed, tuple(joint), known)
        names = asked[vault.choose(f"table {len(placed)} of {steps}", asked, known, how)]
        counted = vault.count(names, tuple(len(known[n]) for n in names), each[1])
        above = _margin(joint, names[1:])
        own = known[names[0]], plan.own[names[0]]
        table = _table(counted.counts, counted.sigma, plan.rows, own, above)
        known[names[0]] = table.sum(axis=1)
        joint[names] = table.reshape([len(known[n]) for n in names])
        out.append(Drawn(name=names[0], parents=names[1:], shares=_conditional(table)))
        placed.append(names[0])
    return tuple(out)


def _asked(
    plan: Plan,
    placed: Sequence[str],
    cliques: Sequence[tuple[str, ...]],
    known: Mapping[str, Floats],
) -> list[tuple[str, ...]]:
    """Return every column that is left with every set of parents it may get."""
    sets: set[tuple[str, ...]] = set()
    for clique in cliques:
        order = sorted(clique, key=placed.index)
        for size in range(1, plan.parents + 1):
            sets |= set(combinations(order, size))
    if plan.always:
        full = min(plan.parents, len(placed))
        sets = {s for s in sets if plan.root in s and len(s) == full}
    left = [c for c in known if c not in placed]
    return [(column, *s) for column in left for s in sorted(sets)]


def _margin(joint: Mapping[tuple[str, ...], Floats], names: tuple[str, ...]) -> Floats:
    """Return the shares of the combinations of ``names``, flat, in their order."""
    clique = next(c for c in joint if set(names) <= set(c))
    gone = tuple(i for i, c in enumerate(clique) if c not in names)
    left = [c for c in clique if c in names]
    out: Floats = joint[clique].sum(axis=gone).transpose([left.index(n) for n in names]).ravel()
    return out


def _table(
    counts: Floats, sigma: float, rows: float, own: tuple[Floats, float], above: Floats
) -> Floats:
    """Return shares of column and parents together that add up to what else is known of either."""
    flat = counts.reshape(counts.shape[0], -1)
    share, noise = own
    table = nonnegative(flat, rows) / rows + _EVEN * share[:, None] * above
    # two noisy counts of the same: each weighs by what it knows
    here, there = 1 / (sigma**2 * flat.shape[1]), 1 / noise**2
    mine = np.maximum((flat.sum(axis=1) * here + share * rows * there) / (here + there), 0.0)
    mine = np.maximum(mine, _LEAST * rows)
    return fitted(table, mine / mine.sum(), above)


def _conditional(table: Floats) -> Floats:
    above = table.sum(axis=0)
    own = table.sum(axis=1)
    out = np.where(above > 0, table / np.where(above > 0, above, 1.0), own[:, None])
    return np.asarray(out / out.sum(axis=0), dtype=np.float64)


def branched(places: Sequence[Codes]) -> Branches:
    """Return the tree that tells all combinations of the parents' classes apart.

    ``places`` has, parent by parent, the class of each code. Leaves are in the order of the
    combinations, the last parent's class changing fastest.
    """
    sizes = [int(p.max()) + 1 for p in places]
    nodes: list[list[int]] = []

    def grow(depth: int, low: int, high: int, parent: int) -> int:
        if high - low == 1:
            if depth + 1 < len(sizes):
                return grow(depth + 1, 0, sizes[depth + 1], parent)
            nodes.append([-1, 0, -1, -1, parent])
            return len(nodes) - 1
        here, middle = len(nodes), (low + high) // 2
        nodes.append([depth, middle - 1, 0, 0, parent])
        nodes[here][2] = grow(depth, low, middle, here)
        nodes[here][3] = grow(depth, middle, high, here)
        return here

    grow(0, 0, sizes[0], -1)
    return branches_of([*np.array(nodes, dtype=np.int32).T], places)
