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
    from assaymark.store.workspace import Workspace

__all__ = ["About", "Assessment", "assess", "evidence_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Evidence as it is signed, and the same measurements with the details pictures need."""

    evidence: Evidence
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which candidate is assessed, beside which earlier releases, on which holdout, for whom."""

    candidate: str
    earlier: tuple[str, ...]
    stage: Stage
    asked: Asked


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
    used.
    """
    name = {
        "stage": about.stage,
        "suite": SUITE,
        "threat": case.threat.digest(),
        "earlier": list(about.earlier),
    }
    for entry in reversed(workspace.ledger.entries(kind="evidence", subject=about.candidate)):
        if all(entry.body.get(k) == v for k, v in name.items()):
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
        "evidence": workspace.put(found.evidence.canonical()),
        "details": workspace.put(details),
    }
    workspace.ledger.append("evidence", about.candidate, body, about.asked.actor)
    return found


def _read(evidence: bytes, details: bytes) -> Assessment:
    found = Evidence.parse(evidence)
    return Assessment(
        evidence=found,
        measurements=tuple(
            replace(m, details=d) for m, d in zip(found.values(), json.loads(details), strict=True)
        ),
    )
