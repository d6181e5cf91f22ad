"""Values: text read as numbers, dates or booleans, the same way wherever it is read."""

from __future__ import annotations

import polars as pl

from assaymark.core.dataset import POLARS_TYPES
from assaymark.core.schema import Kind
from assaymark.source.dates import date_formats, read_dates
from assaymark.source.thousands import grouping_of

__all__ = [
    "EXACT",
    "INFINITY",
    "is_code",
    "is_decimal_comma",
    "parsed",
    "read_as",
    "stripped",
    "undressed",
    "unsigned",
]

EXACT = 2**53
INFINITY = r"^[+-]?(?i:inf|infinity)$"
_INTEGER = r"^[+-]?[0-9]{1,18}(?:\.0*)?$"
_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_POINT_ZERO = r"^-?(?:0|[1-9][0-9]*)(?:\.0)?$"
_COMMA = r"^[+-]?[0-9]+,[0-9]+$"
_GROUPED = r"^[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?$"
_DRESSED = r"^[+-]?[$€£¥]\s?[0-9.,'’\s]+$|^[+-]?[0-9.,'’\s]+\s?(?:[€%]|[$£¥])$"


def stripped(s: pl.Series, missing: tuple[str, ...]) -> pl.Series:
    """Return text without outer blanks; empty values and the codes in ``missing`` are null."""
    text = s.str.strip_chars()
    return text.set(text.is_in(["", *missing]).fill_null(value=False), None)


def undressed(text: pl.Series) -> pl.Series:
    """Return amounts without currency or per cent sign and without marks between thousands.

    Signs are removed where most values have one, commas where every one of them can only stand
    between thousands, and so other marks; otherwise the text stays as it is.
    """
    text = unsigned(text)
    present = text.drop_nulls()
    grouping = grouping_of(present)
    if grouping is not None:
        return grouping.ungrouped(text)
    comma = present.filter(present.str.contains(",", literal=True))
    if comma.len() == 0 or not comma.str.contains(_GROUPED).all():
        return text
    if present.str.contains(r"^[+-]?\d{4,}").any():
        return text
    return text.str.replace_all(",", "", literal=True)


def unsigned(text: pl.Series) -> pl.Series:
    """Return amounts without currency or per cent sign, where most values have one."""
    present = text.drop_nulls()
    signs = present.filter(present.str.contains_any(["$", "€", "£", "¥", "%"]))
    if signs.len() and int(signs.str.contains(_DRESSED).sum()) * 2 > present.len():
        return text.str.replace_all(r"\s*[$€£¥%]\s*", "")
    return text


def is_decimal_comma(text: pl.Series) -> bool:
    """Whether numbers are written 1,5: no full stop, and some comma cannot be before thousands."""
    comma = text.filter(text.str.contains(",", literal=True).fill_null(value=False))
    comma = comma.filter(comma.str.contains(_COMMA))
    if comma.len() == 0 or text.str.contains(r"^[+-]?\d+\.\d+$").any():
        return False
    return bool((~comma.str.contains(_GROUPED)).any())


def read_as(text: pl.Series, kind: Kind) -> pl.Series:
    """Return stripped ``text`` in the polars type of ``kind``; null where it cannot be read."""
    if kind is Kind.INTEGER:
        text = undressed(text)
        plain = text.str.contains(_INTEGER).fill_null(value=False)
        whole = text.set(~plain, None)
        whole = whole.str.strip_chars_start("+").str.replace(r"\.0*$", "").cast(pl.Int64)
        other = _decimals(text.set(plain, None))  # 1e+05, as R writes it, or 1674,0
        fits = (other == other.floor()) & (other.abs() <= EXACT)
        return whole.fill_null(other.set(~fits.fill_null(value=False), None).cast(pl.Int64))
    if kind is Kind.DECIMAL:
        return _decimals(text)
    if kind is Kind.BOOLEAN:
        low = text.str.to_lowercase()
        truth = low.is_in(["true", "t", "yes", "y", "1"])
        known = truth | low.is_in(["false", "f", "no", "n", "0"])
        return truth.set(~known.fill_null(value=False), None)
    if kind in {Kind.DATE, Kind.DATETIME}:
        return read_dates(text, date_formats(text), POLARS_TYPES[kind])
    return _codes_without_point(text) if kind is Kind.CATEGORY else text


def _codes_without_point(text: pl.Series) -> pl.Series:
    """Return 1.0, 2.0 as 1, 2 where all are like that: a frame with gaps wrote them so."""
    present = text.drop_nulls()
    if not present.str.ends_with(".0").any() or not present.str.contains(_POINT_ZERO).all():
        return text
    return text.str.replace(r"\.0$", "")


def _decimals(text: pl.Series) -> pl.Series:
    text = undressed(text)
    if is_decimal_comma(text):
        text = text.str.replace(",", ".", literal=True)
    plain = text.set(~text.str.contains(_NUMBER).fill_null(value=True), None)
    x = plain.str.strip_chars_start("+").cast(pl.Float64, strict=False)
    return x.set((~x.is_finite()).fill_null(value=False), None)


def parsed(s: pl.Series, kind: Kind, missing: tuple[str, ...]) -> pl.Series:
    """Return a canonical series in the type of ``kind``; what cannot be held is null."""
    to = POLARS_TYPES[kind]
    if s.dtype == pl.String:
        return read_as(stripped(s, missing), kind)
    codes = is_code(s, missing)
    if codes is not None:
        s = s.set(codes, None)
    if s.dtype == pl.Float64:
        s = s.set((~s.is_finite()).fill_null(value=False), None)
        if kind is Kind.INTEGER:
            whole = (s == s.floor()) & (s.abs() <= EXACT)
            return s.set(~whole.fill_null(value=True), None).cast(pl.Int64)
    if to == pl.String:
        return _as_text(s)
    if s.dtype == to:
        return s
    if s.dtype.is_temporal() == to.is_temporal():
        return s.cast(to, strict=False)
    return read_as(_as_text(s), kind)


def _as_text(s: pl.Series) -> pl.Series:
    if s.dtype == pl.Float64 and bool((s == s.floor()).all()) and bool((s.abs() < EXACT).all()):
        s = s.cast(pl.Int64)
    return s.cast(pl.String)


def is_code(s: pl.Series, missing: tuple[str, ...]) -> pl.Series | None:
    """Return which cells of a column that is no text are one of the codes for missing, if any."""
    if not missing:
        return None
    if s.dtype.is_numeric():
        numbers = pl.Series(missing, dtype=pl.String).cast(pl.Float64, strict=False).drop_nulls()
        return s.cast(pl.Float64).is_in(numbers.to_list()).fill_null(value=False)
    return s.cast(pl.String).is_in(list(missing)).fill_null(value=False)
