"""Canonical: the few storage types that every frame is brought to before it is looked at."""

from __future__ import annotations

from collections import Counter

import polars as pl

from assaymark.errors import DataError

__all__ = ["canonical", "check_names"]

_INT64 = (-(2**63), 2**63 - 1)
_WHOLE_32 = 2.0**24
_FIFTEEN_DIGITS = 1e-14  # R and others write no more of a number
_KEPT = (pl.String, pl.Int64, pl.Float64, pl.Boolean, pl.Date)
_SMALL_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32)


def canonical(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame in String, Int64, Float64, Boolean, Date and Datetime("us") only.

    Integers beyond 64 bits become text, so that no digit is lost. Numbers of 32 bits become the
    shortest decimals that say them, in columns of 64 bits, too. Times of day become text, durations
    seconds. Time zones are removed after conversion to UTC.

    Raises
    ------
    DataError
        When a column is nested or binary, has no name or another's name, or there is no row.
    """
    check_names(frame.columns)
    if frame.height == 0:
        raise DataError(
            f"the table has a header of {frame.width} columns but no rows\n\n"
            "Hint: give a table with at least one row"
        )
    return frame.with_columns(_simple(frame[name]) for name in frame.columns)


def check_names(names: list[str]) -> None:
    """Raise unless there is at least one column and each has a name of its own."""
    if not names:
        raise DataError("the table has no columns\n\nHint: the first line must name the columns")
    blank = [i + 1 for i, name in enumerate(names) if not name.strip()]
    if blank:
        where = ", ".join(map(str, blank))
        raise DataError(
            f"{len(blank)} of {len(names)} columns have no name: number {where}\n\n"
            "Hint: give every column a name in the first line"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"column names occur more than once: {', '.join(map(repr, twice))}\n\n"
            "Hint: rename or remove the repeated columns"
        )


def _simple(s: pl.Series) -> pl.Series:
    t = s.dtype
    if t == pl.Float64:
        return _shortest(s.cast(pl.Float32)) if _of_32_bits(s) else s
    if t in _KEPT:
        return s
    if t.is_numeric():
        return _number(s)
    if t in (pl.Categorical, pl.Enum, pl.Time, pl.Null):
        return s.cast(pl.String)
    if t == pl.Duration:
        return s.dt.total_microseconds().cast(pl.Float64) / 1e6
    if isinstance(t, pl.Datetime):
        zoned = t.time_zone is not None
        plain = s.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else s
        return plain.cast(pl.Datetime("us"))
    raise DataError(
        f"column {s.name!r} holds {t}, which is not a plain value\n\n"
        "Hint: unnest the column into plain ones, or leave it out of the file"
    )


def _number(s: pl.Series) -> pl.Series:
    if s.dtype in _SMALL_INTEGERS:
        return s.cast(pl.Int64)
    if s.dtype == pl.Float32:
        return _shortest(s)
    return _wide(s) if s.dtype.is_integer() else s.cast(pl.Float64)


def _shortest(s: pl.Series) -> pl.Series:
    """Go through text: 0.1 stays 0.1, not 0.10000000149."""
    return s.cast(pl.String).cast(pl.Float64)


def _of_32_bits(s: pl.Series) -> bool:
    """Whether all numbers are of 32 bits, not all whole, and none so large that digits go."""
    known = s.drop_nulls()
    known = known.filter(known.is_finite())
    narrow = known.cast(pl.Float32).cast(pl.Float64)
    return (
        bool(((narrow - known).abs() <= _FIFTEEN_DIGITS * known.abs()).all())
        and not bool((known == known.floor()).all())
        and bool((known.abs() < _WHOLE_32).all())
    )


def _wide(s: pl.Series) -> pl.Series:
    low, high = s.min(), s.max()
    fits = low is None or (int(str(low)) >= _INT64[0] and int(str(high)) <= _INT64[1])
    return s.cast(pl.Int64 if fits else pl.String)
