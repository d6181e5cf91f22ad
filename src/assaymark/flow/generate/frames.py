"""Frames: hand rows back as the kind of table that was given."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

__all__ = ["as_given", "in_zones"]


def as_given(frame: pl.DataFrame, like: object) -> Any:  # noqa: ANN401
    """Return ``frame`` as pandas where ``like`` is pandas, Arrow where it is Arrow, else polars.

    Moments are in the time zones that ``like`` has. Only libraries that the caller has imported
    already are used.
    """
    pandas, arrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if pandas is not None and isinstance(like, pandas.DataFrame):
        return _pandas(frame, like, pandas)
    if arrow is not None and isinstance(like, arrow.Table | arrow.RecordBatch):
        return arrow.table(in_zones(frame, pl.DataFrame(like.slice(0, 0)).schema))
    if isinstance(like, pl.LazyFrame):
        return in_zones(frame, like.collect_schema())
    return in_zones(frame, like.schema) if isinstance(like, pl.DataFrame) else frame


def in_zones(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return moments, which are in UTC, in the time zones that ``schema`` says."""
    zones = {c: t.time_zone for c, t in schema.items() if isinstance(t, pl.Datetime)}
    return frame.with_columns(
        s.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        for s in frame
        if isinstance(s.dtype, pl.Datetime) and (zone := zones.get(s.name))
    )


def _pandas(frame: pl.DataFrame, like: Any, pandas: ModuleType) -> Any:  # noqa: ANN401
    made = pandas.DataFrame({s.name: _column(s, pandas) for s in frame})
    for name, kind in zip(map(str, like.columns), like.dtypes, strict=True):
        if isinstance(kind, pandas.DatetimeTZDtype) and frame.schema.get(name) == pl.Datetime:
            made[name] = made[name].dt.tz_localize("UTC").dt.tz_convert(kind.tz)
    return made


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
