"""Describe: what single-table metrics say of one table, with nothing to hold it against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from assaymark.core.measurement import Measurement, Quantity
from assaymark.errors import InputError
from assaymark.evaluate import metrics
from assaymark.flow.evaluate.measure import measure, quantities, wanted_metrics
from assaymark.flow.progress import silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.case import Case
    from assaymark.core.streams import Streams
    from assaymark.flow.progress import Progress

__all__ = ["Described", "FoundRow", "check_alone", "describe"]


class FoundRow(BaseModel):
    """One figure of the table; a ``reason`` stands where there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    title: str
    unit: str
    subject: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str


class Described(BaseModel):
    """What was found in one table; no policy judges it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_id: Literal["assaymark/description/v0"] = "assaymark/description/v0"
    command: Literal["evaluate"] = "evaluate"
    name: str
    rows: int
    found: tuple[FoundRow, ...]
    notices: tuple[str, ...] = Field(description="What a reader must know first.")

    @property
    def approved(self) -> bool:
        """False: nothing was asked for that could be approved."""
        return False


def check_alone(only: Sequence[str]) -> list[str]:
    """Return the metrics of ``only`` that describe a table by itself.

    Raises
    ------
    InputError
        When none of them does, or one that was named needs synthetic rows.
    """
    names = wanted_metrics(only) if only else []
    able = [n for n in names if _single(n)]
    named = [n for n in names if n in {o.partition(".")[0] for o in only}]
    unable = [n for n in named if n not in able]
    if unable or not able:
        every = [n for n in metrics.names() if _single(n)]
        what = f"{unable[0]!r} compares" if unable else "an evaluation compares"
        raise InputError(
            f"{what} synthetic rows with real ones, and no synthetic rows were given\n\n"
            "Hint: pass --synthetic; or describe one table with --only fairness, or with one of "
            f"{', '.join(every)}"
        )
    return able


def describe(
    name: str,
    case: Case,
    streams: Streams,
    only: Sequence[str],
    *,
    notices: Sequence[str] = (),
    progress: Progress = silent,
) -> Described:
    """Run the single-table metrics among ``only`` on a case without synthetic rows."""
    known = quantities()
    measured = measure(case, streams, only=check_alone(only), progress=progress)
    return Described(
        name=name,
        rows=case.train.n,
        found=tuple(_row(m, known[m.metric]) for m in measured),
        notices=("One table, described by itself: nothing was judged.", *notices),
    )


def _row(m: Measurement, quantity: Quantity) -> FoundRow:
    return FoundRow(
        metric=m.metric,
        title=quantity.title,
        unit=quantity.unit,
        subject=m.subject,
        value=m.value,
        low=m.low,
        high=m.high,
        n=m.n,
        reason=m.reason,
    )


def _single(name: str) -> bool:
    return bool(getattr(metrics.load(name), "single", False))
