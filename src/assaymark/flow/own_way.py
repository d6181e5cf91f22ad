"""Own way: filled cells in the types and the way of writing that a table has itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.schema import Kind
from assaymark.source.canonical import canonical
from assaymark.source.values import is_code, stripped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column

__all__ = ["gaps_of", "stored", "written", "written_anew"]

_OFFSET = r"\d:\d{2}\S*\s*(?:Z|[+-]\d{2}:?\d{2})\s*$"


def stored(filled: pl.Series, given: pl.Series) -> pl.Series | None:
    """Return a column as it was given but for filled cells; ``None`` where it cannot hold these."""
    to, read = given.dtype, canonical(given.to_frame()).to_series()
    if to == filled.dtype:
        return filled
    if read.dtype != filled.dtype or to == pl.Duration:
        return given if filled.equals(read) else None
    made = filled
    if isinstance(to, pl.Datetime) and to.time_zone:
        made = made.dt.replace_time_zone("UTC").dt.convert_time_zone(to.time_zone)
    try:
        cast = made.cast(to, strict=False)
    except pl.exceptions.PolarsError:
        return None
    new = filled.ne_missing(read)
    lost = cast.filter(new).null_count() > filled.filter(new).null_count()
    return None if lost else given.scatter(new.arg_true(), cast.filter(new))


def gaps_of(s: pl.Series, column: Column) -> pl.Series:
    """Return which cells say nothing: what cannot be read, as "<0.1" among numbers, is no gap."""
    if s.dtype == pl.String:
        return stripped(s, column.missing).is_null()
    gaps = s.is_null() | (s.is_nan().fill_null(value=False) if s.dtype.is_float() else False)
    coded = is_code(s, column.missing)
    return gaps if coded is None else gaps | coded


def written_anew(frame: pl.DataFrame, given: Dataset, filled: Mapping[str, pl.Series]) -> list[str]:
    """Say which columns could not keep their way of writing, and which of them their offsets."""
    plain = [
        c
        for c, s in filled.items()
        if s.dtype != frame[c].dtype or not _plainly(frame[c], given.frame[c])
    ]
    said = f"Written anew, as ISO dates and plain numbers: {', '.join(plain)}."
    zoned = [
        c
        for c in plain
        if frame[c].dtype == pl.String and frame[c].str.contains(_OFFSET).any()
        if given.schema.column(c).kind is Kind.DATETIME
    ]
    more = f"Times with an offset are in UTC now: {', '.join(zoned)}."
    return [*([said] if plain else []), *([more] if zoned else [])]


def written(original: pl.Series, given: Dataset, made: pl.Series, fill: pl.Series) -> pl.Series:
    """Return ``original`` with cells filled, in its own way of writing values if it has one."""
    before = given.frame[original.name]
    if given.schema.column(original.name).kind.ordered:
        if original.dtype == pl.String and not _plainly(original, before):
            return _rewritten(original, before, made, fill)
        filled = made.cast(original.dtype, strict=False)
    else:
        known = pl.DataFrame({"value": before, "written": original}).drop_nulls("value")
        words = dict(known.unique("value").iter_rows())
        filled = pl.Series([words.get(v) for v in made.to_list()], dtype=original.dtype)
    if filled.filter(fill).null_count():
        return _rewritten(original, before, made, fill)
    return original.scatter(fill.arg_true(), filled.filter(fill))


def _rewritten(
    original: pl.Series, before: pl.Series, made: pl.Series, fill: pl.Series
) -> pl.Series:
    """Return what was read and filled; as text where there are cells that could not be read."""
    whole = before.scatter(fill.arg_true(), made.filter(fill))
    strays = whole.is_null() & original.is_not_null()
    if not strays.any():
        return whole
    text = whole.cast(pl.String)
    return text.scatter(strays.arg_true(), original.filter(strays).cast(pl.String))


def _plainly(original: pl.Series, read: pl.Series) -> bool:
    """Whether texts are written as what was read of them is: no 31.12.2024, no 1.234,5."""
    if original.dtype != pl.String or not (read.dtype.is_temporal() or read.dtype.is_numeric()):
        return True
    known = original.filter(read.is_not_null())
    if read.dtype.is_temporal():
        return known.equals(read.drop_nulls().cast(pl.String))
    return known.cast(pl.Float64, strict=False).null_count() == 0
