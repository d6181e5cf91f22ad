"""Drawn: rows of a fitted model, stretch by stretch, with how fast and how long still."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.flow.progress import pace
from assaymark.generate.constraints.mixture import sample_wanted
from assaymark.generate.model_file import can_store

if TYPE_CHECKING:
    from assaymark.core.conditions import Given
    from assaymark.core.protocols import Model
    from assaymark.core.streams import Streams
    from assaymark.flow.progress import Progress
    from assaymark.generate.constraints.mixture import Mixture

__all__ = ["drawn"]

_FIRST, _MOST = 256, 65_536
_SECONDS = 2.0


def drawn(
    model: Model, n: int, streams: Streams, wanted: Given | Mixture | None, progress: Progress
) -> Dataset:
    """Return ``n`` rows of the kinds that are wanted; the bytes are those of one call for all.

    Says after each stretch of about two seconds how many rows there are.

    Raises
    ------
    ConditionError
        When not all of the rows can be had.
    """
    inner = getattr(model, "model", model)
    if not can_store(inner) or getattr(model, "unique", False):
        made = sample_wanted(model, range(n), streams, wanted)
        progress("generate", f"{n:,} rows", 1.0)
        return made
    free = wanted is None and inner is model
    progress("generate", f"{n:,} rows" if free else f"{n:,} rows that satisfy what is asked", 0.0)
    begun, size = time.monotonic(), _MOST if free else _FIRST
    # the last ones first: whether all can be had is judged by how many there are up to them
    last = sample_wanted(model, range(max(0, n - size), n), streams, wanted)
    parts, done = [], 0
    while done + last.n < n:
        seconds, there = time.monotonic() - begun, done + last.n
        progress("generate", pace(there, n, seconds), there / n)
        size = min(_MOST, 2 * size, max(_FIRST, int(_SECONDS * there / max(seconds, 1e-9))))
        some = sample_wanted(model, range(done, min(done + size, n - last.n)), streams, wanted)
        parts.append(some.frame)
        done += some.n
    progress("generate", pace(n, n, time.monotonic() - begun), 1.0)
    return Dataset(schema=last.schema, frame=pl.concat([*parts, last.frame]).rechunk())
