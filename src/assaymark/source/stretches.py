"""Stretches: a table of any size, some hundred thousand rows at a time, in its own order."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.errors import DataError
from assaymark.source.database import is_database, rows_of
from assaymark.source.delimited import layout_of, read_delimited
from assaymark.source.remote import objects_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["stretches"]

_BYTES = 1 << 23
_ROWS = 262_144
_LONGEST = 1 << 29
_TEXT = (".csv", ".tsv", ".txt")
_PARQUET = (".parquet", ".pq")
_QUOTE, _LINE, _RETURN = 0x22, 0x0A, 0x0D


def stretches(place: str, query: str = "") -> Iterator[pl.DataFrame]:
    """Yield the rows of a file, a folder or pattern of files, an object store or a database.

    No more than one stretch and what it was read from is held in memory: 8 MiB of a CSV, 262,144
    rows of a Parquet file or a query. Objects of a store are copied to this machine's disk one
    after the other.

    Raises
    ------
    DataError
        When there is nothing, parts are not one table, a connection is lost, or a file changes
        while it is read.
    """
    if is_database(place, query):
        yield from rows_of(place, query, _ROWS)
        return
    columns: list[str] = []
    for name, file in _parts(place):
        with _unchanged(name, file):
            for frame in _of_file(name, file):
                columns = columns or frame.columns
                if sorted(frame.columns) != sorted(columns):
                    raise DataError(
                        f"{name!r} has other columns than the parts before it: "
                        f"{', '.join(frame.columns)}\n\nHint: these were {', '.join(columns)}; "
                        "name the parts that belong together with a pattern such as 'part-*.csv'"
                    )
                yield frame.select(columns)


def _parts(place: str) -> Iterator[tuple[str, Path]]:
    """Yield each file with the name it is called by."""
    if "://" in place:
        yield from objects_at(place, (*_TEXT, *_PARQUET))
        return
    path = Path(place)
    if path.is_dir():
        files = [f for f in sorted(path.rglob("*")) if f.is_file() and _is_table(f.name)]
        if not files:
            raise DataError(
                f"no CSV or Parquet file is in {place!r}\n\nHint: files end in "
                f"{', '.join((*_TEXT, *_PARQUET))}"
            )
    elif path.exists():
        files = [path]
    else:
        files = sorted(f for f in path.parent.glob(path.name) if f.is_file())
        if not files:
            raise DataError(f"there is no file {place!r}\n\nHint: check the path, or the pattern")
    yield from ((str(f), f) for f in files)


def _is_table(name: str) -> bool:
    return name.lower().endswith((*_TEXT, *_PARQUET)) and not name.startswith((".", "_"))


@contextmanager
def _unchanged(name: str, file: Path) -> Iterator[None]:
    """Raise if a file is another one at the end than it was at the beginning."""

    def told() -> tuple[int, int]:
        found = file.stat()
        return found.st_size, found.st_mtime_ns

    try:
        before = told()
        yield
        same = told() == before
    except OSError as error:
        raise DataError(f"{name!r} cannot be read: {error.strerror or error}") from error
    if not same:
        raise DataError(
            f"{name!r} changed while it was read, so that its rows are not those of one table"
            "\n\nHint: read a copy, or wait until nothing writes to it"
        )


def _of_file(name: str, file: Path) -> Iterator[pl.DataFrame]:
    if name.lower().endswith(_PARQUET):
        yield from _of_parquet(name, file)
    elif name.lower().endswith(_TEXT):
        yield from _of_text(name, file)
    else:
        raise DataError(
            f"{name!r} is not read\n\nHint: give CSV or Parquet files "
            f"({', '.join((*_TEXT, *_PARQUET))})"
        )


def _of_parquet(name: str, file: Path) -> Iterator[pl.DataFrame]:
    try:
        whole = pl.scan_parquet(file, glob=False)
        n = int(whole.select(pl.len()).collect().item())
        for first in range(0, n, _ROWS):
            yield whole.slice(first, _ROWS).collect()
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"{name!r} is not a Parquet file that can be read: {str(error).splitlines()[0]}"
            "\n\nHint: write it again, or save the table as CSV"
        ) from error


def _of_text(name: str, file: Path) -> Iterator[pl.DataFrame]:
    """Yield lines as tables; each but the first gets the file's header put before it."""
    held, header, like = b"", b"", None
    for raw in _whole_lines(name, file):
        end = b"\n" if b"\n" in raw else b"\r"
        if like is None:
            held += raw
            header = held[: _end_of_header(held)]
            if not held[len(header) :].strip():
                continue
            frame = read_delimited(held, name)
            like = layout_of(held, name, frame)._replace(line=(held.count(end) - header.count(end)))
            yield frame
        else:
            yield read_delimited(header + raw, name, like)
            like = like._replace(line=like.line + raw.count(end))
    if like is None:
        read_delimited(held, name)  # says what is wrong with it


def _whole_lines(name: str, file: Path) -> Iterator[bytes]:
    """Yield about 8 MiB at a time, cut where a line ends that is not inside quotes."""
    rest = b""
    with file.open("rb") as source:
        while raw := source.read(_BYTES):
            rest += raw
            ends = _ends_of_lines(rest)
            filled = len(rest[: ends[-1]].rstrip(b"\r\n")) if len(ends) else 0
            if filled:  # blank lines at the end may be inner ones of the file
                cut = int(ends[np.searchsorted(ends, filled, "right")])
                yield rest[:cut]
                rest = rest[cut:]
            elif len(rest) > _LONGEST:
                raise DataError(
                    f"{name!r} has a quote that is not closed within {_LONGEST >> 20} MiB\n\n"
                    "Hint: close the quote, or save the table as Parquet"
                )
    if rest.strip():
        yield rest


def _ends_of_lines(raw: bytes) -> NDArray[np.int64]:
    """Return where lines end that are not inside quotes."""
    found = np.frombuffer(raw, dtype=np.uint8)
    end = _LINE if _LINE in raw else _RETURN
    at = np.flatnonzero(found == end)
    quotes = np.flatnonzero(found == _QUOTE)
    outside = np.searchsorted(quotes, at) % 2 == 0
    return np.asarray(at[outside] + 1, dtype=np.int64)


def _end_of_header(raw: bytes) -> int:
    ends = _ends_of_lines(raw)
    named = [int(e) for e in ends[:1000] if raw[:e].strip()]
    return named[0] if named else len(raw)
