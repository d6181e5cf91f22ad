"""Dates: in which ways a column's dates are written, and text read in these ways."""

from __future__ import annotations

import polars as pl

__all__ = [
    "date_format",
    "date_formats",
    "in_words",
    "read_dates",
    "said_of_dates",
]

_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d-%b-%Y",
          "%d %b %Y", "%b %d, %Y", "%Y%m%d")  # fmt: skip
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p")
_DATED = r"^(?:\d{1,4}[-/. ][\dA-Za-z]|\d{8}|[A-Za-z]{3} \d)"
_ISO = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}|$)"
_ZONE = r":\S*?\s*(Z|[+-]\d{2}:?\d{2})$"
_MOST_WAYS, _MOST_OFFSETS = 3, 3
_PLAIN = {"%Y": "yyyy", "%m": "mm", "%d": "dd", "%b": "mmm", "%H": "hh", "%M": "mm", "%S": "ss"}


def date_format(text: pl.Series) -> str | None:
    """Return the one format that reads most values, at least half of them; ``None`` if none does.

    ISO 8601 with a clock is called ``"iso"``. Where day and month cannot be told apart the
    earlier of the candidates wins, day first.
    """
    sample = _sample(text)
    if int(sample.str.contains(_DATED).sum()) * 2 < max(1, sample.len()):
        return None
    best, most = None, (sample.len() + 1) // 2 - 1
    for form in _forms(sample):
        read = sample.len() - _dates(sample, form).null_count()
        if read > most:
            best, most = form, read
        if read == sample.len():
            break
    return best


def date_formats(text: pl.Series) -> tuple[str, ...]:
    """Return the formats that ``text`` is written in, the main one first; none if it is no dates.

    Further ways, three in all, are taken only where they cannot be meant otherwise: what the ways
    before do not read, one format reads most of, and its other order of day and month does not.
    Day first and month first with one separator are never both taken, since what both read is
    either.
    """
    main = date_format(text)
    if main is None:
        return ()
    found: tuple[str, ...] = (main,)
    rest = _unread(_sample(text), main)
    while rest.len() and len(found) < _MOST_WAYS:
        form = _further(rest, found)
        if form is None:
            break
        found, rest = (*found, form), _unread(rest, form)
    return found


def read_dates(text: pl.Series, forms: tuple[str, ...], to: pl.DataType) -> pl.Series:
    """Return ``text`` as dates of type ``to``, each read by the first of ``forms`` that can."""
    read = pl.Series(text.name, [None] * text.len(), dtype=to)
    for form in forms:
        left = text.set(read.is_not_null(), None)
        read = read.fill_null(_dates(left, form).cast(to))
    return read


def said_of_dates(text: pl.Series, n: pl.Series, forms: tuple[str, ...]) -> list[str]:
    """Return what is to be known of how dates are written; ``n`` counts the rows of each text."""
    return [s for s in (_ways_in_words(text, n, forms), _offsets_in_words(text, forms)) if s]


def _ways_in_words(text: pl.Series, n: pl.Series, forms: tuple[str, ...]) -> str:
    """Return how many of the rows are written in each way; ``n`` counts the rows of each text.

    Empty where there is one way.
    """
    if len(forms) < 2:
        return ""
    said, left, rows = [], text, int(n.sum())
    for form in forms:
        mine = _dates(left, form).is_not_null()
        share = int(n.filter(mine).sum()) / max(1, rows)
        said.append(f"{share:.0%} {in_words(form)}".replace("%", " %", 1))
        left = left.set(mine, None)
    many = {2: "two", 3: "three"}[len(forms)]
    return f"written in {many} ways: {', '.join(said)}; made rows have yyyy-mm-dd"


