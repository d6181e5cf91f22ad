"""To the point: sums that a column always is, where a multiple of one is it but for rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.relations.anchor_constant import rows_right
from assaymark.generate.relations.anchors import Anchor

if TYPE_CHECKING:
    from assaymark.generate.relations.anchor_sample import Sample

__all__ = ["sum_to_the_point"]


def sum_to_the_point(sample: Sample, x: int, about: Anchor) -> Anchor | None:
    """Return the sum of two columns that ``x`` always is, if a multiple of one is it not quite.

    A tax of 19 % of 9.50 is 1.80 in some rows and 1.81 in others; net and tax are the gross.
    """
    if len(about.terms) != 1 or about.whole or _to_the_point(sample, x, about):
        return None
    base = about.terms[0][0]
    others = (z for z in sample.many if z not in (x, base) and sample.measured(z))
    pairs = (Anchor(terms=tuple(sorted(((base, 1.0), (z, 1.0))))) for z in others)
    held = (p for p in pairs if _to_the_point(sample, x, p) and sample.holds(x, p))
    return next(held, None)


def _to_the_point(sample: Sample, x: int, anchor: Anchor) -> bool:
    at = anchor.at(sample.numbers)
    rows = np.flatnonzero(np.isfinite(at) & np.isfinite(sample.numbers[x]))
    return bool(len(rows)) and rows_right(sample, x, rows, at[rows]) == len(rows)
