"""Row files: rows as the bytes of a Parquet file, and those as CSV."""

from __future__ import annotations

import io

import polars as pl

__all__ = ["csv_of", "parquet_of"]


def parquet_of(frame: pl.DataFrame) -> bytes:
    """Return ``frame`` as Parquet bytes: same frame, same bytes."""
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd", statistics=False)
    return out.getvalue()


def csv_of(raw: bytes) -> bytes:
    """Return a candidate's Parquet file as CSV."""
    out = io.BytesIO()
    pl.read_parquet(io.BytesIO(raw)).write_csv(out)
    return out.getvalue()
