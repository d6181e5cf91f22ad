"""Generations: releases that were made of releases, held against the first for lost variety."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.document import Document
from assaymark.decide.watch import Seen
from assaymark.errors import InputError
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.recall import issued
from assaymark.monitor.collapse import FALSE_ALARM, variety

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assaymark.flow.release.issued import Issued

__all__ = ["Generation", "Generations", "Loss", "generations", "seen_in_generations"]


class Loss(Document):
    """Variety that a column has lost for certain since the first generation."""

    column: str
    measure: str
    ratio: float
    high: float
    lost: float


class Generation(Document):
    """One release of the lineage: how far from real rows, and what it lost, the most first."""

    name: str
    depth: int
    real_fraction: str
    rows: int
    compared: int
    losses: tuple[Loss, ...]


class Generations(Document):
    """All generations after the first; ``false_alarm`` is for each."""

    first: str
    false_alarm: float
    generations: tuple[Generation, ...]

    @property
    def collapsing(self) -> bool:
        """Whether the newest generation has lost any variety for certain."""
        return bool(self.generations[-1].losses)


def generations(folders: Sequence[Path]) -> Generations:
    """Hold each release against the first, by all rows; every release is verified.

    Raises
    ------
    InputError
        When there are fewer than two, or one is not made of the one before.
    IntegrityError
        When one does not verify.
    """
    if len(folders) < 2:
        raise InputError(
            "a lineage has two generations at least\n\nHint: name releases, the oldest first"
        )
    made = [issued(f) for f in folders]
    for before, after in pairwise(made):
        if before.manifest not in {p.manifest for p in after.made.ancestry.every()}:
            raise InputError(
                f"{after.folder.name} is not made of {before.folder.name}\n\n"
                "Hint: name releases of one lineage, the oldest first"
            )
    first = _rows(made[0])
    return Generations(
        first=made[0].folder.name,
        false_alarm=FALSE_ALARM,
        generations=tuple(_generation(first, m) for m in made[1:]),
    )


def seen_in_generations(found: Generations) -> tuple[Seen, ...]:
    """Return what a policy may act on: what the newest generation has lost."""
    newest = found.generations[-1]
    return tuple(
        Seen(
            observe="collapse",
            subject=f"column:{x.column},measure:{x.measure}",
            size=x.lost,
            words=f"{x.measure} of {x.column!r} at {x.ratio:.2f} of what {found.first} has",
        )
        for x in newest.losses
    )


def _generation(first: pl.DataFrame, made: Issued) -> Generation:
    rows = _rows(made)
    found = variety(first, rows)
    losses = sorted((v for v in found if v.lost > 0), key=lambda v: -v.lost)
    return Generation(
        name=made.folder.name,
        depth=made.made.ancestry.depth,
        real_fraction=made.made.ancestry.real_fraction,
        rows=rows.height,
        compared=len(found),
        losses=tuple(
            Loss(
                column=v.column,
                measure=v.measure,
                ratio=round(v.ratio, 6),
                high=round(v.high, 6),
                lost=round(v.lost, 6),
            )
            for v in losses
        ),
    )


def _rows(made: Issued) -> pl.DataFrame:
    files = read_release(made.folder)
    paths = sorted(p for p in files if p.startswith("data/") and p.endswith(".parquet"))
    return pl.concat([pl.read_parquet(io.BytesIO(files[p])) for p in paths])
