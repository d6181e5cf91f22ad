"""Assess: the evidence of a candidate on one holdout, measured once and kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.flow.evaluate import SUITE, measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from assaymark.core.actor import Actor
    from assaymark.core.case import Case
    from assaymark.core.evidence import Stage
    from assaymark.core.streams import Streams
    from assaymark.flow.progress import Progress
    from assaymark.store.workspace import Workspace

__all__ = ["RECIPE", "About", "Assessment", "assess", "evidence_of", "kept"]

RECIPE = (
    "the recipe, measured on refits, each held against people it has not seen; not these exact "
    "rows, but for released_rows"
)
"""What the evidence of a cross-fit is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Evidence as it is signed, and the same measurements with the details pictures need."""

    evidence: Evidence
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which candidate is assessed, on which holdout, for whom; ``fold`` for one refit only."""

    candidate: str
    stage: Stage
    actor: Actor
    fold: int | None = None


def evidence_of(
    measurements: tuple[Measurement, ...], *, candidate: str, stage: Stage
) -> Assessment:
    """Put measurements of ``candidate`` into evidence."""
    about = RECIPE if stage == "cross-fit" else ""
    evidence = Evidence.of(measurements, candidate=candidate, stage=stage, suite=SUITE, about=about)
    return Assessment(evidence=evidence, measurements=measurements)


def assess(
    workspace: Workspace,
    case: Case,
    streams: Streams,
    *,
    about: About,
    progress: Progress,
) -> Assessment:
    """Return the evidence that is there for these bytes, or measure it and keep it."""

    def measured() -> tuple[Measurement, ...]:
        return measure(case, streams.child(about.stage), person_weighs_one=True, progress=progress)

    return kept(workspace, about, case.threat.digest(), measured, progress)


def kept(
    workspace: Workspace,
    about: About,
    threat: str,
    measured: Callable[[], tuple[Measurement, ...]],
    progress: Progress,
) -> Assessment:
    """Return the evidence that is there, or call ``measured`` and keep what it returns.

    Evidence of another suite, stage, fold or threat model is not used.
    """
    name: dict[str, object] = {"stage": about.stage, "suite": SUITE, "threat": threat}
    kind, what = "evidence", f"the {about.stage} evidence"
    if about.fold is not None:
        name["fold"] = about.fold
        kind, what = "evidence.fold", f"the evidence of refit {about.fold + 1}"
    for entry in reversed(workspace.ledger.entries(kind=kind, subject=about.candidate)):
        if all(entry.body[k] == v for k, v in name.items()):
            progress("evaluate", f"found {what} of an earlier run", 1.0)
            return _read(
                workspace.get(str(entry.body["evidence"])),
                workspace.get(str(entry.body["details"])),
            )
    values = measured()
    found = evidence_of(values, candidate=about.candidate, stage=about.stage)
    details = json.dumps([dict(m.details) for m in values]).encode()
    body = {
        **name,
        "evidence": workspace.put(found.evidence.canonical()),
        "details": workspace.put(details),
    }
    workspace.ledger.append(kind, about.candidate, body, about.actor)
    return found


def _read(evidence: bytes, details: bytes) -> Assessment:
    found = Evidence.parse(evidence)
    return Assessment(
        evidence=found,
        measurements=tuple(
            replace(m, details=d) for m, d in zip(found.values(), json.loads(details), strict=True)
        ),
    )
