"""Monitor: hold batches of rows against what was released, or against what it was made of."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl

from assaymark.core.document import Document, sha256
from assaymark.errors import InputError, IntegrityError, NotApprovedError
from assaymark.evaluate.statistics import distance_interval
from assaymark.flow.monitor.as_released import taken_as_released, without_removed
from assaymark.flow.monitor.performance import Performance, estimate_performance
from assaymark.flow.monitor.timeline import read_looks
from assaymark.flow.monitor.told_apart import ToldApart, told_apart
from assaymark.flow.monitor.watch import (
    FEWEST,
    Batch,
    Timeline,
    Watched,
    check_next,
    look_at,
    take_in,
    watched,
)
from assaymark.flow.release.folder import Folder
from assaymark.flow.release.heard import check_in_force
from assaymark.flow.release.log import workspace_at
from assaymark.flow.release.recall import issued
from assaymark.flow.release.world import world_of
from assaymark.monitor.compare import compare
from assaymark.monitor.sketch import Sketch
from assaymark.release.build import MANIFEST
from assaymark.release.envelope import payload_of
from assaymark.release.predicates import Provenance
from assaymark.release.statement import read_statement
from assaymark.release.trusted import check_trusted, is_trusted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assaymark.flow.monitor.performance import Forecast
    from assaymark.flow.monitor.timeline import Against, Look
    from assaymark.flow.release.issued import Issued
    from assaymark.monitor.compare import Difference

__all__ = ["MonitorLine", "Monitored", "Watching", "monitor", "reference_of", "tolerance_of"]

_LARGE = 10

TOLERANCE: dict[str, float] = {"released": 0.05, "source": 0.0}
"""By how much a share of rows may differ without an alarm: synthetic rows are not the real ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """How batches are held against a release.

    ``state`` is the file of the timeline; without one, the batch is looked at alone. ``against``
    is ``"released"``, or ``"source"`` for the sealed sketch of the real rows in ``workspace``.
    ``tolerance`` is the change of a share that is none, by default the timeline's, and where it has
    none yet 0.05 against the released rows and 0 against the source. ``at`` is the time of the
    batch, by default now. ``forecast`` asks how a model is expected to do on the batch. ``trusted``
    are fingerprints of signers; without any, every signature that holds is taken. ``apart`` trains
    a model that tells the batch from the released rows, and says by which columns. ``recipe`` is
    the one that the release was made by, where the batch has rows as the source has them.
    """

    state: Path | None = None
    against: Against = "released"
    workspace: Path | None = None
    tolerance: float | None = None
    at: datetime | None = None
    name: str = "batch"
    forecast: Forecast | None = None
    trusted: tuple[str, ...] = ()
    apart: bool = False
    recipe: Path | None = None


class MonitorLine(Document):
    """One column: drifted, stable, or not to be told at this size of batch.

    ``rests`` says which claims rest on it, or that it is the target.
    """

    column: str
    says: Literal["drifted", "stable", "cannot tell"]
    value: float | None
    low: float | None
    high: float | None
    what: str
    rests: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, str, str, str, str, str]:
        """The line as a row of a table."""
        rests = "; ".join(self.rests)
        if self.value is None:
            return self.column, self.says, "", "", self.what, rests
        interval = f"[{self.low:.3f}, {self.high:.3f}]"
        return self.column, self.says, f"{self.value:.3f}", interval, self.what, rests


class Monitored(Document):
    """All columns of the batch, and what all looks say together.

    Columns that claims rest on come first, and of these and of the others those that drifted.

    ``note`` says so where the release is no longer in force, and ``taken`` through which steps the
    batch was taken first.
    """

    release: str
    n: int
    threshold: float
    drifted: bool
    summary: str
    lines: tuple[MonitorLine, ...]
    watched: Watched
    performance: Performance | None = None
    apart: ToldApart | None = None
    note: str = ""
    taken: str = ""


def monitor(
    release: Path, batch: pl.DataFrame, *, threshold: float, watching: Watching | None = None
) -> Monitored:
    """Compare ``batch`` with the release in this folder, after verifying it.

    Raises
    ------
    IntegrityError
        When the release does not verify, or is not by a signer that is trusted: nothing is
        compared with altered rows.
    InputError
        When the batch cannot be the next of its timeline.
    """
    how = watching or Watching()
    made = issued(release)
    if how.trusted and not is_trusted(made.signer, check_trusted(how.trusted)):
        raise IntegrityError(
            f"the release is signed by {made.signer[:16]}, which is not a signer that you trust\n\n"
            "Hint: --trust FINGERPRINT, as whoever issued it told you"
        )
    note = _note(made)
    released, reference = reference_of(release, how.against, how.workspace)
    manifest = sha256((release / MANIFEST).read_bytes())
    looks = [] if how.state is None else read_looks(how.state)
    digest = _digest(batch)
    batch, taken = _taken(batch, how.recipe, release, [c.name for c in released.columns])
    seen = Batch(frame=batch, name=how.name, digest=digest, at=_time(how.at))
    tolerance = tolerance_of(looks, how.against) if how.tolerance is None else how.tolerance
    timeline = Timeline(release=manifest, against=how.against, tolerance=tolerance)
    look = look_at(released, seen, timeline, looks)
    if how.state is not None:
        check_next(how.state, look, looks)
    together = watched(reference, [*looks, look], tolerance=tolerance, layout=released)
    few = batch.height < FEWEST
    lines = [
        _line(d, threshold, released.rests_on(d.column), few=few) for d in compare(reference, batch)
    ]
    order = {"drifted": 0, "cannot tell": 1, "stable": 2}
    lines.sort(key=lambda line: (not line.rests, order[line.says], -(line.value or 1.0)))
    counts = {says: sum(line.says == says for line in lines) for says in order}
    found = Monitored(
        release=str(release),
        n=batch.height,
        threshold=threshold,
        drifted=counts["drifted"] > 0,
        summary=f"{counts['drifted']} drifted, {counts['stable']} stable, {counts['cannot tell']} "
        f"cannot be told with {batch.height:,} rows",
        lines=tuple(lines),
        watched=together,
        performance=None
        if how.forecast is None
        else estimate_performance(release, batch, how.forecast),
        apart=told_apart(release, released, batch) if how.apart else None,
        note=note,
        taken=taken,
    )
    if how.state is not None:  # last: what fails before is asked again, and nothing was seen yet
        take_in(how.state, look, looks, together)
    return found


