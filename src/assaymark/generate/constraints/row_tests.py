"""Row tests: what must hold of several columns of a row at once, also while cells are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.errors import ConditionError
from assaymark.generate.constraints.implied import one_of, one_set

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.where import Node

    Bools = NDArray[np.bool_]

__all__ = ["RowTest", "exactly_one", "known_combination"]

_FEWEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTest:
    """A test of several columns of a row at once.

    Attributes
    ----------
    text
        What must hold, in words.
    hold
        Return which rows of a table satisfy it, shape ``(n,)``.
    implied
        A condition that every row satisfies that it holds for, if one can be said.
    left_open
        Return which rows satisfy it or can once their missing cells are filled, if that is not
        what ``hold`` says.
    """

    text: str
    hold: Callable[[pl.DataFrame], Bools]
    implied: Node | None = None
    left_open: Callable[[pl.DataFrame], Bools] | None = None


def known_combination(columns: Sequence[str], data: Dataset) -> RowTest:
    """Return the test that columns are as ten persons have them; missing is a value like others.

    Raises
    ------
    ConditionError
        When no combination is had by ten persons.
    """
    counted = (
        data.frame.select(pl.struct(columns).alias("those"))
        .with_columns(pl.Series("whose", data.person_codes))
        .group_by("those")
        .agg(pl.col("whose").n_unique())
    )
    those = counted.filter(pl.col("whose") >= _FEWEST).select("those")
    known, apart = those.with_columns(known=pl.lit(value=True)), those.unnest("those")
    if not known.height:
        raise ConditionError(f"no combination of {', '.join(columns)} is had by ten persons")

    def hold(frame: pl.DataFrame) -> Bools:
        asked = frame.select(pl.struct(columns).alias("those"))
        found = asked.join(known, on="those", how="left", nulls_equal=True, maintain_order="left")
        return np.asarray(found["known"].fill_null(value=False).to_numpy())

    def left_open(frame: pl.DataFrame) -> Bools:
        held = np.zeros(frame.height, dtype=np.bool_)
        asked = frame.select(columns).with_row_index("row")
        for gaps, rows in asked.group_by(pl.col(n).is_null() for n in columns):
            there = [n for n, gap in zip(columns, gaps, strict=True) if not gap]
            kept = rows.join(apart.select(there), on=there, how="semi") if there else rows
            held[kept["row"].to_numpy()] = True
        return held

    return RowTest(
        text=f"a known combination of {', '.join(columns)}",
        hold=hold,
        left_open=left_open,
        implied=one_of(apart, data.schema),
    )


def exactly_one(columns: Sequence[str], data: Dataset) -> RowTest:
    """Return the test that of columns of 0 and 1, or false and true, one is set."""

    def count(frame: pl.DataFrame) -> tuple[Bools, NDArray[np.float64]]:
        part = frame.select(pl.col(n).cast(pl.Float64) for n in columns)
        values = part.fill_null(0.0).to_numpy()
        flags: Bools = ((values == 0) | (values == 1)).all(axis=1)
        return flags, values.sum(axis=1)

    def hold(frame: pl.DataFrame) -> Bools:
        flags, those = count(frame)
        return np.asarray(flags & (those == 1))

    def left_open(frame: pl.DataFrame) -> Bools:
        flags, those = count(frame)
        gaps = frame.select(pl.any_horizontal(pl.col(columns).is_null())).to_series().to_numpy()
        return np.asarray(flags & ((those == 1) | (gaps & (those == 0))))

    text = f"exactly one of {', '.join(columns)}"
    implied = one_set(tuple(columns), data.schema)
    return RowTest(text=text, hold=hold, left_open=left_open, implied=implied)
