"""Features: a table as numbers, for models that tell tables apart or predict a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Kind, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column

    Floats = NDArray[np.float64]

__all__ = [
    "NO_HOLDOUT",
    "Encoder",
    "doubled_ranks",
    "encoder_of",
    "fit_for_trees",
    "measured_columns",
    "numbers_of",
    "why_incomparable",
]

NO_HOLDOUT = (
    "no holdout was given: without real rows that the generator did not see, "
    "there is nothing independent to compare with"
)
_CATEGORIES = 30
_SPREAD = 5.0  # standardised values are cut off here, so that one outlier does not steer a model


def numbers_of(series: pl.Series) -> Floats:
    """Return an ordered column as floats, missing as NaN; dates in days, times in seconds."""
    if series.dtype == pl.Date:
        series = series.cast(pl.Int32)
    if isinstance(series.dtype, pl.Datetime):
        return np.asarray(series.cast(pl.Int64).cast(pl.Float64).to_numpy() / 1e6)
    return np.asarray(series.cast(pl.Float64).to_numpy(), dtype=np.float64)


def doubled_ranks(seen: Floats, plain: Floats) -> NDArray[np.int64]:
    """Return how many of ``seen`` lie below each number plus how many do not lie above it.

    ``seen`` ascends. Numbers are looked up in their order, faster by far than jumping about.
    """
    order = np.argsort(plain)
    ascending = plain[order]
    ranks = np.empty(len(plain), dtype=np.int64)
    ranks[order] = np.searchsorted(seen, ascending, "left")
    ranks[order] += np.searchsorted(seen, ascending, "right")
    return ranks


def why_incomparable(case: Case, *, fewest: int = 2) -> str:
    """Return why synthetic rows cannot be held against the holdout, empty where they can.

    Each part needs at least ``fewest`` rows, and the holdout as many persons.
    """
    if case.holdout is None:
        return NO_HOLDOUT
    parts = {"train": case.train, "holdout": case.holdout, "synthetic": case.synthetic}
    for name, part in parts.items():
        if part.n_persons < fewest:
            return f"the {name} part has {part.n_persons} persons, and {fewest} are needed"
    if not measured_columns(case.train):
        return "the table has no column that can be compared"
    return ""


def measured_columns(data: Dataset) -> tuple[Column, ...]:
    """Return the columns that metrics look at: all but free text, keys and identifiers."""
    out = {Role.DIRECT_IDENTIFIER, Role.PERSON_KEY, Role.TEXT}
    return tuple(
        c for c in data.schema.columns if c.kind is not Kind.TEXT and not out & set(c.roles)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coded:
    """How one column becomes numbers: its categories by frequency, or its centre and scale."""

    column: Column
    values: tuple[str, ...] = ()
    centre: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """Turns tables of one schema into numbers, by values learnt from given rows.

    Categories are ordered by frequency; all after the thirtieth, and new ones, share a code.
    """

    coded: tuple[_Coded, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Columns behind :meth:`ordinal`, in order."""
        return tuple(c.column.name for c in self.coded)

    def ordinal(self, data: Dataset) -> Floats:
        """Return one number per column, missing as NaN, shape ``(n, columns)``; for trees."""
        parts = [_codes(c, data) for c in self.coded]
        return np.column_stack(parts) if parts else np.zeros((data.n, 0))

    def dense(self, data: Dataset) -> Floats:
        """Return standardised numbers and 0/1 per category, no NaN; for linear models."""
        parts: list[Floats] = []
        for c in self.coded:
            plain = _codes(c, data)
            known = ~np.isnan(plain)
            parts.append(1.0 - known[:, None])
            if c.column.kind.ordered:
                standard = np.where(known, (plain - c.centre) / c.scale, 0.0)
                parts.append(np.clip(standard, -_SPREAD, _SPREAD)[:, None])
            else:
                parts.append((plain[:, None] == np.arange(len(c.values) + 1)).astype(float))
        return np.hstack(parts) if parts else np.zeros((data.n, 0))


def encoder_of(columns: Sequence[Column], data: Sequence[Dataset]) -> Encoder:
    """Return the encoder of ``columns`` that learnt its categories and scales from ``data``.

    Columns are taken by name, so that their order in the table makes no difference.
    """
    by_name = sorted(columns, key=lambda c: c.name)
    return Encoder(coded=tuple(_learn(c, data) for c in by_name))


def fit_for_trees(x: Floats) -> Floats:
    """Return ``x`` with columns that have no known value set to 0: trees need one to bin."""
    return np.asarray(np.where(np.isnan(x).all(axis=0), 0.0, x), dtype=np.float64)


def _learn(column: Column, data: Sequence[Dataset]) -> _Coded:
    series = pl.concat([d.frame[column.name] for d in data]).drop_nulls()
    if column.kind.ordered:
        numbers = numbers_of(series)
        if len(numbers) == 0:
            return _Coded(column=column)
        low, high = np.quantile(numbers, [0.01, 0.99])
        scale = float(np.clip(numbers, low, high).std())
        return _Coded(column=column, centre=float(np.median(numbers)), scale=scale or 1.0)
    counts = series.cast(pl.String).value_counts(name="n")
    counts = counts.sort(["n", column.name], descending=[True, False]).head(_CATEGORIES)
    return _Coded(column=column, values=tuple(counts[column.name].to_list()))


def _codes(coded: _Coded, data: Dataset) -> Floats:
    series = data.frame[coded.column.name]
    if coded.column.kind.ordered:
        return numbers_of(series)
    words = series.cast(pl.String)
    codes = words.replace_strict(
        list(coded.values),
        list(range(len(coded.values))),
        default=len(coded.values),
        return_dtype=pl.Float64,
    ).to_numpy()
    return np.asarray(np.where(words.is_null().to_numpy(), np.nan, codes), dtype=np.float64)