def _offsets_in_words(text: pl.Series, forms: tuple[str, ...]) -> str:
    """Say which offsets from UTC moments are written with; empty where there is none."""
    if "iso" not in forms:
        return ""
    found = text.str.extract(_ZONE).drop_nulls().unique().sort().to_list()
    if not found:
        return ""
    more = f" and {len(found) - _MOST_OFFSETS} more" if len(found) > _MOST_OFFSETS else ""
    return (
        f"times have an offset from UTC ({', '.join(found[:_MOST_OFFSETS])}{more}) and are read as "
        "UTC; made rows are in UTC, without an offset"
    )


def in_words(form: str) -> str:
    """Return a format as people write it: dd.mm.yyyy."""
    if form == "iso":
        return "yyyy-mm-dd hh:mm"
    for code, word in _PLAIN.items():
        form = form.replace(code, word)
    return form.replace("%.f", "").replace("%p", "AM/PM").replace("%I", "hh")


def _further(rest: pl.Series, found: tuple[str, ...]) -> str | None:
    """Return the format that reads most of ``rest`` and cannot be meant otherwise, if any."""
    counts = {f: rest.len() - _dates(rest, f).null_count() for f in _forms(rest)}
    free = {f: c for f, c in counts.items() if not {f, _swapped(f)} & set(found)}
    best = max(free, key=lambda f: free[f], default=None)
    if best is None or 2 * free[best] < rest.len() or free[best] == 0:
        return None
    return None if counts.get(_swapped(best), 0) == free[best] and _swapped(best) != best else best


def _swapped(form: str) -> str:
    """Return the format with day and month the other way round; itself where there is none."""
    if form.startswith("%d/%m"):
        return form.replace("%d/%m", "%m/%d")
    return form.replace("%m/%d", "%d/%m") if form.startswith("%m/%d") else form


def _unread(text: pl.Series, form: str) -> pl.Series:
    return text.filter(_dates(text, form).is_null())


def _sample(text: pl.Series) -> pl.Series:
    present = text.drop_nulls().unique(maintain_order=True)
    return present if present.len() <= 2000 else present.gather_every(present.len() // 2000)


def _forms(sample: pl.Series) -> list[str]:
    """Return the formats to try; where some values have a clock, dates without one count too."""
    if not sample.str.contains(r"\d:\d").any():
        return list(_DATES)
    return ["iso", *(f"{d} {c}" for d in _DATES for c in _CLOCKS)]


def _dates(text: pl.Series, form: str) -> pl.Series:
    if form != "iso":
        strict = _width(text, form)
        if ":" not in form:
            return strict.str.to_date(form, strict=False, exact=True)
        return strict.str.to_datetime(form, strict=False, exact=True, time_unit="us")
    iso = text.set(~text.str.contains(_ISO).fill_null(value=True), None)
    plain = iso.str.replace("T", " ", literal=True)
    zone = plain.str.extract(_ZONE).str.replace(":", "", literal=True)
    plain = plain.str.replace(r"(:\S*?)\s*(?:Z|[+-]\d{2}:?\d{2})$", "${1}")
    day = ~plain.str.contains(":", literal=True).fill_null(value=True)
    minute = plain.str.contains(r" \d{2}:\d{2}$").fill_null(value=False)
    full = plain.set(minute, None).fill_null(plain + ":00")
    full = full.set(day, None).fill_null(plain + " 00:00:00")
    moment = full.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")
    return moment - _offset(zone)


def _offset(zone: pl.Series) -> pl.Series:
    sign = pl.Series([1]).new_from_index(0, zone.len())
    sign = sign.set(zone.str.starts_with("-").fill_null(value=False), -1)
    hours = zone.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = zone.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    return (sign * (hours * 60 + minutes) * 60_000_000).cast(pl.Duration("us"))


def _width(text: pl.Series, form: str) -> pl.Series:
    """Keep values with a four-digit year only: chrono would read 1/2/99 as the year 99."""
    year = r"^\d{8}$" if form.startswith("%Y%m") else r"(?:^|\D)\d{4}(?:\D|$)"
    return text.set(~text.str.contains(year).fill_null(value=True), None)
