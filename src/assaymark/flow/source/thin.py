"""Thin: a table of any size, wherever it is, made into a sample that fits into memory."""

from __future__ import annotations

import io
import json
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.document import Document
from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.errors import DataError, InputError
from assaymark.flow.progress import silent
from assaymark.flow.written import check_can_write, write_files
from assaymark.source.database import masked
from assaymark.source.profile import profile
from assaymark.source.stretches import stretches
from assaymark.source.thinned import thinned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assaymark.flow.progress import Progress

__all__ = ["ColumnSeen", "SampledSource", "sample_source"]

_LOOK = 20_000


class ColumnSeen(Document):
    """One column: what the sample shows it to be, and the share of all rows that is empty."""

    name: str
    kind: str
    reason: str
    n_unique_in_sample: int
    empty: float


class SampledSource(Document):
    """What was written; counts are exact, for whoever may see the source."""

    source: str
    file: str
    n: int
    rows: int
    person: str = ""
    columns: tuple[ColumnSeen, ...]


def sample_source(  # noqa: PLR0913
    place: str,
    out: Path,
    *,
    rows: int,
    query: str = "",
    person: str | None = None,
    by_row: bool = False,
    seed: int | None = None,
    progress: Progress = silent,
) -> SampledSource:
    """Write a random sample of at most ``rows`` rows as Parquet, and say what the source holds.

    Where a column looks like the key of persons, whole persons are drawn, unless ``by_row``.

    Raises
    ------
    DataError, InputError
        When the source cannot be read or ``out`` cannot be written.
    """
    if out.suffix.lower() != ".parquet":
        raise InputError(f"cannot write {str(out)!r}: a sample is written as .parquet")
    check_can_write(out)
    found = _told(stretches(place, query), progress)
    first = next(found, None)
    if first is None:
        raise DataError(f"{masked(place)!r} has no rows\n\nHint: give a table with rows")
    if person is None and not by_row:
        person = _person(first)
    streams = Streams.secret() if seed is None else Streams.from_seed(seed)
    made = thinned(chain([first], found), rows, streams, None if by_row else person)
    seen = profile(made.frame, {})
    said = {"source": masked(place), "rows of the source": made.n, "drawn by": person or "row"}
    raw = io.BytesIO()
    made.frame.write_parquet(raw, compression="zstd", metadata={"assaymark": json.dumps(said)})
    write_files({out: raw.getvalue()}, real=True)
    return SampledSource(
        source=masked(place),
        file=str(out),
        n=made.n,
        rows=made.frame.height,
        person="" if by_row else person or "",
        columns=tuple(
            ColumnSeen(
                name=c.column.name,
                kind=c.column.kind.value,
                reason=c.kind_reason,
                n_unique_in_sample=c.n_unique,
                empty=made.empty[c.column.name] / made.n,
            )
            for c in seen.columns
        ),
    )


def _told(found: Iterator[pl.DataFrame], progress: Progress) -> Iterator[pl.DataFrame]:
    n = 0
    for frame in found:
        n += frame.height
        yield frame
        progress("source", f"{n:,} rows", 0.5)


def _person(first: pl.DataFrame) -> str | None:
    key = profile(first.head(_LOOK), {}).schema.first(Role.PERSON_KEY)
    return None if key is None else key.name
