"""Delimited: CSV bytes to a frame of text columns, or the line where they are not a table."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from assaymark.errors import DataError
from assaymark.source.canonical import check_names

if TYPE_CHECKING:
    import _csv

__all__ = ["ROW_NUMBER", "Layout", "layout_of", "read_delimited"]

ROW_NUMBER = "row_number"
_DELIMITERS = ",;\t|"
_SPOKEN = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAMPLE = 200


class Layout(NamedTuple):
    """How a file is laid out; ``line`` is how many lines were left out after the header."""

    delimiter: str
    names: list[str]
    line: int = 0


class _Lines(NamedTuple):
    header: list[str]
    n: int
    blank: list[int]


def layout_of(raw: bytes, name: str, frame: pl.DataFrame) -> Layout:
    """Return the layout of a file that ``frame`` was read from; ``raw`` is how it begins."""
    return Layout(_delimiter(_text(raw, name)), frame.columns)


def read_delimited(raw: bytes, name: str, like: Layout | None = None) -> pl.DataFrame:
    """Return all columns as text; empty fields are null, blank lines are passed over.

    ``raw`` begins with the header, also where it is a later part of a file, ``like`` the first.

    A first column without a name that only counts the rows, as data-frame libraries write it, is
    called ``row_number``.

    Raises
    ------
    DataError
        When the bytes are not UTF-8, a line has more or fewer fields than the header, column
        names are empty or repeated, or there are no rows.
    """
    text = _text(raw, name)
    if not text.strip():
        raise DataError(f"{name!r} is empty\n\nHint: give a table with a header and rows")
    delimiter = like.delimiter if like else _delimiter(text)
    lines = _check_lines(text, delimiter, name, like.line if like else 0)
    if lines.n == 0:
        raise DataError(
            f"{name!r} has a header of {len(lines.header)} columns but no rows\n\n"
            "Hint: give a table with at least one row"
        )
    frame = _parse(text, delimiter, lines)
    names = like.names if like else _named(lines.header, frame)
    check_names(names)
    frame.columns = names
    return frame


def _text(raw: bytes, name: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(
            f"{name!r} is UTF-16, not UTF-8\n\n"
            f"Hint: save it as UTF-8, e.g. iconv -f UTF-16 -t UTF-8 {name} > utf8.csv"
        )
    if b"\x00" in raw[:4096]:
        raise DataError(f"{name!r} holds zero bytes and is not text\n\nHint: save it as UTF-8 CSV")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name!r} is not UTF-8: byte {raw[error.start]:#04x} at offset {error.start:,} "
            f"(line {line:,})\n\nHint: it may be Windows-1252; convert it, e.g. "
            f"iconv -f WINDOWS-1252 -t UTF-8 {name} > utf8.csv"
        ) from error
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _rows(text: str, delimiter: str) -> _csv.Reader:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _delimiter(text: str) -> str:
    """Choose the delimiter that cuts most of the first lines into as many fields as the header."""

    def score(delimiter: str) -> tuple[float, int]:
        rows = [r for r, _ in zip(_rows(text, delimiter), range(_SAMPLE), strict=False) if r]
        fields = len(rows[0]) if rows else 0
        if fields < 2:
            return (0.0, 0)
        return (round(sum(len(r) == fields for r in rows) / len(rows), 1), fields)

    csv.field_size_limit(2**31 - 1)
    return max(_DELIMITERS, key=score)


def _check_lines(text: str, delimiter: str, name: str, before: int) -> _Lines:
    reader = _rows(text, delimiter)
    header: list[str] = []
    blank: list[int] = []
    n = 0
    start = 1
    for row in reader:
        if not header:
            header = row
        elif len(row) == len(header):
            n += 1
        elif not row:
            blank.append(n + len(blank))
        else:
            raise DataError(
                f"line {start + before:,} of {name!r} has {_fields(len(row))}, but the header has "
                f"{len(header)} ({_SPOKEN[delimiter]}-separated)\n\n"
                "Hint: quote fields that hold the separator, or mend that line"
            )
        start = reader.line_num + 1
    if len(header) == 1:  # in a single column an inner blank line is a missing value
        total = n + len(blank)
        while blank and blank[-1] == total - 1:
            blank.pop()
            total -= 1
        return _Lines(header, total, [])
    return _Lines(header, n, blank)


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"


def _parse(text: str, delimiter: str, lines: _Lines) -> pl.DataFrame:
    try:
        frame = pl.read_csv(
            text.lstrip("\n").encode(),
            separator=delimiter,
            has_header=True,
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        return _slowly(text, delimiter, lines)
    total = lines.n + len(lines.blank)
    if frame.width != len(lines.header) or frame.height < total:
        return _slowly(text, delimiter, lines)
    frame = frame.head(total)
    if lines.blank:
        kept = pl.Series(range(total)).is_in(lines.blank)
        frame = frame.filter(~kept)
    return frame


def _slowly(text: str, delimiter: str, lines: _Lines) -> pl.DataFrame:
    """Build from Python's own reader, for the rare quoting that polars takes otherwise."""
    alone = len(lines.header) == 1
    rows = [row or [""] for row in _rows(text.lstrip("\n"), delimiter) if row or alone]
    columns = list(zip(*rows[1 : lines.n + 1], strict=True))
    return pl.DataFrame(
        [pl.Series(str(i), [v or None for v in c], dtype=pl.String) for i, c in enumerate(columns)]
    )


def _named(header: list[str], frame: pl.DataFrame) -> list[str]:
    names = [name.strip() for name in header]
    if names[0] or not all(names[1:]) or len(names) < 2 or ROW_NUMBER in names:
        return names
    counts = frame.to_series(0).cast(pl.Int64, strict=False)
    steps = counts.diff().drop_nulls()
    if counts.null_count() == 0 and bool((steps == 1).all()) and counts[0] in {0, 1}:
        return [ROW_NUMBER, *names[1:]]
    return names
