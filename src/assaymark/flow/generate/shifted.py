"""Shifted: columns that constraints moved away from the table, though its rows keep them all."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.constraints.demands import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    there = [1 - d.frame[name].null_count() / max(d.n, 1) for d in (real, made)]
    error = sqrt(there[0] * (1 - there[0]) * (1 / max(real.n_persons, 1) + 1 / max(made.n, 1)))
    apart = abs(there[1] - there[0])
    if apart > _SURE * error and (apart > _POINTS or there[1] < _HALF * there[0]):
        return f"{name} has a value in {there[1]:.1%} of them, in the table in {there[0]:.1%}"
    if made.schema.column(name).kind not in {Kind.INTEGER, Kind.DECIMAL}:
        return ""
    values = [d.frame[name].drop_nulls().cast(float).to_numpy() for d in (real, made)]
    if not all(map(len, values)) or not (spread := float(np.std(values[0]))):
        return ""
    apart = abs(float(np.mean(values[1]) - np.mean(values[0]))) / spread
    if apart > max(_SD, _SURE * sqrt(sum(1 / len(v) for v in values))):
        means = [f"{float(np.mean(v)):.4g}" for v in values]
        return f"{name} is {means[1]} on average, in the table {means[0]}"
    return ""
