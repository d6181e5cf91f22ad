"""Outcomes: what is compared between groups: the target's classes, or means that are declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.claim import Mean
from assaymark.core.schema import Kind
from assaymark.evaluate.features import numbers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column

__all__ = ["Outcome", "outcomes_of"]

_CLASSES = 4
_FEW_VALUES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One number of every row: a column's own, or 1 where it has the value ``level``, else 0."""

    column: Column
    level: str | None = None

    @property
    def name(self) -> str:
        """The outcome in words: ``income`` or ``ill=yes``."""
        return self.column.name if self.level is None else f"{self.column.name}={self.level}"

    @property
    def rate(self) -> bool:
        """Whether its mean is a share of rows."""
        return self.level is not None

    def values(self, data: Dataset) -> NDArray[np.float64]:
        """Return the outcome of each row, shape ``(n,)``, NaN where it is missing."""
        series = data.frame[self.column.name]
        if self.level is None:
            return numbers_of(series)
        words = series.cast(pl.String)
        hit = (words == self.level).cast(pl.Float64).to_numpy()
        return np.asarray(np.where(words.is_null().to_numpy(), np.nan, hit), dtype=np.float64)


def outcomes_of(case: Case) -> list[Outcome]:
    """Return the outcomes of the target column, and of what the recipe claims or corrects.

    Of two classes the rarer one; of more, the four most frequent in train; a number with more than
    ten values as it is.
    """
    names = [] if case.train.target is None else [case.train.target]
    names += [c.column for c in case.questions.claim if isinstance(c, Mean)]
    names += [c.outcome.partition("=")[0] for c in case.questions.correction]
    found = []
    for name in dict.fromkeys(names):
        if name in case.schema.names:
            found += _of(case.schema.column(name), case.train)
    return found


def _of(column: Column, train: Dataset) -> list[Outcome]:
    if column.kind is Kind.TEXT:
        return []
    known = train.frame[column.name].drop_nulls()
    if column.kind.ordered and known.n_unique() > _FEW_VALUES:
        return [Outcome(column=column)]
    counts = known.cast(pl.String).value_counts(name="n")
    counts = counts.sort(["n", column.name], descending=[True, False])
    levels = counts[column.name].to_list()
    chosen = levels[1:] if len(levels) == 2 else levels[:_CLASSES] if len(levels) > 2 else []
    return [Outcome(column=column, level=level) for level in chosen]
