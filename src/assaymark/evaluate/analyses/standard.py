"""Standard analyses: what is estimated of any table, where nobody said what it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from assaymark.core.claim import Regression
from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.evaluate.features import measured_columns, numbers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["StandardModel", "level_of", "standard_model", "values_of"]

_COLUMNS, _LEVELS, _RAREST, _BINS, _FEW = 3, 5, 0.05, 5, 10


class StandardModel(NamedTuple):
    """A regression of the declared target on the columns that say most of it by themselves.

    ``level`` is the category that the outcome stands for, empty where it is a number.
    """

    spec: Regression
    target: str
    level: str

    def table(self, data: Dataset) -> Dataset:
        """Return ``data`` with the outcome as a yes/no column, where it is a category."""
        if not self.level:
            return data
        columns = tuple(
            Column(name=c.name, kind=Kind.BOOLEAN) if c.name == self.target else c
            for c in data.schema.columns
        )
        outcome = data.frame[self.target].cast(pl.String) == self.level
        frame = data.frame.with_columns(outcome.alias(self.target))
        return Dataset(schema=Schema(columns=columns), frame=frame, persons=data.persons)


def level_of(column: Column, data: Dataset) -> str:
    """Return the most frequent category of a column, the first in the alphabet of equals."""
    known = data.frame[column.name].drop_nulls().cast(pl.String)
    counts = known.value_counts(name="n").sort(["n", column.name], descending=[True, False])
    return str(counts[column.name][0]) if counts.height else ""


def values_of(column: Column, level: str, data: Dataset) -> Floats:
    """Return what a mean or a share is taken of, missing left out, shape ``(known,)``."""
    if column.kind.ordered or column.kind is Kind.BOOLEAN:
        values = numbers_of(data.frame[column.name])
        return np.asarray(values[~np.isnan(values)])
    known = data.frame[column.name].drop_nulls().cast(pl.String)
    return np.asarray((known == level).cast(pl.Float64).to_numpy(), dtype=np.float64)


def standard_model(train: Dataset) -> StandardModel | str:
    """Return the regression of the target that any analyst might begin with, or why there is none.

    At most three columns, chosen by the share of the target's variance between their values (in
    five bands, where they are numbers) on train alone. Columns with more than five categories, or
    with one that fewer than 5 % have, are left out.
    """
    if train.target is None:
        return "the schema declares no target column"
    target = train.schema.column(train.target)
    if target.kind is Kind.TEXT:
        return f"the target {target.name!r} is free text"
    known = train.frame[target.name].drop_nulls()
    if known.n_unique() < 2:
        return f"the target {target.name!r} has one value only"
    number = target.kind.ordered and known.n_unique() > _FEW
    level = "" if number else level_of(target, train)
    spread = numbers_of(train.frame[target.name]) if number else _is(train, target, level)
    scored = []
    for column in sorted(measured_columns(train), key=lambda c: c.name):
        codes = None if column.name == target.name else _codes(column, train)
        if codes is not None:
            scored.append((-_told(codes, spread), column.name))
    chosen = sorted(name for score, name in sorted(scored)[:_COLUMNS] if score < 0)
    if not chosen:
        return "no column is of a kind that a regression takes as it is"
    formula = f"{_quoted(target.name)} ~ {' + '.join(map(_quoted, chosen))}"
    family = "ols" if number else "logistic"
    spec = Regression.model_validate(
        {"kind": "regression", "name": "target", "formula": formula, "family": family}
    )
    return StandardModel(spec, target.name, level)


def _is(data: Dataset, column: Column, level: str) -> Floats:
    words = data.frame[column.name].cast(pl.String)
    return np.asarray((words == level).cast(pl.Float64).fill_null(np.nan).to_numpy())


def _codes(column: Column, data: Dataset) -> NDArray[np.int64] | None:
    series = data.frame[column.name]
    if series.null_count() > 0.5 * data.n or series.n_unique() < 2:
        return None
    if column.kind.ordered:
        ranks = series.rank("average") / data.n
        bands = (ranks * _BINS).ceil().fill_null(0).cast(pl.Int64).to_numpy()
        return np.asarray(bands, dtype=np.int64)
    shares = series.drop_nulls().value_counts(normalize=True, name="share")
    if shares.height > _LEVELS or shares.height < 2 or float(shares["share"].min()) < _RAREST:  # type: ignore[arg-type]
        return None
    dense = series.cast(pl.String).rank("dense").fill_null(0).to_numpy()
    return np.asarray(dense, dtype=np.int64)


def _told(codes: NDArray[np.int64], target: Floats) -> float:
    """Return the share of the target's variance between codes, freed of what chance gives."""
    known = ~np.isnan(target)
    y, c = target[known], np.unique(codes[known], return_inverse=True)[1]
    total = float(np.square(y - y.mean()).sum())
    n, sums = np.bincount(c), np.bincount(c, y)
    if total == 0 or len(n) < 2 or len(y) <= len(n):
        return 0.0
    between = float((np.square(sums / n - y.mean()) * n).sum())
    return 1 - (1 - between / total) * (len(y) - 1) / (len(y) - len(n))


def _quoted(name: str) -> str:
    return name if name.isidentifier() and name not in {"C", "I", "Q"} else f"Q({name!r})"
