"""Batch: rows of one time, from a file, a folder of files, another release, or a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.errors import DataError, InputError
from assaymark.release.build import MANIFEST
from assaymark.source.query import named, read_query
from assaymark.source.read import SUFFIXES, read_table

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["batch_of", "read_batch"]


def batch_of(path: Path | None, database: str | None, query: str) -> tuple[pl.DataFrame, str]:
    """Return the rows and the name of a batch: of ``path``, or of a query on a database.

    Raises
    ------
    InputError
        When both are given, or neither.
    """
    if path is not None and database is None and not query:
        return read_batch(path), path.name
    if path is None and database is not None and query:
        return read_query(database, query), f"{named(database)}: {' '.join(query.split())[:80]}"
    raise InputError(
        "say where the rows of today are\n\nHint: --batch FILE, or --database FILE --query SQL"
    )


def read_batch(path: Path) -> pl.DataFrame:
    """Return the rows of a file, of all tables in a folder, or of a release.

    Raises
    ------
    DataError
        When there is nothing to read, or the files of a folder have different columns.
    """
    if not path.is_dir():
        return read_table(path)
    folder = path / "data" if (path / MANIFEST).is_file() else path
    suffixes = (".parquet",) if folder != path else SUFFIXES
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in suffixes)
    if not files:
        raise DataError(
            f"{str(path)!r} holds no table\n\nHint: a folder of {', '.join(SUFFIXES)} files, or "
            "that of a release"
        )
    tables = [read_table(f) for f in files]
    first = tables[0]
    for file, rows in zip(files, tables, strict=True):
        if rows.columns != first.columns:
            raise DataError(f"{file.name} has other columns than {files[0].name}")
    return pl.concat(tables, how="vertical_relaxed")
