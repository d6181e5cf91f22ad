"""World: a sealed sketch of real people held out, which later batches are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.errors import DataError
from assaymark.monitor.sketch import Sketch, counted
from assaymark.source.folds import Folds
from assaymark.source.persons import one_row_each

if TYPE_CHECKING:
    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Schema
    from assaymark.flow.job import Ran
    from assaymark.store.workspace import Workspace

__all__ = ["crossed_of", "keep_world", "world_of"]

_PREFIX = "world-of-"
_CROSSED = 8


def crossed_of(schema: Schema) -> tuple[tuple[str, str], ...]:
    """Return the pairs of a protected column and the target that a sketch crosses."""
    target = schema.first(Role.TARGET)
    if target is None:
        return ()
    groups = [c.name for c in schema.with_role(Role.PROTECTED) if c.name != target.name]
    return tuple((name, target.name) for name in groups[:_CROSSED])


def keep_world(workspace: Workspace, candidate: str, ran: Ran, released: Sketch) -> None:
    """Seal the counts of the people held out, on the cells of the released rows.

    Of a cross-fit, of everybody: nobody was held out of all refits. Of a person with several rows
    one is drawn, since persons count once in the fit, and rows of one are not independent.
    """
    parts = ran.prepared.parts
    held = (parts.train,) if isinstance(parts, Folds) else (parts.development, parts.confirmation)
    made = counted(released, pl.concat([_one_row_each(part) for part in held]))
    workspace.seal(_PREFIX + candidate, made.canonical())


def _one_row_each(part: Dataset) -> pl.DataFrame:
    if part.persons is None:
        return part.frame
    rng = Streams.from_seed(0).child("one row a person").generator()
    return part.frame[one_row_each(part.persons, rng)]


def world_of(workspace: Workspace, candidate: str) -> Sketch:
    """Return the sealed counts of the real rows behind a candidate.

    Raises
    ------
    DataError
        When none are kept in this workspace.
    """
    sealed = workspace.unseal(_PREFIX + candidate)
    if sealed is None:
        raise DataError(
            "this workspace keeps no sketch of the real rows behind this release\n\nHint: "
            "--workspace names the one that issued it; --against released needs none"
        )
    return Sketch.parse(sealed)
