"""Anchor product: which product of others a column is, and which of these is the one worked out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.relations.anchor_constant import nudged
from assaymark.generate.relations.anchors import apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assaymark.generate.relations.anchor_sample import Sample
    from assaymark.generate.relations.anchors import Product
    from assaymark.generate.relations.product_solve import Logs

__all__ = ["multiplied", "product_of", "rather"]

_FEWEST, _FEW_VALUES, _NO_ROOM = 200, 5, 12
_ROUNDINGS, _ALWAYS = 3, 0.99  # of a price, a discount and a tax, each after another
_PART = 0.25


def product_of(sample: Sample, logs: Logs, x: int, aside: dict[int, Product]) -> Product | None:
    """Return the product that ``x`` is, no column in which is rather made of ``x``.

    What such a column is but for roundings is added to ``aside``, if it is always there.
    """
    others = [y for y in logs.numbers if y != x]
    while sample.many[x] >= _FEW_VALUES:
        made = next(multiplied(sample, logs, x, others), None)
        if made is None or (sample.many[x] <= _NO_ROOM and not made.whole):
            return None
        parts = [j for j, _ in made.terms]
        if len(parts) == 1:
            return None
        better = rather((sample, logs, aside), x, parts)
        if better is None:
            return made
        others.remove(better)
    return None


def rather(
    found_in: tuple[Sample, Logs, dict[int, Product]], x: int, parts: Sequence[int]
) -> int | None:
    """Return which of its parts is rather made of ``x`` and the others, finer than it, if any.

    What such a column is but for roundings is added to the last of ``found_in``.
    """
    sample = found_in[0]
    finer = (j for j in parts if sample.step(j) < sample.step(x))
    return next((j for j in finer if _follows(found_in, j, x, [x, *parts])), None)


def _follows(
    found_in: tuple[Sample, Logs, dict[int, Product]], y: int, x: int, members: Sequence[int]
) -> bool:
    """Whether ``y``, finer than ``x``, is the product: to the point, or but for roundings.

    In the latter case only if it is that to the point where it is there, and lies near it, or one
    of other columns, which it is worked out from.
    """
    sample, logs, aside = found_in
    others = [j for j in members if j != y]
    if next(multiplied(sample, logs, y, others), None) is not None:
        return True
    rounding = _ROUNDINGS * sample.rounding(y, logs.numbers[y])
    found = [f.product for f in logs.products(y, rounding, others) if f.exact and f.product]
    found = [p for p in found if _rounded_of(sample, y, x, p)]
    held = next((p for p in found if sample.holds(y, p, gaps=True)), None)
    if held is not None and sample.holds(y, held):
        aside.setdefault(y, held)
    every = [j for j in logs.numbers if j not in (x, y)]
    return held is not None or (
        bool(found) and next(multiplied(sample, logs, y, every, alone=True), None) is not None
    )


def _rounded_of(sample: Sample, y: int, x: int, product: Product) -> bool:
    """Whether ``y`` is a product with ``x``, rounded some times, and ``x`` not made of it.

    As a gross amount is of a price, a discount and a tax, each rounded. Were ``x`` the one that
    is rounded, half of the rows would be off by half of what that changes in ``y``.
    """
    numbers = sample.numbers
    power = dict(product.terms).get(x, 0.0)
    at = product.at(numbers)
    points = apart(sample.codings[y], numbers[y], at).points
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.abs(at * power / numbers[x]) * sample.half(x)
        off = np.abs(numbers[y] - at) / room
    known = np.isfinite(off)
    few = (np.abs(points[known]) <= _ROUNDINGS).mean() if known.sum() >= _FEWEST else 0.0
    return bool(few >= _ALWAYS and np.median(off[known]) <= _PART)


def multiplied(
    sample: Sample, logs: Logs, x: int, others: Sequence[int], *, alone: bool = False
) -> Iterator[Product]:
    """Yield the product of other columns that ``x`` is but for rounding, if there is one.

    With ``alone`` also a multiple of one column.
    """
    for found in logs.products(x, sample.rounding(x, logs.numbers[x]), others):
        made = found.product
        if made is None or not found.exact:
            continue
        if alone or len(made.terms) > 1 or made.terms[0][1] != 1:
            at = made.at(sample.numbers)
            rows = np.flatnonzero(np.isfinite(at) & np.isfinite(sample.numbers[x]))
            nudge = nudged(sample, x, rows, at[rows], (0.0, sample.half(x)))
            if sample.holds(x, replace(made, constant=nudge)):
                yield replace(made, constant=nudge)
