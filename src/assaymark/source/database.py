"""Database: the rows of a query, some at a time."""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

import polars as pl

from assaymark.errors import DataError
from assaymark.source.canonical import check_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["is_address", "is_database", "masked", "rows_of"]

_STORES = {"s3", "gs", "gcs", "az", "abfs", "abfss", "adl", "http", "https", "file", "memory",
           "hdfs", "sftp", "ftp", "github", "local"}  # fmt: skip


_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/")

_ONE_SELECT = (
    "a query is one SELECT, which returns rows\n\n"
    'Hint: --query "SELECT age, sex FROM visits WHERE day = 20260501"'
)


class _Reading(NamedTuple):
    """A query that is under way: its columns, what gives the next rows, what it raises."""

    names: list[str]
    more: Callable[[int], list[tuple[Any, ...]]]
    errors: tuple[type[BaseException], ...]


def is_database(place: str, query: str) -> bool:
    """Whether a place is a database, which needs a query; object stores and files have none.

    Raises
    ------
    DataError
        When one is there without the other.
    """
    scheme, _, _ = place.partition("://") if "://" in place else ("", "", "")
    database = bool(scheme) and scheme.partition("+")[0] not in _STORES
    if database and not query.strip():
        raise DataError(
            f"{masked(place)!r} is a database, and no query says which rows\n\n"
            "Hint: name them with --query"
        )
    if query and not database:
        raise DataError(
            f"a query is for a database, and {place!r} is none\n\n"
            "Hint: sqlite:///file.db, duckdb:///file.db, postgresql://user@host/name"
        )
    return database


def is_address(path: str) -> str:
    """Return the address that a path was meant as, empty where it was meant as none.

    A path has lost one of the slashes of ``s3://bucket``.
    """
    found = _ADDRESS.match(path)
    return f"{found.group(1)}://{path[found.end() :].lstrip('/')}" if found else ""


def masked(url: str) -> str:
    """Return the address without its password."""
    secret = urlsplit(url).password
    return url.replace(f":{secret}@", ":***@") if secret else url


def rows_of(url: str, query: str, rows: int) -> Iterator[pl.DataFrame]:
    """Yield what a query finds, ``rows`` rows at a time; nothing is ever written or committed.

    SQLite needs nothing else, DuckDB ``assaymark[sql]``; other databases are reached by
    SQLAlchemy, which is in it, and their own driver.

    Raises
    ------
    DataError
        When the database cannot be opened, the query cannot be run, or the connection is lost.
    """
    scheme = url.partition("://")[0].partition("+")[0]
    opened = {"sqlite": _sqlite, "duckdb": _duckdb}.get(scheme, _sqlalchemy)
    n = 0
    with opened(url, query) as reading:
        if not reading.names:
            raise DataError(_ONE_SELECT)
        check_names(reading.names)
        while True:
            try:
                found = reading.more(rows)
            except reading.errors as error:
                raise DataError(
                    f"the connection to {masked(url)!r} was lost after {n:,} rows: "
                    f"{_said(error, url)}; nothing was kept of them\n\n"
                    "Hint: start the same command again when the database can be reached"
                ) from error
            if not found:
                break
            n += len(found)
            yield _frame(reading.names, found)
    if n == 0:
        raise DataError("the query finds no rows\n\nHint: run it by hand and look what it says")


@contextmanager
def _opening(url: str, errors: tuple[type[BaseException], ...]) -> Iterator[None]:
    try:
        yield
    except errors as error:
        hint = "check address, rights and query"
        if isinstance(error, ImportError):
            hint = f"install the database's driver: pip install {error.name or 'its package'}"
        raise DataError(
            f"{masked(url)!r} cannot be asked: {_said(error, url)}\n\nHint: {hint}"
        ) from error


@contextmanager
def _sqlite(url: str, query: str) -> Iterator[_Reading]:
    with _opening(url, (sqlite3.Error,)):
        there = sqlite3.connect(f"file:{quote(_file_of(url))}?mode=ro", uri=True)
    try:
        with _opening(url, (sqlite3.Error,)):
            asked = there.execute(query)
        names = [c[0] for c in asked.description or ()]
        yield _Reading(names, asked.fetchmany, (sqlite3.Error,))
    finally:
        there.close()


@contextmanager
def _duckdb(url: str, query: str) -> Iterator[_Reading]:
    _need("duckdb", url)
    import duckdb

    errors = (duckdb.Error,)
    with _opening(url, errors):
        there = duckdb.connect(_file_of(url), read_only=True)
    try:
        with _opening(url, errors):
            said = there.extract_statements(query)
            if len(said) != 1 or said[0].type != duckdb.StatementType.SELECT:
                raise DataError(_ONE_SELECT)
            asked = there.execute(query)
        yield _Reading([c[0] for c in asked.description or ()], asked.fetchmany, errors)
    finally:
        there.close()


@contextmanager
def _sqlalchemy(url: str, query: str) -> Iterator[_Reading]:
    _need("sqlalchemy", url)
    import sqlalchemy

    errors = (sqlalchemy.exc.SQLAlchemyError, ImportError, OSError)
    with _opening(url, errors):
        engine = sqlalchemy.create_engine(url)
        there = engine.connect().execution_options(stream_results=True, max_row_buffer=10_000)
    try:
        with _opening(url, errors):
            asked = there.execute(sqlalchemy.text(query))
        names = list(asked.keys())
        yield _Reading(names, lambda n: [tuple(r) for r in asked.fetchmany(n)], errors)
    finally:
        there.close()
        engine.dispose()


def _file_of(url: str) -> str:
    return url.partition("://")[2].removeprefix("/")


def _need(package: str, url: str) -> None:
    if find_spec(package) is None:
        raise DataError(
            f"{masked(url)!r} is reached through {package}, which is not installed\n\n"
            "Hint: pip install 'assaymark[sql]', and the database's own driver"
        )


def _said(error: BaseException, url: str) -> str:
    """Return the first line of an error, without the password."""
    secret = urlsplit(url).password
    first = (str(error) or type(error).__name__).splitlines()[0]
    return first.replace(secret, "***") if secret else first


def _frame(names: list[str], rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    columns = zip(*rows, strict=True)
    return pl.DataFrame([_series(n, list(c)) for n, c in zip(names, columns, strict=True)])


def _series(name: str, values: list[Any]) -> pl.Series:
    """Return values in their own type, or as text where they have several."""
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)
