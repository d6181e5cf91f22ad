"""Replicates: several tables of one layout, with the columns of text files typed alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from assaymark.source.kinds import find_kind
from assaymark.source.read import PARQUET, read_frame
from assaymark.source.values import parsed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["read_replicates"]


def read_replicates(tables: Sequence[Any]) -> list[pl.DataFrame]:
    """Read tables as :func:`read_frame` does, the columns of text files as what they hold.

    A text file says no types: a column's kind is told from its values in all text files together,
    so that it is the same in each. Columns of frames and Parquet files have their types already.

    Raises
    ------
    DataError
        When one cannot be read.
    """
    frames = [read_frame(t) for t in tables]
    text = [i for i, t in enumerate(tables) if _is_text(t)]
    for name in dict.fromkeys(c for i in text for c in frames[i].columns):
        held = [i for i in text if name in frames[i].columns]
        every = pl.concat([frames[i][name] for i in held])
        found = find_kind(every)
        typed, start = parsed(every, found.kind, found.missing).alias(name), 0
        for i in held:
            part = typed.slice(start, frames[i].height)
            frames[i], start = frames[i].with_columns(part), start + frames[i].height
    return frames


def _is_text(table: Any) -> bool:  # noqa: ANN401
    return isinstance(table, str | Path) and Path(table).suffix.lower() not in PARQUET
