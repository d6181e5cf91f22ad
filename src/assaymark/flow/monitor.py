"""Monitor: hold a batch of today's rows against what was released."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from assaymark.core.document import Document
from assaymark.errors import IntegrityError
from assaymark.evaluate.statistics import distance_interval
from assaymark.flow.verify import read_release, verify
from assaymark.monitor.compare import compare
from assaymark.monitor.sketch import Sketch

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from assaymark.monitor.compare import Difference

__all__ = ["MonitorLine", "Monitored", "monitor"]


class MonitorLine(Document):
    """One column: drifted, stable, or not to be told at this size of batch."""

    column: str
    says: Literal["drifted", "stable", "cannot tell"]
    value: float | None
    low: float | None
    high: float | None
    what: str

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The line as a row of a table."""
        if self.value is None:
            return self.column, self.says, "", "", self.what
        interval = f"[{self.low:.3f}, {self.high:.3f}]"
        return self.column, self.says, f"{self.value:.3f}", interval, self.what


class Monitored(Document):
    """All columns, those that drifted first."""

    release: str
    n: int
    threshold: float
    drifted: bool
    summary: str
    lines: tuple[MonitorLine, ...]


def monitor(release: Path, batch: pl.DataFrame, *, threshold: float) -> Monitored:
    """Compare ``batch`` with the release in this folder, after verifying it.

    Raises
    ------
    IntegrityError
        When the release does not verify: nothing is compared with altered rows.
    """
    found = verify(release, status=False)
    if not found.ok:
        broken = next(c for c in found.checks if c.outcome == "FAILED")
        raise IntegrityError(f"the release does not verify: {broken.title}: {broken.said}")
    before = Sketch.parse(read_release(release)["sketch.json"])
    lines = [_line(d, threshold) for d in compare(before, batch)]
    order = {"drifted": 0, "cannot tell": 1, "stable": 2}
    lines.sort(key=lambda line: (order[line.says], -(line.value or 1.0)))
    counts = {says: sum(line.says == says for line in lines) for says in order}
    return Monitored(
        release=str(release),
        n=batch.height,
        threshold=threshold,
        drifted=counts["drifted"] > 0,
        summary=f"{counts['drifted']} drifted, {counts['stable']} stable, {counts['cannot tell']} "
        f"cannot be told with {batch.height:,} rows",
        lines=tuple(lines),
    )


def _line(d: Difference, threshold: float) -> MonitorLine:
    if d.found != "compared":
        what = {
            "gone": "the batch has no such column",
            "new": "the release has no such column",
            "retyped": "values of another type than in the release",
        }[d.found]
        return MonitorLine(
            column=d.column, says="drifted", value=None, low=None, high=None, what=what
        )
    found = distance_interval(d.distance, d.spread, d.variance)
    drifted = found.low > threshold
    says: Literal["drifted", "stable", "cannot tell"] = (
        "drifted" if drifted else "stable" if found.high <= threshold else "cannot tell"
    )
    return MonitorLine(
        column=d.column,
        says=says,
        value=found.value,
        low=found.low,
        high=found.high,
        what=_what(d),
    )


def _what(d: Difference) -> str:
    said = []
    if d.unseen:
        said.append(f"never seen before: {', '.join(d.unseen[:5])}")
    if not math.isclose(d.missing, 0.0, abs_tol=0.005):
        said.append(f"missing values {d.missing:+.1%}")
    return "; ".join(said)
