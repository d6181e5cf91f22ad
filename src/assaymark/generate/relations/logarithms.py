"""Logarithms: which logarithms of a column are nearest to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.relations.anchors import BASES, Logarithm, natural_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["logarithms_of"]

_FEWEST, _STRAIGHT = 200, 0.999


def logarithms_of(y: int, values: Floats, log: Floats, shift: float) -> Iterator[Logarithm]:
    """Yield the logarithms of column ``y`` that are nearest to another, usual ones first."""
    natural = natural_log(values + shift)
    known = np.isfinite(natural) & np.isfinite(log)
    if known.sum() < _FEWEST or not _bent(values[known], natural[known]):
        return
    factor, constant = (float(c) for c in np.polyfit(natural[known], log[known], 1))
    usual = float(np.sign(factor)) * min(BASES.values(), key=lambda b: abs(b - abs(factor)))
    middle = float(np.median(log[known] - usual * natural[known]))
    for one in ((usual, round(middle, 3) + 0.0), (usual, middle), (factor, constant)):
        yield Logarithm(terms=((y, one[0]),), constant=one[1], shift=shift)


def _bent(values: Floats, natural: Floats) -> bool:
    """Whether values are spread so far that their logarithms are not about a line of them."""
    return bool(values.std() > 0 and abs(np.corrcoef(values, natural)[0, 1]) < _STRAIGHT)
