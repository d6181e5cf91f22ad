"""Row files: rows as the bytes of a Parquet file, and those as CSV."""

from __future__ import annotations

import io

import polars as pl
import polars.selectors as cs

__all__ = ["csv_of", "draft_csv", "parquet_of"]


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


def draft_csv(frame: pl.DataFrame) -> bytes:
    """Return rows of no release as CSV; moments of whole seconds have no zeros after these.

    A release's CSV (:func:`csv_of`) has them: its verifier compares it byte by byte.
    """
    whole = [
        s.name
        for s in frame.select(cs.datetime(time_zone=None))
        if bool((s.dt.nanosecond() == 0).all())
    ]
    out = io.BytesIO()
    frame.with_columns(pl.col(whole).dt.to_string("%Y-%m-%dT%H:%M:%S")).write_csv(out)
    return out.getvalue()
