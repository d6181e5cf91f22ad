"""Shifted: columns that constraints moved away from the table, though its rows keep them all."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.constraints.demands import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.constraint import ConstraintSpec
    from assaymark.core.dataset import Dataset

__all__ = ["columns_of", "shifted_notes"]

_SURE = 5.0  # standard errors, so that chance says nothing in a hundred columns
_HALF, _POINTS, _SD = 0.5, 0.05, 0.2


def shifted_notes(constraints: Sequence[ConstraintSpec], real: Dataset, made: Dataset) -> list[str]:
    """Say which columns of constraints have values seldomer or other ones than in the table.

    Rows that break a constraint are drawn again, so that a model that does not know what it says
    makes hardly any row of which it asks much. Constraints that rows of the table break too
    (``on_source = "keep"``) are to move columns, and nothing is said of them.
    """
    asked = columns_of([c for c in constraints if c.on_source == "refuse"])
    said = (_shift(real, made, name) for name in real.schema.names if name in asked)
    moved = [text for text in said if text]
    if not moved or not made.n:
        return []
    return [
        f"Under the constraints rows are not as in the table: {'; '.join(moved)}. Rows that break "
        "a constraint are drawn again, and those of which it asks most come out least."
    ]


def columns_of(constraints: Sequence[ConstraintSpec]) -> set[str]:
    """Return what may be columns in constraints."""
    return {word for c in constraints for word in words_of(c)}


def _shift(real: Dataset, made: Dataset, name: str) -> str:
    """Say how a column moved, if it did from the table by persons, and from that by rows too.

    A generator learns from persons, who each count once, or from rows: either moves nothing.
    """
    each = 1.0 / np.bincount(real.person_codes)[real.person_codes]
    said = [_moved(real, made, name, weights) for weights in (each, np.ones(real.n))]
    return said[0] if all(said) else ""


def _moved(real: Dataset, made: Dataset, name: str, weights: NDArray[np.float64]) -> str:
    known = real.frame[name].is_not_null().to_numpy()
    there = [float(weights[known].sum() / max(weights.sum(), 1)), _share(made, name)]
    error = sqrt(there[0] * (1 - there[0]) * (1 / max(real.n_persons, 1) + 1 / max(made.n, 1)))
    apart = abs(there[1] - there[0])
    if apart > _SURE * error and (apart > _POINTS or there[1] < _HALF * there[0]):
        return f"{name} has a value in {there[1]:.1%} of them, in the table in {there[0]:.1%}"
    if made.schema.column(name).kind not in {Kind.INTEGER, Kind.DECIMAL}:
        return ""
    values = [d.frame[name].drop_nulls().cast(float).to_numpy() for d in (real, made)]
    if not all(map(len, values)) or not (spread := float(np.std(values[0]))):
        return ""
    means = float(np.average(values[0], weights=weights[known])), float(np.mean(values[1]))
    sizes = min(len(values[0]), real.n_persons), len(values[1])
    if abs(means[1] - means[0]) > spread * max(_SD, _SURE * sqrt(sum(1 / n for n in sizes))):
        return f"{name} is {means[1]:.4g} on average, in the table {means[0]:.4g}"
    return ""


def _share(made: Dataset, name: str) -> float:
    return 1 - made.frame[name].null_count() / max(made.n, 1)
