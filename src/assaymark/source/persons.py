"""Persons: who is behind each row, as bytes for keyed hashing and as integer codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Role
from assaymark.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset

__all__ = ["codes_of", "one_row_each", "person_key", "repeats", "row_contents"]


def person_key(dataset: Dataset) -> pl.Series | None:
    """Return the person key as text, shape ``(n,)``; ``None`` where there is no such column.

    Raises
    ------
    DataError
        When rows have no key, or there are two key columns.
    """
    keys = dataset.schema.with_role(Role.PERSON_KEY)
    if not keys:
        return None
    if len(keys) > 1:
        raise DataError(
            f"{len(keys)} columns are declared person_key: {', '.join(k.name for k in keys)}\n\n"
            "Hint: keep one, and declare the others direct_identifier"
        )
    column = dataset.frame[keys[0].name].cast(pl.String)
    if column.null_count():
        raise DataError(
            f"{column.null_count():,} of {column.len():,} rows have no value in the person key "
            f"{keys[0].name!r}\n\nHint: fill the key in, leave those rows out, or declare "
            f"{keys[0].name!r} a direct_identifier so that each row counts as a person"
        )
    return column


def codes_of(key: pl.Series) -> NDArray[np.int64]:
    """Return one code per person, shape ``(n,)``, in the order of the keys."""
    return key.rank("dense").to_numpy().astype(np.int64) - 1


def repeats(codes: NDArray[np.int64]) -> bool:
    """Whether some person has more than one row."""
    return len(np.unique(codes)) < len(codes)


def one_row_each(codes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the place of one row of each person, drawn at random, in the order of the rows."""
    order = rng.permutation(len(codes))
    _, first = np.unique(codes[order], return_index=True)
    return np.sort(order[first])


def row_contents(dataset: Dataset) -> tuple[pl.Series, int]:
    """Return each row's contents as one text, and how many rows repeat an earlier one.

    A repeated row gets the number of its occurrence, so that all texts differ. Names of columns
    are not part of it, their order is.
    """
    mark = "\x1f"
    cells = [_cell(dataset.frame[name]) for name in dataset.schema.names]
    whole = pl.DataFrame(cells).select(pl.concat_str(pl.all(), separator=mark).alias("row"))
    numbered = whole.select("row", pl.int_range(pl.len()).over("row").alias("times"))
    again = int((numbered["times"] > 0).sum())
    text = numbered.select(pl.concat_str("row", "times", separator=mark)).to_series()
    return text, again


def _cell(s: pl.Series) -> pl.Series:
    if s.dtype == pl.Float64 and bool((s == s.floor()).all()) and bool((s.abs() < 2**53).all()):
        s = s.cast(pl.Int64)  # so that declaring a kind does not move a row
    return s.cast(pl.String).fill_null("\x00")
