"""Query: the rows that one SELECT returns, of a database that is only read."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from assaymark.errors import DataError
from assaymark.source.canonical import canonical
from assaymark.source.database import rows_of

__all__ = ["named", "read_query"]

_ROWS = 100_000
_HEADS = {"sqlite": (0, b"SQLite format 3\x00"), "duckdb": (8, b"DUCK")}


def read_query(database: str, sql: str) -> pl.DataFrame:
    """Return the rows of a SELECT on a SQLite or DuckDB file, or on a database at an address.

    Raises
    ------
    DataError
        When there is no such database, it is of another kind, the query is no SELECT or cannot be
        run, or the rows are not one table.
    """
    parts = list(rows_of(_url(database), sql, _ROWS))
    try:
        return canonical(pl.concat(parts, how="vertical_relaxed"))
    except pl.exceptions.PolarsError as error:
        raise DataError(f"the rows are not one table: {str(error).splitlines()[0]}") from error


def named(database: str) -> str:
    """Return what to call a database: the last part of its address, which has no password."""
    return database.rstrip("/").rpartition("/")[2].partition("?")[0]


def _url(database: str) -> str:
    if "://" in database:
        return database
    try:
        with Path(database).open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise DataError(f"{database!r} cannot be read: {error.strerror}") from error
    for kind, (at, mark) in _HEADS.items():
        if head[at : at + len(mark)] == mark:
            return f"{kind}:///{Path(database).resolve()}"
    raise DataError(
        f"{Path(database).name!r} is neither a SQLite nor a DuckDB file\n\n"
        "Hint: other databases have an address, such as postgresql://user@host/name"
    )
