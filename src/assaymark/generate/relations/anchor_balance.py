"""Anchor balance: a product of two columns and others added, such as pay for hours and a bonus."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.relations.anchor_constant import nudged
from assaymark.generate.relations.anchor_solve import solved
from assaymark.generate.relations.anchors import Anchor, Product

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample

    Floats = NDArray[np.float64]

__all__ = ["Balance", "balances"]

_FEWEST, _ROWS_EACH, _MOST_ROWS = 200, 5, 800
_MOSTLY, _MOST, _FEW_VALUES = 0.8, 40, 5
_LEFT = 1e-3  # of the spread of a product, which others leave of it at most
_KEPT = 0.9
_MANY = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance(Anchor):
    """A product, and a sum of other columns that is added to it.

    Attributes
    ----------
    terms
        Place of each column of both, and its power or coefficient.
    product, added
        What they are.
    """

    product: Product
    added: Anchor

    def at(self, numbers: Mapping[int, Floats]) -> Floats:
        """Return the sum, NaN where one of its columns is missing; shape ``(n,)``."""
        return self.product.at(numbers) + self.added.at(numbers) + self.constant

    def moved(self, order: Sequence[int]) -> Balance:
        """Return the same with each column's place in ``order``."""
        product = replace(self.product, terms=self.product.moved(order).terms)
        added = self.added.moved(order)
        terms = *product.terms, *added.terms
        return replace(self, terms=terms, product=product, added=added)

    @property
    def whole(self) -> bool:
        """Prices are rounded."""
        return False

    def words(self, names: Sequence[str]) -> str:
        """Return a formula of the columns' ``names``, rounding left out."""
        more = self.added.words(names)
        return f"{self.product.words(names)} {more if more.startswith('- ') else f'+ {more}'}"


def balances(sample: Sample) -> Iterator[tuple[int, Balance]]:
    """Yield columns that are the product of two others and a sum of more, and which.

    A product that the other columns say with whole weights is in such a balance. Of the columns
    with a weight of 1, the one that goes most with the product is what is worked out.
    """
    full = [j for j, v in sample.numbers.items() if np.isfinite(v).mean() >= _MOSTLY]
    used = [j for j in full if sample.measured(j) and sample.many[j] > 1]
    if not 3 < len(used) <= _MOST:
        return
    columns = np.stack([sample.numbers[j] for j in used])
    rows = np.flatnonzero(np.isfinite(columns).all(axis=0))[:_MOST_ROWS]
    if len(rows) < max(_FEWEST, _ROWS_EACH * len(used)):
        return
    given = columns[:, rows]
    for i, j in _said(given, [sample.many[k] for k in used]):
        terms = (used[i], 1.0), (used[j], 1.0)
        product = Product(terms=terms, lines=((0.0, 1.0), (0.0, 1.0)))
        rest = [k for k in range(len(used)) if k not in (i, j)]
        found = solved(given[i] * given[j], given[rest], 0.0)
        if found is None or (found[0] % 1).any() or np.count_nonzero(found[0]) < 2:
            continue
        weights = {used[k]: w for k, w in zip(rest, found[0].tolist(), strict=True) if w}
        yield from _balance(sample, product, weights, (rows, found[1]))


def _said(given: Floats, many: Sequence[int]) -> list[tuple[int, int]]:
    """Return the pairs of columns whose product a sum of the columns says."""
    pairs = [
        p for p in combinations(range(len(given)), 2) if min(many[k] for k in p) >= _FEW_VALUES
    ]
    if not pairs:
        return []
    middle, scale = given.mean(axis=1, keepdims=True), given.std(axis=1, keepdims=True)
    basis = np.linalg.svd(((given - middle) / np.maximum(scale, 1e-12)).T, full_matrices=False)
    kept = basis[0][:, basis[1] > 1e-9 * basis[1][0]]
    products = np.stack([given[i] * given[j] for i, j in pairs], axis=1)
    products -= products.mean(axis=0)
    left = np.abs(products - kept @ (kept.T @ products))
    close = np.quantile(left, _KEPT, axis=0) <= _LEFT * products.std(axis=0)
    return [p for p, c in zip(pairs, close, strict=True) if c]


def _balance(
    sample: Sample,
    product: Product,
    weights: Mapping[int, float],
    how: tuple[NDArray[np.int64], float],
) -> Iterator[tuple[int, Balance]]:
    """Yield what is worked out of a product that is a sum, if it is one column of this."""
    rows, constant = how
    at = product.at(sample.numbers)[rows]
    together = {
        x: abs(float(np.corrcoef(at, sample.numbers[x][rows])[0, 1]))
        for x, w in weights.items()
        if w == 1.0 and sample.many[x] >= _MANY
    }
    x = max(together, key=lambda j: together[j], default=None)
    if x is None:
        return
    added = Anchor(terms=tuple((j, -w) for j, w in sorted(weights.items()) if j != x))
    plain = Balance(terms=(*product.terms, *added.terms), product=product, added=added)
    sums = plain.at({j: sample.numbers[j][rows] for j, _ in plain.terms})
    best = nudged(sample, x, rows, sums, (-constant, sample.half(x)))
    found = replace(plain, constant=best)
    if sample.holds(x, found):
        yield x, found
