"""Load: a frame as read, in the types its schema says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.errors import DataError
from assaymark.source.canonical import canonical
from assaymark.source.values import parsed, stripped

if TYPE_CHECKING:
    from assaymark.core.schema import Column, Schema

__all__ = ["load"]


def load(frame: pl.DataFrame, schema: Schema) -> Dataset:
    """Return the columns of ``schema``, in its order, in the type of their kinds.

    Missing codes, infinities and values that cannot be read as the kind become null; the profile
    counts them.

    Raises
    ------
    DataError
        When a column is missing or extra, or more than half of its values are not of its kind.
    """
    check_columns(frame.columns, schema.names)
    plain = canonical(frame.select(schema.names))
    return Dataset(
        schema=schema,
        frame=pl.DataFrame([_typed(plain[c.name], c) for c in schema.columns]),
    )


def check_columns(found: list[str], wanted: tuple[str, ...]) -> None:
    """Raise unless the same columns are there, in whatever order."""
    absent = [w for w in wanted if w not in found]
    extra = [f for f in found if f not in wanted]
    if absent or extra:
        parts = [
            f"{word}: {', '.join(map(repr, names))}"
            for word, names in (("missing", absent), ("not expected", extra))
            if names
        ]
        raise DataError(
            f"the table's columns do not match; {'; '.join(parts)}\n\n"
            f"Hint: the columns must be {', '.join(wanted)}, in any order"
        )


def _typed(s: pl.Series, column: Column) -> pl.Series:
    out = parsed(s, column.kind, column.missing).rename(column.name)
    present = s if s.dtype != pl.String else stripped(s, column.missing)
    before = present.len() - present.null_count()
    after = out.len() - out.null_count()
    if before and after * 2 < before and s.dtype != pl.Float64:
        raise DataError(
            f"column {column.name!r} should be {column.kind.value}, but {before - after:,} of "
            f"{before:,} values cannot be read as that\n\n"
            f"Hint: declare another kind for {column.name!r}, or list its missing codes"
        )
    return out
