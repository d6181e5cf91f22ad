"""Query: the rows that one SELECT returns, of a SQLite or DuckDB file that is only read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import polars as pl

from assaymark.errors import DataError, InputError
from assaymark.source.canonical import canonical, check_names

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_query"]

_SQLITE = b"SQLite format 3\x00"
_DUCKDB = b"DUCK"
_HINT = 'Hint: --database FILE --query "SELECT age, sex FROM visits WHERE day = 20260501"'


def read_query(database: Path, sql: str) -> pl.DataFrame:
    """Return the rows of a SELECT; the file is opened for reading only.

    Raises
    ------
    DataError
        When there is no such file, it is of another kind, or the rows are not one table.
    InputError
        When the query is no SELECT or cannot be run, or DuckDB is not installed.
    """
    try:
        with database.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise DataError(f"{str(database)!r} cannot be read: {error.strerror}") from error
    if head == _SQLITE:
        return _of_sqlite(database, sql)
    if head[8:12] == _DUCKDB:
        return _of_duckdb(database, sql)
    raise DataError(f"{database.name!r} is neither a SQLite nor a DuckDB file\n\n{_HINT}")


def _of_sqlite(database: Path, sql: str) -> pl.DataFrame:
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as db:
            found = db.execute(sql)
            names = [d[0] for d in found.description or ()]
            return _table(names, found.fetchall())
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise InputError(f"the query cannot be run: {error}\n\n{_HINT}") from error


def _of_duckdb(database: Path, sql: str) -> pl.DataFrame:
    try:
        import duckdb
    except ImportError as error:
        raise InputError("DuckDB files need it\n\nHint: pip install 'assaymark[sql]'") from error
    try:
        with closing(duckdb.connect(str(database), read_only=True)) as db:
            statements = db.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise InputError(f"a query is one SELECT\n\n{_HINT}")
            found = db.execute(sql)
            names = [d[0] for d in found.description or ()]
            return _table(names, found.fetchall())
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise InputError(f"the query cannot be run: {said}\n\n{_HINT}") from error


def _table(names: list[str], rows: list[tuple[object, ...]]) -> pl.DataFrame:
    if not names:
        raise InputError(f"a query is one SELECT\n\n{_HINT}")
    check_names(names)
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    try:
        made = {
            n: pl.Series(n, list(values), strict=False)
            for n, values in zip(names, columns, strict=True)
        }
        return canonical(pl.DataFrame(made))
    except (pl.exceptions.PolarsError, TypeError, OverflowError) as error:
        raise DataError(f"the rows are not one table: {str(error).splitlines()[0]}") from error
