"""Kinds: how a column's values behave, told from the values, with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import polars as pl

from assaymark.core.dataset import POLARS_TYPES
from assaymark.core.schema import Kind
from assaymark.source.band import band
from assaymark.source.dates import date_formats, in_words, read_dates, said_of_dates
from assaymark.source.thousands import grouping_of
from assaymark.source.values import (
    EXACT,
    INFINITY,
    is_decimal_comma,
    read_as,
    undressed,
    unsigned,
)
from assaymark.source.vocabulary import CODE_WORDS, MEASURES, PROTECTED, glued_code, words

__all__ = ["MISSING_CODES", "KindFound", "find_kind", "stray_note"]

MISSING_CODES = ("?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "NaT")
_MISSING_AMONG_NUMBERS = {
    ".", "-", "--", "none", "unknown", "missing", "not available", "not recorded", "not known",
    "refused", "n.a.", "na", "null", "nil", "unk", "not applicable", "not reported", "not stated",
    "not given", "not done", "not performed", "unspecified", "no data", "blank", "(blank)", "n/k",
    "nk", "n/d", "nd", "*", "**", "***", "_", "__", "___", "unbekannt", "keine angabe", "k.a.",
    "inconnu", "desconocido",
}  # fmt: skip
_INTEGER = r"^[+-]?[0-9]+(?:\.0*)?$"
_NUMBER = r"^[+-]?(?:[0-9]+[.,]?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_PADDED = r"^0[0-9]+$"
_MOSTLY = 0.99
_LEVEL = 10  # rows that share a value, and rows that share a number on average
_THOUSANDTH, _COMMON = 0.001, 0.005
_NEARLY = 0.995
_GROUPS = 20
_SPARSE = 0.75  # of the numbers in between are codes, at most
_NINES = {-9, -99, -999, -9999}
_STUDY_DAY = r"^[A-Z]{2,}DY$"  # SDTM --DY: -1 is the day before the first
_SENTINELS = (-9999, -999, -99, -9, -8, -7, -1, 99, 999, 9999, 99999)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFound:
    """A kind, why, the missing codes seen, and what else to know."""

    kind: Kind
    reason: str
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_kind(s: pl.Series, missing: tuple[str, ...] = ()) -> KindFound:
    """Tell the kind of a canonical series; ``missing`` are declared codes, used as they are."""
    if s.dtype == pl.String:
        return _of_text(s, missing)
    if s.dtype == pl.Boolean:
        return KindFound(kind=Kind.BOOLEAN, reason="true or false", missing=missing)
    if s.dtype == pl.Date:
        return KindFound(kind=Kind.DATE, reason="dates", missing=missing)
    if s.dtype.is_temporal():
        return _of_moments(s, missing)
    return _of_numbers(s, missing)


def _of_moments(s: pl.Series, missing: tuple[str, ...]) -> KindFound:
    present = s.drop_nulls()
    if present.len() and bool((present.dt.truncate("1d") == present).all()):
        return KindFound(kind=Kind.DATE, reason="dates, all at midnight", missing=missing)
    return KindFound(kind=Kind.DATETIME, reason="dates with a time of day", missing=missing)


def _of_numbers(s: pl.Series, missing: tuple[str, ...]) -> KindFound:
    notes: list[str] = []
    present = s.drop_nulls()
    if s.dtype == pl.Float64:
        present = present.drop_nans()
        infinite = int(present.is_infinite().sum())
        if infinite:
            notes.append(f"infinite values are read as missing ({band(infinite)})")
        present = present.filter(present.is_finite())
    if present.len() == 0:
        return KindFound(kind=Kind.CATEGORY, reason="no values", missing=missing)
    whole = s.dtype == pl.Int64 or bool((present == present.floor()).all())
    if whole and bool((present.abs() > EXACT).any()):
        if s.dtype == pl.Int64:
            return _wide(missing, notes)
        whole = False
    if not whole:
        notes += _sentinels(present, missing)
        return KindFound(kind=Kind.DECIMAL, reason="numbers", missing=missing, notes=tuple(notes))
    if _are_days(present):
        return KindFound(
            kind=Kind.DATE, reason="dates written as whole numbers, %Y%m%d", missing=missing
        )
    code = _code_name(s.name) or _glued_name(s.name, present)
    code = code or _group_name(s.name, present)
    if code:
        return KindFound(
            kind=Kind.CATEGORY,
            reason=f"whole numbers that are codes, as {code!r} in the name says",
            missing=missing,
            notes=tuple(notes),
        )
    notes += _sentinels(present, missing)
    return KindFound(kind=Kind.INTEGER, reason="whole numbers", missing=missing, notes=tuple(notes))


def _are_days(present: pl.Series) -> bool:
    low, high = _ends(present)
    if low < 18_000_101 or high > 21_001_231:
        return False
    text = present.cast(pl.Int64).cast(pl.String)
    return text.str.to_date("%Y%m%d", strict=False).null_count() == 0


def _wide(missing: tuple[str, ...], notes: list[str]) -> KindFound:
    return KindFound(
        kind=Kind.CATEGORY,
        reason="whole numbers too wide to calculate with exactly, kept as codes",
        missing=missing,
        notes=tuple(notes),
    )


def _code_name(name: str) -> str | None:
    parts = words(name)
    if set(parts) & MEASURES:
        return None
    return next((w for w in parts if w in CODE_WORDS), None)


def _glued_name(name: str, present: pl.Series) -> str | None:
    """Return the word that says codes in a name such as ``itemid``, if many numbers are none.

    Where every number between the least and the greatest is a code, none that is no code is made.
    """
    parts = words(name)
    low, high = _ends(present)
    if set(parts) & MEASURES or present.n_unique() > _SPARSE * (high - low + 1):
        return None
    return glued_code(parts)


def _group_name(name: str, present: pl.Series) -> str | None:
    """Return the word that makes few numbers codes of groups that have no order, such as race."""
    parts = words(name)
    if set(parts) & MEASURES or present.n_unique() > _GROUPS:
        return None
    return next((w for w in parts if w in PROTECTED), None)


def _sentinels(present: pl.Series, missing: tuple[str, ...]) -> list[str]:
    """Point out a far-off number that many rows share; it is never taken as missing unasked."""
    found = []
    days = re.search(_STUDY_DAY, present.name) is not None
    present = present.cast(pl.Float64)
    signed = days or not _are_codes(present.filter(present < 0))
    for code in _SENTINELS:
        same = present == code
        share = int(same.sum()) / same.len()
        if share < 0.005 or share == 1 or str(code) in missing or (code < 0 and signed):
            continue
        rest = present.filter(~same)
        rest = rest.filter(~rest.is_in([float(c) for c in _SENTINELS if c * code > 0]))
        low, high = _ends(rest)
        far = low >= 0 and high > 1 if code < 0 else high * 2 < code and code >= 99
        if rest.len() and far:
            found.append(str(code))
    if not found:
        return []
    return [f"{', '.join(found)} may stand for missing: if so, declare missing = {found}"]


def _are_codes(negative: pl.Series) -> bool:
    """Whether negative numbers are as codes of missing are: one, nines, or neighbours.

    Surveys have -9, -8 and -7 side by side, with -1; -7 and -1 are days before something.
    """
    all_of = {float(x) for x in negative.unique()}
    if len(all_of) < 2 or all_of <= _NINES:
        return True
    beside = all_of - {-1} if len(all_of) > 2 else all_of
    return max(beside) - min(beside) == len(beside) - 1


def _ends(x: pl.Series) -> tuple[float, float]:
    return float(str(x.min() or 0)), float(str(x.max() or 0))


def _of_text(s: pl.Series, declared: tuple[str, ...]) -> KindFound:
    levels = s.str.strip_chars().rename("value").drop_nulls().value_counts(name="n")
    text, n = levels["value"], levels["n"]
    seen = declared or tuple(c for c in MISSING_CODES if bool((text == c).any()))
    keep = ~text.is_in(["", *seen])
    text, n = text.filter(keep), n.filter(keep)
    if text.len() == 0:
        return KindFound(kind=Kind.CATEGORY, reason="no values", missing=seen)
    if text.str.to_lowercase().is_in(["true", "false"]).all():
        return KindFound(kind=Kind.BOOLEAN, reason="true or false", missing=seen)
    found = _numeric(s.name, text, n, seen) or _dated(text, n, seen)
    return found or _with_dates(_worded(text, n, seen), text, n)


def _numeric(name: str, text: pl.Series, n: pl.Series, seen: tuple[str, ...]) -> KindFound | None:
    written, text = text, undressed(text)
    infinite = text.str.contains(INFINITY)
    number = text.str.contains(_NUMBER)
    if not is_decimal_comma(text):
        number &= ~text.str.contains(",", literal=True)
    fits = number | infinite
    rest = text.filter(~fits)
    strays = _missing_words(rest)
    said = n.filter(~text.is_in(strays))
    share = int(n.filter(fits).sum()) / max(1, int(said.sum()))
    codes = bool(text.filter(number).str.contains(_INTEGER).all())
    level = codes and _hold_level(n.filter(fits), n.filter(~fits & ~text.is_in(strays)))
    if level or share < _MOSTLY or not number.any():
        return _mixture(written, n, seen, share, level=level) if share > 0.5 else None
    if text.str.contains(_PADDED).any():
        return KindFound(
            kind=Kind.CATEGORY, reason="codes written with leading zeros", missing=seen
        )
    notes = []
    if infinite.any():
        notes.append(f"infinite values are read as missing ({band(int(n.filter(infinite).sum()))})")
    grouping = grouping_of(unsigned(written))
    if grouping is not None:
        notes.append(grouping.words)
    elif not written.equals(text):
        notes.append("amounts are written with signs or with commas between thousands")
    if is_decimal_comma(text):
        notes.append("numbers are written with a decimal comma")
    found = _of_plain(name, text.filter(number), n.filter(number), seen)
    if found.kind is Kind.CATEGORY:
        return found
    unread = int(n.filter(~fits & ~text.is_in(strays)).sum())
    if unread:
        notes.append(stray_note(unread, found.kind))
    return replace(found, missing=(*seen, *strays), notes=(*notes, *found.notes))


def _hold_level(numbers: pl.Series, others: pl.Series) -> bool:
    """Whether a value that is no number is one of the levels of codes, by the rows of each.

    It has as many rows as the median number, or half a percent of all; ten, and a thousandth, at
    least: ten strays among a hundred thousand ages are strays.
    """
    read = int(numbers.sum())
    if read == 0 or read < _LEVEL * numbers.len():
        return False
    rows = read + int(others.sum())
    usual = min(float(str(numbers.median())), _COMMON * rows)
    return bool((others >= max(_LEVEL, _THOUSANDTH * rows, usual)).any())


def _mixture(
    text: pl.Series, n: pl.Series, seen: tuple[str, ...], share: float, *, level: bool
) -> KindFound:
    found = _worded(text, n, seen)
    why = f"a mixture: {_LEVEL} rows or more share a value that is no number"
    reason = why if level and share >= _MOSTLY else "a mixture"
    parts = f"{share:.0%} numbers and {1 - share:.0%} other values"
    if share >= _NEARLY:
        parts = "nearly all are numbers, and a level is not"
    note = f"{parts}: kept as categories"
    return replace(found, reason=reason, notes=(*found.notes, note))


def _of_plain(name: str, text: pl.Series, n: pl.Series, seen: tuple[str, ...]) -> KindFound:
    whole = bool(text.str.contains(_INTEGER).all())
    if whole and (text.str.strip_chars_start("+-").str.len_chars() > 15).any():
        return _wide(seen, [])
    kind = Kind.INTEGER if whole else Kind.DECIMAL
    return _of_numbers(_repeat(text, n, kind).rename(name), seen)


def stray_note(count: int, kind: Kind) -> str:
    """Say that some values cannot be read as ``kind`` and count as missing."""
    return f"values that are not {kind.value} are read as missing ({band(count)})"


def _missing_words(text: pl.Series) -> tuple[str, ...]:
    """Return those of ``text`` that say "missing" when they stand among numbers."""
    low = text.str.to_lowercase()
    return tuple(sorted(text.filter(low.is_in(sorted(_MISSING_AMONG_NUMBERS))).to_list()))


def _repeat(text: pl.Series, n: pl.Series, kind: Kind) -> pl.Series:
    typed = pl.DataFrame({"v": read_as(text, kind), "n": n})
    return typed.select(pl.col("v").repeat_by("n").explode()).to_series()


def _dated(text: pl.Series, n: pl.Series, seen: tuple[str, ...]) -> KindFound | None:
    forms = date_formats(text)
    if not forms:
        return None
    form = forms[0]
    kind = Kind.DATETIME if any(f == "iso" or ":" in f for f in forms) else Kind.DATE
    read = read_dates(text, forms, POLARS_TYPES[kind])
    lost = int(n.filter(read.is_null()).sum())
    if lost > (1 - _MOSTLY) * int(n.sum()):
        return None
    notes = [stray_note(lost, kind)] if lost else []
    notes += said_of_dates(text, n, forms)
    if form in {"%d/%m/%Y", "%d-%m-%Y"} and not _day_above_12(text):
        notes.append("day and month cannot be told apart: read as day first")
    shown = "ISO 8601" if form == "iso" else form
    return KindFound(
        kind=kind, reason=f"dates written as {shown}", missing=seen, notes=tuple(notes)
    )


def _with_dates(found: KindFound, text: pl.Series, n: pl.Series) -> KindFound:
    """Say of a category whose values look like dates why they are not read as dates."""
    forms = date_formats(text)
    if not forms:
        return found
    read = int(n.filter(read_dates(text, forms, pl.Datetime("us")).is_not_null()).sum())
    ways = " or ".join(in_words(f) for f in forms)
    note = (
        f"looks like dates, but only {read / int(n.sum()):.0%} of the rows are written as {ways}, "
        "and what the others mean (which is the day, which the month?) cannot be told: kept as "
        "categories, of which rare ones do not come out; write all dates in one way"
    )
    return replace(found, notes=(*found.notes, note))


def _day_above_12(text: pl.Series) -> bool:
    return bool((text.str.extract(r"^(\d{1,2})").cast(pl.Int64, strict=False) > 12).any())


def _worded(text: pl.Series, n: pl.Series, seen: tuple[str, ...]) -> KindFound:
    total = int(n.sum())
    length = float((text.str.len_chars() * n).sum() / total)
    spaces = float((text.str.count_matches(r"\s+") * n).sum() / total)
    if text.len() > max(20, 0.3 * total) and length >= 30 and spaces >= 3:
        return KindFound(
            kind=Kind.TEXT,
            reason=f"free text: about {length:.0f} characters and {spaces + 1:.0f} words a value",
            missing=seen,
        )
    return KindFound(kind=Kind.CATEGORY, reason=f"{text.len():,} different values", missing=seen)
