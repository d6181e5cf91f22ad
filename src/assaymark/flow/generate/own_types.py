"""Own types: filled cells as values of the type that a column has in the table that was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.source.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["among", "placed", "typed"]


def placed(given: pl.Series, filled: pl.Series, fill: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return a column as it was given with cells filled; and which of them its type can hold.

    Parameters
    ----------
    filled
        The column in canonical form.
    fill
        Which cells of it were filled.
    """
    new = typed(filled.filter(fill), given)
    held = new.is_not_null()
    at = fill.arg_true()
    whole = given.clone().scatter(at.filter(held), new.filter(held)) if held.any() else given
    return whole, pl.Series(fill.name, fill).clone().scatter(at, held)


def typed(values: pl.Series, given: pl.Series) -> pl.Series:
    """Return canonical values in the type of a column; null where it cannot hold them.

    Levels and what else is text in canonical form are those that the column has, numbers among
    levels the nearest.
    """
    to = given.dtype
    if to == values.dtype:
        return values
    if values.dtype == pl.String:
        return _levels(values, given)
    if to == pl.Duration:
        whole = (values.cast(pl.Float64) * 1e6).round().cast(pl.Int64, strict=False)
        return whole.cast(pl.Duration("us")).cast(to)
    if isinstance(to, pl.Datetime) and to.time_zone:
        values = values.cast(pl.Datetime("us"))
        values = values.dt.replace_time_zone("UTC").dt.convert_time_zone(to.time_zone)
    try:
        return values.cast(to, strict=False)
    except pl.exceptions.PolarsError:
        return given.clear(len(values))


def among(values: pl.Series, levels: pl.Series) -> list[int | None]:
    """Return the place of each canonical value among levels; of a number that of the nearest."""
    read = canonical(pl.DataFrame([levels.alias("level")]))["level"].to_list()
    places = {str(v): i for i, v in reversed(list(enumerate(read))) if v is not None}
    texts = [None if v is None else str(v) for v in values.to_list()]
    at = {t: _nearest(t, places) for t in set(texts) if t is not None}
    return [None if t is None else at[t] for t in texts]


def _nearest(text: str, places: Mapping[str, int]) -> int | None:
    if text in places:
        return places[text]
    try:
        return min((abs(float(k) - float(text)), at) for k, at in places.items())[1]
    except ValueError:
        return None


def _levels(values: pl.Series, given: pl.Series) -> pl.Series:
    return given.gather(pl.Series(among(values, given), dtype=pl.UInt32))
