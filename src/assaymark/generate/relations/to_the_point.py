"""To the point: sums that a column always is, where a multiple of one is it but for rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.relations.against import against
from assaymark.generate.relations.anchor_constant import rows_right
from assaymark.generate.relations.anchors import Anchor

if TYPE_CHECKING:
    from assaymark.generate.relations.anchor_sample import Sample

__all__ = ["sum_to_the_point"]


def sum_to_the_point(sample: Sample, x: int, about: Anchor) -> Anchor | None:
    """Return the sum of two columns that ``x`` always is, if a multiple of one is it less often.

    A tax of 19 % of 9.50 is 1.80 in some rows and 1.81 in others; net and tax are the gross.
    """
    if len(about.terms) != 1 or about.whole:
        return None
    off = _off(sample, x, about)
    base = about.terms[0][0]
    others = (z for z in sample.many if off and z not in (x, base) and sample.measured(z))
    pairs = (Anchor(terms=tuple(sorted(((base, 1.0), (z, 1.0))))) for z in others)
    closer = (p for p in pairs if _off(sample, x, p) <= min(against(len(sample.persons)), off - 1))
    return next((p for p in closer if sample.holds(x, p)), None)


def _off(sample: Sample, x: int, anchor: Anchor) -> int:
    """Return in how many rows a column is not to the point what an anchor says."""
    at = anchor.at(sample.numbers)
    rows = np.flatnonzero(np.isfinite(at) & np.isfinite(sample.numbers[x]))
    return len(rows) - rows_right(sample, x, rows, at[rows])
