"""Warm: every compiled loop is turned into machine code once, when assaymark is set up.

    python -m assaymark.flow.warm

A small draft and a small evaluation call all of them; nothing is kept but the machine code.
"""

from __future__ import annotations

import importlib.resources
import io

import polars as pl

from assaymark.flow.evaluate.given import Ask, Tables, evaluate_tables
from assaymark.flow.generate.draft import draft

__all__ = ["warm"]

_ROWS = 400


def warm() -> None:
    """Draw a draft of some of the demo's rows, and hold other rows against them."""
    raw = (importlib.resources.files("assaymark.data") / "diabetes130.parquet").read_bytes()
    frame = pl.read_parquet(io.BytesIO(raw))
    several = frame.filter(pl.col("patient_nbr").is_duplicated())
    frame = frame.unique("patient_nbr", maintain_order=True)
    for one in (frame, several):  # who counts for one and who does not, are counted differently
        draft(one.head(2 * _ROWS), seed=0)
    parts = [frame.slice(i * _ROWS, _ROWS) for i in range(4)]
    tables = Tables(
        name="warm", train=parts[0], holdout=parts[1], reference=parts[2], synthetics=(parts[3],)
    )
    evaluate_tables(tables, Ask(seed=0))


if __name__ == "__main__":
    warm()
