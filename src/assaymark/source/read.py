"""Read: a file or a frame of any make, as one polars frame that was checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from assaymark.errors import DataError
from assaymark.source.canonical import canonical, check_names
from assaymark.source.database import is_address, masked
from assaymark.source.delimited import read_delimited

if TYPE_CHECKING:
    import os

__all__ = ["PARQUET", "SUFFIXES", "pandas_column", "read_frame", "read_table"]

_TEXT = (".csv", ".tsv", ".txt")
PARQUET = (".parquet", ".pq")
SUFFIXES = (*_TEXT, *PARQUET)


def read_table(path: str | os.PathLike[str]) -> pl.DataFrame:
    """Read a CSV (comma, semicolon, tab or bar; UTF-8) or a Parquet file.

    Columns of a CSV stay text here: the profile types them, so that ``"007"``, ``"?"`` and mixed
    columns arrive as they were written.

    Raises
    ------
    DataError
        When there is no such file, it is of another kind, or its contents are not one table.
    """
    file = Path(path)
    address = is_address(str(file))
    if address and not file.exists():
        raise DataError(
            f"{masked(address)!r} is an address, and a file of this machine is read here\n\nHint: "
            f"draw a sample from it first: assaymark source sample {masked(address)} --out "
            "sample.parquet (and --query for a database)"
        )
    if file.is_dir():
        raise DataError(
            f"{str(file)!r} is a folder\n\nHint: name one file in it, or draw a sample "
            f"from all: assaymark source sample {file} --out sample.parquet"
        )
    if not file.exists():
        raise DataError(f"there is no file {str(file)!r}{_nearby(file)}")
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(
            f"{file.name!r} ends in {suffix or 'no suffix'!r}, which is not read\n\n"
            f"Hint: give a CSV or Parquet file ({', '.join(SUFFIXES)})"
        )
    try:
        if file.stat().st_size == 0:
            raise DataError(f"{file.name!r} is empty\n\nHint: give a table with a header and rows")
        if suffix in PARQUET:
            return _read_parquet(file)
        return canonical(read_delimited(file.read_bytes(), file.name))
    except OSError as error:
        raise DataError(f"{str(file)!r} cannot be read: {error.strerror or error}") from error


def _nearby(file: Path) -> str:
    folder = file.parent
    if not folder.is_dir():
        return f"\n\nHint: there is no folder {str(folder)!r} either"
    tables = sorted(f.name for f in folder.iterdir() if f.suffix.lower() in SUFFIXES)
    if not tables:
        return "\n\nHint: check the path; no CSV or Parquet file is in that folder"
    return f"\n\nHint: the folder holds {', '.join(tables[:8])}"


def _read_parquet(file: Path) -> pl.DataFrame:
    try:
        return canonical(pl.read_parquet(file, use_statistics=False))
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"{file.name!r} is not a Parquet file that can be read: {str(error).splitlines()[0]}"
            "\n\nHint: write it again, or save the table as CSV"
        ) from error


def read_frame(table: Any) -> pl.DataFrame:  # noqa: ANN401
    """Return a polars frame from a path, a polars, pandas or Arrow table, or a column mapping.

    pandas is recognised by its shape, never imported; its index is left out.

    Raises
    ------
    DataError
        When it is none of these, or its contents are not one table.
    """
    if isinstance(table, str | Path):
        return read_table(table)
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, pl.DataFrame):
        return canonical(table)
    if hasattr(table, "iloc") and hasattr(table, "columns"):
        return canonical(_from_pandas(table))
    try:
        if isinstance(table, dict) or hasattr(table, "__arrow_c_stream__"):
            return canonical(pl.DataFrame(table, strict=False))
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise DataError(
            f"this {type(table).__name__} does not hold one table: {str(error).splitlines()[0]}"
        ) from error
    raise DataError(
        f"a {type(table).__name__} is not a table that can be read\n\n"
        "Hint: give a path, a polars or pandas frame, an Arrow table, or a dict of columns"
    )


def _from_pandas(table: Any) -> pl.DataFrame:  # noqa: ANN401
    names = [str(name) for name in table.columns]
    check_names(names)
    return pl.DataFrame(
        {name: pandas_column(table.iloc[:, i]) for i, name in enumerate(names)}, strict=False
    )


def pandas_column(column: Any) -> pl.Series:  # noqa: ANN401
    """Return a pandas column as a polars one; moments with a time zone are in UTC, without it."""
    missing = column.isna().to_numpy()
    kind = str(column.dtype)
    if kind == "bool" or kind.startswith(("int", "uint", "float")):
        plain = pl.Series(column.to_numpy())
    elif kind.startswith("datetime64"):
        naive = column.dt.tz_convert("UTC").dt.tz_localize(None) if "," in kind else column
        plain = pl.Series(naive.to_numpy().astype("datetime64[us]"))
    else:
        plain = _objects([None if gone else x for x, gone in zip(column, missing, strict=True)])
    return plain.set(pl.Series(missing), None) if missing.any() else plain


def _objects(values: list[Any]) -> pl.Series:
    try:
        return pl.Series(values, strict=True)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series([None if v is None else str(v) for v in values], dtype=pl.String)
