"""SQL: one read-only query over one table, with nothing else in reach and a limit of time."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

from assaymark.errors import DataError, InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["answers", "check_query"]

_CELLS = 1_000
_LOCKED = ("enable_external_access = false", "lock_configuration = true")


def answers(sql: str, frame: pl.DataFrame, *, time_limit: float) -> dict[tuple[str, ...], float]:
    """Return what ``sql`` says of ``frame``, its table ``data``: last column by all columns before.

    Files, network, extensions and settings are switched off before the query is read.

    Raises
    ------
    InputError
        When DuckDB is not there, the query is no single SELECT, or it cannot be run.
    DataError
        When it takes too long, or returns no numbers, equal groups or more than 1,000.
    """
    duckdb = _duckdb()
    con = _opened(duckdb, frame)
    try:
        _check(duckdb, con, sql)
        timer = threading.Timer(time_limit, con.interrupt)
        timer.start()
        try:
            rows = con.execute(sql).fetchmany(_CELLS + 1)
        finally:
            timer.cancel()
    except duckdb.InterruptException as error:
        raise DataError(f"the query did not end within {time_limit:g} s") from error
    except duckdb.Error as error:
        raise InputError(
            f"the query cannot be run: {_said(duckdb, error)}\n\nHint: the table is data"
        ) from error
    finally:
        con.close()
    return _read(rows)


def check_query(sql: str, empty: pl.DataFrame) -> None:
    """Refuse a query that cannot be read, or names what a table with these columns lacks.

    Nothing is run. Where DuckDB is not there, nothing is said: the measurement says so.

    Raises
    ------
    InputError
        When it is no single SELECT over ``data``.
    """
    try:
        duckdb = _duckdb()
    except InputError:
        return
    con = _opened(duckdb, empty)
    try:
        _check(duckdb, con, sql)
        con.execute(f"EXPLAIN {sql}")
    except duckdb.Error as error:
        raise InputError(
            f"the query cannot be read: {_said(duckdb, error)}\n\nHint: the table is data, its "
            f"columns are {', '.join(empty.columns)}"
        ) from error
    finally:
        con.close()


def _duckdb() -> Any:  # noqa: ANN401
    try:
        import duckdb
    except ImportError as error:
        raise InputError("queries need DuckDB\n\nHint: pip install 'assaymark[sql]'") from error
    return duckdb


def _opened(duckdb: Any, frame: pl.DataFrame) -> Any:  # noqa: ANN401
    con = duckdb.connect(":memory:", config={"python_enable_replacements": "false", "threads": "1"})
    con.register("given", _pandas(frame))
    con.execute("CREATE TABLE data AS SELECT * FROM given")
    con.unregister("given")
    for setting in _LOCKED:
        con.execute(f"SET {setting}")
    return con


def _said(duckdb: Any, error: Exception) -> str:  # noqa: ANN401
    """Say what DuckDB said of the text of a query; what it says of a row may quote the row."""
    about_text = "Parser", "Binder", "Catalog", "Permission"
    if isinstance(error, tuple(getattr(duckdb, f"{kind}Exception") for kind in about_text)):
        return str(error).splitlines()[0]
    return f"{type(error).__name__}, whose message may quote a row and is not shown"


def _check(duckdb: Any, con: Any, sql: str) -> None:  # noqa: ANN401
    statements = con.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise InputError(
            "a query is one SELECT\n\nHint: SELECT sex, avg(age) FROM data GROUP BY sex"
        )


def _read(rows: list[tuple[Any, ...]]) -> dict[tuple[str, ...], float]:
    if len(rows) > _CELLS:
        raise DataError(f"the query returns more than {_CELLS:,} rows")
    found: dict[tuple[str, ...], float] = {}
    for *group, value in rows:
        key = tuple(map(str, group))
        if key in found:
            raise DataError("the query returns the same group twice\n\nHint: GROUP BY")
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            if value is None:
                continue
            raise DataError("the last column of a query must be a number") from error
        if math.isfinite(number):
            found[key] = number
    return found


def _pandas(frame: pl.DataFrame) -> Any:  # noqa: ANN401
    import pandas as pd

    return pd.DataFrame(
        {c: pd.Series(frame[c].to_list(), dtype=_dtype(frame[c])) for c in frame.columns}
    )


def _dtype(series: pl.Series) -> str:
    if series.dtype.is_integer():
        return "Int64"
    if series.dtype.is_float():
        return "float64"
    named = {"Boolean": "boolean", "Date": "datetime64[us]", "String": "object"}
    return named.get(str(series.dtype.base_type()), "datetime64[us]")
