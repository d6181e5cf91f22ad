"""Told apart: whether a model can tell a batch from the released rows, and by which columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.document import Document
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.evaluate.models.predictors import one_thread
from assaymark.evaluate.two_samples import tell_apart
from assaymark.flow.release.folder import Folder
from assaymark.monitor.compare import as_kept

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.monitor.sketch import Sketch

__all__ = ["FEWEST", "Reason", "ToldApart", "told_apart"]

FEWEST = 200
"""Rows of the batch, and of the release, below which no model is trained."""

_MOST, _SHOWN, _LITTLE = 4_000, 5, 0.005
_METRIC = "two_sample.auc"
_KINDS = {"number": Kind.DECIMAL, "moment": Kind.DATETIME, "category": Kind.CATEGORY}


class Reason(Document):
    """A column, and how much of the AUC goes when its values are shuffled among the rows."""

    column: str
    lost: float


class ToldApart(Document):
    """How well boosted trees tell the batch's rows from the released ones, one batch by itself.

    ``value`` is the AUC of rows that the trees had not seen, with a 95 % interval: .5 is chance, 1
    is certainty; ``reasons`` are given where it is surely more than chance. ``released`` is what
    the same test, in the release's evidence, says of released against real rows: so much is told
    apart without any drift. ``value`` is None where ``why`` says why.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    reasons: tuple[Reason, ...] = ()
    released: float | None = None
    why: str = ""

    @property
    def words(self) -> str:
        """What was found, in a sentence."""
        if self.value is None:
            return f"not told apart by a model: {self.why}"
        said = (
            f"shown a row of the batch and a released one, a model names the batch's in "
            f"{self.value:.0%} of cases [{self.low:.0%}, {self.high:.0%}], where 50% is guessing"
        )
        if self.released is not None:
            said += f" and it was {self.released:.0%} for real rows of then"
        by = ", ".join(r.column for r in self.reasons)
        return said + (f"; it goes by {by}" if by else "")


def told_apart(release: Path, sketch: Sketch, batch: pl.DataFrame) -> ToldApart:
    """Tell the batch from the released rows as the release's evidence tells those from real ones.

    As many rows of each, at most 4,000, by the columns that both have, of one kind.
    """
    files = Folder(release)
    path = min((p for p in files if p.startswith("data/") and p.endswith(".parquet")), default="")
    both = [c for c in sketch.columns if c.name in batch.columns]
    if not path or not both:
        return ToldApart(why="there are no columns that both have")
    rows = pl.read_parquet(files.file(path), columns=[c.name for c in both])
    n = min(rows.height, batch.height, _MOST)
    if n < FEWEST:
        return ToldApart(n=n, why=f"{n} rows are too few; {FEWEST} are needed")
    columns: list[Column] = []
    sides: tuple[list[pl.Series], list[pl.Series]] = ([], [])
    for c in both:
        then, now = (as_kept(c, frame[c.name]) for frame in (rows, batch))
        if then is not None and now is not None:
            column = Column(name=c.name, kind=_KINDS[c.kind])
            columns.append(column)
            for side, values in zip(sides, (then, now), strict=True):
                side.append(values.cast(POLARS_TYPES[column.kind], strict=False))
    if not columns:
        return ToldApart(n=n, why="there are no columns that both have of one kind")
    schema = Schema(columns=tuple(columns))
    first, second = (Dataset(schema=schema, frame=pl.DataFrame(side)) for side in sides)
    with one_thread():
        found = tell_apart(first, second, Streams.from_seed(0).child("told apart"), most=_MOST)
    return ToldApart(
        value=round(found.value, 4),
        low=round(found.low, 4),
        high=round(found.high, 4),
        n=found.rows,
        reasons=tuple(
            Reason(column=name, lost=round(lost, 4))
            for name, lost in found.top[:_SHOWN]
            if found.low > 0.5 and lost >= _LITTLE
        ),
        released=_then(files),
    )


def _then(files: Folder) -> float | None:
    """Return how well released rows were told from real ones, by the last evidence of it."""
    for stage in ("confirmation", "cross-fit", "development"):
        path = f"evidence/{stage}.json"
        for m in json.loads(files[path])["measurements"] if path in files else ():
            if m["metric"] == _METRIC and m["value"] is not None:
                return float(m["value"])
    return None
