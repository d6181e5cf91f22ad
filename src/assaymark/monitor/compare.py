"""Compare: a batch of rows with the sketch of a release, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from assaymark.monitor.cells import cells_of
from assaymark.monitor.quantiles import MIDDLE, middle_between

if TYPE_CHECKING:
    from assaymark.monitor.sketch import ColumnSketch, Sketch

__all__ = ["Difference", "as_kept", "compare", "renamed"]

_MOST_MOVED = 0.5
_ANOTHER_UNIT = 1.8
_LIKE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How one column of the batch differs.

    Attributes
    ----------
    found
        ``"compared"``, or why it was not: ``"gone"``, ``"new"``, ``"retyped"``.
    distance
        Half the sum of absolute differences of cell shares, in [0, 1], missing included.
    spread, variance
        Half the sum of the cells' standard errors, and the variance of ``distance``: what an
        interval for it needs.
    missing
        Change of the share of missing values, batch less release.
    times
        How many times the middle of the numbers is what it was, where most of them moved; else 0.
    unseen
        Values of a category that the release does not have, at most ten.
    """

    column: str
    found: Literal["compared", "gone", "new", "retyped"]
    distance: float = 0.0
    spread: float = 0.0
    variance: float = 0.0
    missing: float = 0.0
    times: float = 0.0
    unseen: tuple[str, ...] = ()


def compare(before: Sketch, batch: pl.DataFrame) -> tuple[Difference, ...]:
    """Return one difference a column of the release, then one for each column it lacks."""
    known = {c.name for c in before.columns}
    found = [_column(c, before.n, batch) for c in before.columns]
    extra = [Difference(column=name, found="new") for name in batch.columns if name not in known]
    return (*found, *extra)


def _column(column: ColumnSketch, n: int, batch: pl.DataFrame) -> Difference:
    if column.name not in batch.columns:
        return Difference(column=column.name, found="gone")
    values = as_kept(column, batch[column.name])
    if values is None:
        return Difference(column=column.name, found="retyped")
    cells = cells_of(column, values)
    now = np.bincount(cells, minlength=len(column.counts)) / len(values)
    then = np.array(column.counts) / n
    gap = now - then
    pooled = (np.array(column.counts) + now * len(values)) / (n + len(values))
    errors = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / len(values)))
    signs = np.sign(gap)
    side = [float((signs * p).sum()) for p in (now, then)]
    variance = (1 - side[0] ** 2) / len(values) + (1 - side[1] ** 2) / n
    return Difference(
        column=column.name,
        found="compared",
        distance=float(np.abs(gap).sum() / 2),
        spread=float(errors.sum() / 2),
        variance=float(variance / 4),
        missing=float(gap[-1]),
        times=_times(column, values) if np.abs(gap).sum() >= 2 * _MOST_MOVED else 0.0,
        unseen=_unseen(column, values, cells),
    )


def renamed(before: Sketch, batch: pl.DataFrame) -> dict[str, str]:
    """Return new columns whose values are like those of one that is gone, by that one's name."""
    known = {c.name for c in before.columns}
    gone = [c for c in before.columns if c.name not in batch.columns]
    found: dict[str, str] = {}
    for name in (n for n in batch.columns if n not in known):
        values = batch[name]
        near = [
            (d.distance, d.column)
            for d in (_column(c, before.n, values.alias(c.name).to_frame()) for c in gone)
            if d.found == "compared" and not d.unseen and d.distance <= d.spread + _LIKE
        ]
        if near:
            found[name] = min(near)[1]
    return found


def _times(column: ColumnSketch, values: pl.Series) -> float:
    """Return the middle value over that of then; 0 where alike, capped, or not both above 0.

    Of a sum of parts, 0 also where the middle of then could have been such that they are alike.
    """
    if column.kind != "number" or not column.quantiles:
        return 0.0
    numbers = values.cast(pl.Float64, strict=False)
    now, most, then = numbers.median(), numbers.max(), float(column.quantiles[MIDDLE])
    if not isinstance(now, float) or now <= 0 or then <= 0 or now == most:
        return 0.0
    low, high = middle_between(column)
    greater, smaller = now >= _ANOTHER_UNIT * high, now * _ANOTHER_UNIT <= low
    return now / min(max(then, low), high) if greater or smaller else 0.0


def _unseen(column: ColumnSketch, values: pl.Series, cells: np.ndarray) -> tuple[str, ...]:
    """Only where the release lists all of its categories does an unlisted one count as unseen."""
    if column.kind != "category" or column.n_unique > len(column.levels):
        return ()
    other = values.cast(pl.String).filter(pl.Series(cells == len(column.counts) - 2))
    return tuple(other.unique().sort().head(10).to_list())


def as_kept(column: ColumnSketch, values: pl.Series) -> pl.Series | None:
    """Return the values in the release's kind; ``None`` where more than half are of another."""
    if column.kind == "category":
        return values.cast(pl.String)
    if values.dtype.is_temporal() != (column.kind == "moment") and values.dtype != pl.String:
        return None
    present = values.len() - values.null_count()
    if values.dtype == pl.String:
        number = column.kind == "number"
        read = values.cast(pl.Float64, strict=False) if number else _dates(values)
        if 2 * (read.len() - read.null_count()) < present:
            return None
        return read
    return values


def _dates(values: pl.Series) -> pl.Series:
    return values.str.to_date(strict=False)
