"""Frames: hand rows back as the kind of table that was given."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["as_given"]


def as_given(frame: pl.DataFrame, like: object) -> Any:  # noqa: ANN401
    """Return ``frame`` as pandas where ``like`` is pandas, Arrow where it is Arrow, else polars.

    Only libraries that the caller has imported already are used.
    """
    pandas, arrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if pandas is not None and isinstance(like, pandas.DataFrame):
        return _pandas(frame, pandas)
    if arrow is not None and isinstance(like, arrow.Table | arrow.RecordBatch):
        return arrow.table(frame)
    return frame


def _pandas(frame: pl.DataFrame, pandas: ModuleType) -> Any:  # noqa: ANN401
    return pandas.DataFrame({s.name: _column(s, pandas) for s in frame})


def _column(s: pl.Series, pandas: ModuleType) -> Any:  # noqa: ANN401
    """Missing stays missing: nullable integers and booleans, NaT, NaN, None."""
    if s.dtype.is_temporal():
        return pandas.Series(s.cast(pl.Datetime("us")).to_numpy())
    if s.dtype.is_float():
        return pandas.Series(s.fill_null(float("nan")).to_numpy())
    if s.null_count() == 0 and s.dtype.is_numeric():
        return pandas.Series(s.to_numpy())
    kind = {pl.Int64: "Int64", pl.Boolean: "boolean"}.get(type(s.dtype), "object")
    return pandas.Series(s.to_list(), dtype=kind)