def reference_of(
    release: Path, against: Against, workspace: Path | None = None
) -> tuple[Sketch, Sketch]:
    """Return the sketch of the released rows, and the one that batches are held against.

    Raises
    ------
    InputError
        When it is the sealed sketch of the real rows, and the workspace that keeps it is not here.
    """
    files = Folder(release)
    released = Sketch.parse(files["sketch.json"])
    if against == "released":
        return released, released
    home = release.resolve().parent.parent
    place = workspace or (home if (home / "ledger.db").exists() else None)
    if place is None:
        raise InputError(
            "the sketch of the real rows is sealed in the workspace that issued the release\n\n"
            "Hint: --workspace FOLDER, or --against released"
        )
    return released, world_of(workspace_at(place), _provenance(release).candidate)


def tolerance_of(looks: Sequence[Look], against: Against) -> float:
    """Return the tolerance that a timeline is looked at with, or the usual one."""
    said = looks[-1].tolerance if looks else ""
    return float(said) if said else TOLERANCE[against]


def _taken(
    batch: pl.DataFrame, recipe: Path | None, release: Path, columns: Sequence[str]
) -> tuple[pl.DataFrame, str]:
    if not batch.height:
        return batch, ""
    if recipe is None:
        found = without_removed(batch, _provenance(release), columns)
        return found.frame, found.words
    files = Folder(release)
    rows = min(p for p in files if p.startswith("data/") and p.endswith(".parquet"))
    released = pl.read_parquet(files.file(rows))
    found = taken_as_released(batch, recipe, _provenance(release), released)
    return found.frame, found.words


def _provenance(release: Path) -> Provenance:
    raw = Folder(release)["attestations/provenance.dsse.json"]
    return Provenance.parse(read_statement(payload_of(raw), "provenance")[1])


def _note(release: Issued) -> str:
    try:
        check_in_force(release, today=datetime.now(UTC).date())
    except NotApprovedError as error:
        return str(error).partition("\n")[0]
    return ""


def _digest(batch: pl.DataFrame) -> str:
    """Return a digest of the rows that does not depend on their order, or on that of columns."""
    names = sorted(batch.columns)
    words = batch.select(pl.col(n).cast(pl.String) for n in names).sort(names)
    raw = io.BytesIO()
    words.write_csv(raw)
    return sha256(raw.getvalue())


def _time(at: datetime | None) -> str:
    now = datetime.now(UTC)
    when = now if at is None else at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    if when > now + timedelta(days=1):
        raise InputError(
            f"the batch is of {when.isoformat(timespec='seconds')}, which is yet to come: no batch "
            "could follow it\n\nHint: is the clock right? --at gives the time of a batch, UTC"
        )
    return when.isoformat(timespec="seconds")


def _line(d: Difference, threshold: float, rests: tuple[str, ...], *, few: bool) -> MonitorLine:
    if d.found != "compared":
        what = {
            "gone": "the batch has no such column",
            "new": "the release has no such column",
            "retyped": "values of another type than in the release",
        }[d.found]
        return MonitorLine(
            column=d.column,
            says="drifted",
            value=None,
            low=None,
            high=None,
            what=what,
            rests=rests,
        )
    found = distance_interval(d.distance, d.spread, d.variance)
    says: Literal["drifted", "stable", "cannot tell"] = "cannot tell"
    if not few and found.low > threshold:
        says = "drifted"
    elif not few and found.high <= threshold:
        says = "stable"
    return MonitorLine(
        column=d.column,
        says=says,
        value=found.value,
        low=found.low,
        high=found.high,
        what=_what(d),
        rests=rests,
    )


def _what(d: Difference) -> str:
    said = []
    if d.unseen:
        said.append(f"never seen before: {', '.join(d.unseen[:5])}")
    if d.times:
        size = f"{d.times:,.0f}" if d.times >= _LARGE else f"{d.times:.2g}"
        said.append(f"the middle value is about {size} times what it was: another unit?")
    if not math.isclose(d.missing, 0.0, abs_tol=0.005):
        said.append(f"missing values {d.missing:+.1%}")
    return "; ".join(said)
