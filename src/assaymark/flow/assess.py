"""Assess: the evidence of a candidate on one holdout, measured once and kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.opening import counted
from assaymark.flow.evaluate import SUITE, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.case import Case
    from assaymark.core.evidence import Stage
    from assaymark.core.streams import Streams
    from assaymark.flow.progress import Progress
    from assaymark.flow.queries import Asked
    from assaymark.store.ledger import Entry
    from assaymark.store.workspace import Workspace

__all__ = ["About", "Assessment", "assess", "evidence_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Evidence as it is signed, and the same measurements with the details pictures need."""

    evidence: Evidence
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which candidate is assessed, beside which earlier releases, on which holdout, for whom.

    ``time_limit`` is what one metric may take, in seconds.
    """

    candidate: str
    earlier: tuple[str, ...]
    stage: Stage
    asked: Asked
    time_limit: float


def evidence_of(
    measurements: tuple[Measurement, ...],
    *,
    candidate: str,
    stage: Stage,
    earlier: tuple[str, ...] = (),
    looks: Sequence[tuple[str, str]] = (),
) -> Assessment:
    """Put measurements of ``candidate`` beside the ``earlier`` releases into evidence.

    ``looks`` has who was given which part of the real rows, once for each time.
    """
    evidence = Evidence.of(
        measurements,
        candidate=candidate,
        stage=stage,
        suite=SUITE,
        earlier=earlier,
        opened=counted(looks),
    )
    return Assessment(evidence=evidence, measurements=measurements)


def assess(
    workspace: Workspace,
    case: Case,
    streams: Streams,
    *,
    about: About,
    progress: Progress,
) -> Assessment:
    """Return the evidence that is there for these bytes, or measure it and keep it.

    Evidence of another suite, stage or threat model, or beside other earlier releases, is not
    used; nor is one in which a metric did not end within less time than it has now.
    """
    name = {
        "stage": about.stage,
        "suite": SUITE,
        "threat": case.threat.digest(),
        "earlier": list(about.earlier),
    }
    for entry in reversed(workspace.ledger.entries(kind="evidence", subject=about.candidate)):
        same = all(entry.body.get(k) == v for k, v in name.items())
        if same and not _worth_another_try(entry, about.time_limit):
            progress("evaluate", f"found the {about.stage} evidence of an earlier run", 1.0)
            return _read(
                workspace.get(str(entry.body["evidence"])),
                workspace.get(str(entry.body["details"])),
            )
    looks: list[tuple[str, str]] = []

    def record(who: str, parts: tuple[str, ...]) -> None:
        named = tuple(about.stage if p == "holdout" else p for p in parts)
        about.asked.record(who, f"{about.stage} evidence", named)
        looks.extend((who, p) for p in named)

    measured = measure(
        case,
        streams.child(about.stage),
        person_weighs_one=True,
        time_limit=about.time_limit,
        record=record,
        progress=progress,
    )
    found = evidence_of(
        measured,
        candidate=about.candidate,
        stage=about.stage,
        earlier=about.earlier,
        looks=looks,
    )
    details = json.dumps([dict(m.details) for m in measured]).encode()
    body = {
        **name,
        "late": about.time_limit if any("late" in m.details for m in measured) else None,
        "evidence": workspace.put(found.evidence.canonical()),
        "details": workspace.put(details),
    }
    workspace.ledger.append("evidence", about.candidate, body, about.asked.actor)
    return found


def _worth_another_try(entry: Entry, time_limit: float) -> bool:
    late = entry.body.get("late")
    return isinstance(late, int | float) and late < time_limit


def _read(evidence: bytes, details: bytes) -> Assessment:
    found = Evidence.parse(evidence)
    return Assessment(
        evidence=found,
        measurements=tuple(
            replace(m, details=d) for m, d in zip(found.values(), json.loads(details), strict=True)
        ),
    )
