"""Assess: the evidence of a candidate on one holdout, measured once and kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.opening import counted
from assaymark.core.questions import NO_QUESTIONS, Questions
from assaymark.evaluate.versions import attack_versions
from assaymark.flow.evaluate.measure import SUITE, measure
from assaymark.release.history import EVALUATED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assaymark.core.case import Case
    from assaymark.core.entry import Entry
    from assaymark.core.evidence import Stage
    from assaymark.core.streams import Streams
    from assaymark.flow.progress import Progress
    from assaymark.flow.source.queries import Asked
    from assaymark.store.ledger import Event
    from assaymark.store.workspace import Workspace

__all__ = [
    "RECIPE",
    "About",
    "Assessment",
    "Taken",
    "assess",
    "evidence_of",
    "kept",
    "taken_of",
]

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
    """Which candidate is assessed, beside which earlier releases, on which holdout, for whom.

    ``time_limit`` is what one metric may take, in seconds; ``fold`` is for one refit only;
    ``questions`` are the recipe's own. ``only`` names the metrics to measure, by default all;
    such evidence is kept apart, and decides nothing by itself.
    """

    candidate: str
    earlier: tuple[str, ...]
    stage: Stage
    asked: Asked
    time_limit: float
    fold: int | None = None
    questions: Questions = NO_QUESTIONS
    only: tuple[str, ...] = ()

    def record(self, who: str, parts: tuple[str, ...]) -> None:
        """Put into the ledger that ``who`` is about to be given these parts of the real rows."""
        self.asked.record(who, f"{self.stage} evidence", parts)


class Taken(NamedTuple):
    """Measurements, and who was given which part of the real rows for them, once a time."""

    values: tuple[Measurement, ...]
    looks: tuple[tuple[str, str], ...]


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
        about=RECIPE if stage == "cross-fit" else "",
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
    """Return the evidence that is there for these bytes, or measure it and keep it."""
    names = {"holdout": about.stage}
    taken = partial(taken_of, case, streams.child(about.stage), about, names, progress)
    return kept(workspace, about, case.threat.digest(), taken, progress)


def taken_of(
    case: Case,
    streams: Streams,
    about: About,
    names: Mapping[str, str],
    progress: Progress,
) -> Taken:
    """Measure ``case``; each look at real rows is recorded first, parts by their ``names``."""
    looks: list[tuple[str, str]] = []

    def record(who: str, parts: tuple[str, ...]) -> None:
        named = tuple(names.get(p, p) for p in parts)
        about.record(who, named)
        looks.extend((who, p) for p in named)

    values = measure(
        case,
        streams,
        only=about.only,
        person_weighs_one=True,
        time_limit=about.time_limit,
        record=record,
        progress=progress,
    )
    return Taken(values, tuple(looks))


def kept(
    workspace: Workspace,
    about: About,
    threat: str,
    taken: Callable[[], Taken],
    progress: Progress,
) -> Assessment:
    """Return the evidence that is there, or call ``taken`` and keep what it returns.

    Evidence of another suite, stage, fold or threat model, or beside other earlier releases, is
    not used; nor is one in which a metric did not end within less time than it has now.
    """
    name: dict[str, object] = {
        "stage": about.stage,
        "suite": SUITE,
        "threat": threat,
        "earlier": list(about.earlier),
    }
    kind, what = "evidence", f"the {about.stage} evidence"
    if about.only:
        kind, known = "evidence.again", attack_versions()
        name["again"] = {n: known.get(n, "") for n in about.only}
    if about.questions:
        name["questions"] = about.questions.digest()
    if about.fold is not None:
        name["fold"] = about.fold
        kind, what = f"{kind}.fold", f"the evidence of refit {about.fold + 1}"
    for entry in reversed(workspace.ledger.entries(kind=kind, subject=about.candidate)):
        same = all(entry.body.get(k) == v for k, v in name.items())
        if same and not _worth_another_try(entry, about.time_limit):
            progress("evaluate", f"found {what} of an earlier run", 1.0)
            return _read(
                workspace.get(str(entry.body["evidence"])),
                workspace.get(str(entry.body["details"])),
            )
    values, looks = taken()
    found = evidence_of(
        values,
        candidate=about.candidate,
        stage=about.stage,
        earlier=about.earlier,
        looks=looks,
    )
    details = json.dumps([dict(m.details) for m in values]).encode()
    body = {
        **name,
        "attacks": attack_versions(),
        "late": about.time_limit if any("late" in m.details for m in values) else None,
        "evidence": workspace.put(found.evidence.canonical()),
        "details": workspace.put(details),
    }
    public = {"stage": about.stage, "evidence": body["evidence"]}
    events: list[Event] = [(kind, about.candidate, body)]
    if about.fold is None and not about.only:
        events.append((EVALUATED, about.candidate, public))
    workspace.ledger.append_all(events, about.asked.actor)
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
