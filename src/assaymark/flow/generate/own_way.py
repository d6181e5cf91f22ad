"""Own way: filled cells in the way of writing that a table has itself."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from assaymark.source.dates import date_formats
from assaymark.source.thousands import grouping_of
from assaymark.source.values import is_code, is_decimal_comma, stripped, undressed, unsigned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column

__all__ = ["gaps_of", "written"]

_ZONE = r"\d:\d{2}\S*?(\s*(?:Z|[+-]\d{2}:?\d{2}))\s*$"
_ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")
_GROUPED = r"\d,\d{3}(?:\D|$)"
_BEFORE, _AFTER = r"^[+-]?([$€£¥]\s?)", r"(\s?[€%$£¥])$"


def gaps_of(s: pl.Series, column: Column) -> pl.Series:
    """Return which cells say nothing: what cannot be read, as "<0.1" among numbers, is no gap."""
    if s.dtype == pl.String:
        return stripped(s, column.missing).is_null()
    gaps = s.is_null() | (s.is_nan().fill_null(value=False) if s.dtype.is_float() else False)
    coded = is_code(s, column.missing)
    return gaps if coded is None else gaps | coded


def written(original: pl.Series, given: Dataset, made: pl.Series, fill: pl.Series) -> pl.Series:
    """Return ``original`` with cells filled, written as most of the cells that are there are."""
    before = given.frame[original.name]
    new = made.filter(fill)
    if not given.schema.column(original.name).kind.ordered:
        known = pl.DataFrame({"value": before, "written": original}).drop_nulls("value")
        words = dict(known.unique("value", keep="first", maintain_order=True).iter_rows())
        free = original.dtype == pl.String  # a text may be one that no cell has, of a number
        said = [words.get(v, v if free else None) for v in new.to_list()]
        filled = pl.Series(said, dtype=original.dtype)
    elif original.dtype != pl.String:
        filled = new.cast(original.dtype, strict=False)
    else:
        there = before.is_not_null()
        text = original.filter(there).str.strip_chars()
        if before.dtype.is_temporal():
            filled = _dates(new, before.filter(there), text)
        else:
            filled = _numbers(new, text)
    return original.clone().scatter(fill.arg_true(), filled)


def _dates(new: pl.Series, read: pl.Series, text: pl.Series) -> pl.Series:
    """Return dates written by that format and offset by which most are."""
    zone = _most(text.str.extract(_ZONE).drop_nulls().to_list())
    forms = [f for f in date_formats(text) if f != "iso"]
    forms += [f.replace("%d", "%-d").replace("%m", "%-m") for f in forms]
    forms += _ISO if read.dtype == pl.Datetime else ["%Y-%m-%d"]
    best = max(forms, key=lambda f: int((_in_format(read, f, zone) == text).sum()))
    return _in_format(new, best, zone)


def _in_format(dates: pl.Series, form: str, zone: str) -> pl.Series:
    if dates.dtype != pl.Datetime or not zone:
        return dates.dt.strftime(form)
    return (dates + _offset(zone)).dt.strftime(form) + zone


def _offset(zone: str) -> timedelta:
    digits = "".join(c for c in zone if c.isdigit()) or "0000"
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timedelta(minutes=-minutes if "-" in zone else minutes)


def _numbers(new: pl.Series, text: pl.Series) -> pl.Series:
    """Return numbers with the comma, the groups of digits and the sign of a currency of most."""
    before, after = (_most(text.str.extract(p).fill_null("").to_list()) for p in (_BEFORE, _AFTER))
    bare = text.str.replace_all(r"[$€£¥%\s]", "")
    between, mark = "", "," if is_decimal_comma(undressed(text)) else "."
    if (grouping := grouping_of(unsigned(text))) is not None:
        between, mark = grouping
    elif mark == "." and bool(bare.str.contains(_GROUPED).any()):
        between = ","
    return pl.Series(
        [
            v if v is None else _dressed(v, (before, after), between, mark)
            for v in new.cast(pl.String).to_list()
        ],
        dtype=pl.String,
    )


def _dressed(number: str, signs: tuple[str, str], between: str, mark: str) -> str:
    whole, point, rest = number.partition(".")
    if between and whole.lstrip("-").isdigit():
        whole = f"{int(whole):,}".replace(",", between)
    said = whole + (mark if point else "") + rest
    before, after = signs
    sign = "-" if before and said.startswith("-") else ""
    return f"{sign}{before}{said.removeprefix(sign)}{after}"


def _most(words: Iterable[str]) -> str:
    counted = Counter(words).most_common(1)
    return counted[0][0] if counted else ""
