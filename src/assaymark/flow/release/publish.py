"""Publish: write the signed release, or put the rows into quarantine, and the report either way."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING

from assaymark import __version__
from assaymark.core.document import sha256
from assaymark.core.reliance import reliances
from assaymark.decide.fitness import matrix_of
from assaymark.decide.verdict import UseStatus
from assaymark.decide.version import GATE
from assaymark.errors import NotApprovedError
from assaymark.flow.decide.ready import enter_release, make_ready, ready_called, release_ready
from assaymark.flow.decide.story import check_story
from assaymark.flow.generate.generator import approval_of
from assaymark.flow.generate.row_files import csv_of
from assaymark.flow.release.documents import released_documents
from assaymark.flow.release.kept import keep_people
from assaymark.flow.release.world import crossed_of, keep_world
from assaymark.flow.report.page import run_content
from assaymark.flow.source.lineage import lineage_of
from assaymark.flow.source.queries import queries_of
from assaymark.monitor.sketch import Sketch, sketch
from assaymark.release.approved import DECISION, WORDS
from assaymark.release.build import ReleaseContents, build, contents
from assaymark.release.documents.card import account_of
from assaymark.release.pages.report import render
from assaymark.release.predicates import (
    RECIPE_ONLY,
    CrossFitDecided,
    Decided,
    Provenance,
    StageDecided,
    Step,
)
from assaymark.release.review import review_text
from assaymark.source.band import band
from assaymark.source.folds import FOLDS, Folds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import JsonValue

    from assaymark.core.dataset import Dataset
    from assaymark.flow.decide.verdicts import StageDecision
    from assaymark.flow.job import Ran
    from assaymark.flow.progress import Progress
    from assaymark.flow.source.queries import Asked
    from assaymark.release.pages.report_content import ReportContent
    from assaymark.store.workspace import Workspace

__all__ = ["publish"]


def publish(ran: Ran, asked: Asked, progress: Progress) -> tuple[Path | None, Path]:
    """Return where the release is, if one was due, and where the report is.

    A release is due when a use is approved and nothing blocks it. Everything is written as a
    whole or not at all, and the ledger's entry comes last.
    """
    workspace, actor = asked.workspace, asked.actor
    due = UseStatus.APPROVED in ran.decision.uses.values() and not ran.blocked
    progress("release", "writing the report", 0.2)
    name = _folder(ran)
    confirmed = ran.decision.confirmation
    body: dict[str, JsonValue] = {
        "uses": {use: status.value for use, status in ran.decision.uses.items()},
        "name": name,
        "recipe": ran.job.recipe.name,
        "policy": sha256(ran.job.policy_bytes),
        "verdicts": 0 if confirmed is None else len(confirmed.judgement.verdicts),
    }
    if parents := [t.release.manifest for t in ran.job.parents]:
        body["parents"] = list(parents)
    if due and confirmed is not None:
        body["confirmed"] = sha256(confirmed.assessment.evidence.canonical())
    asked.record("report", "pictures of columns and groups", ("train",))
    crossed = isinstance(ran.prepared.parts, Folds)
    content = run_content(ran, queries_of(asked, body, crossed=crossed), released=due)
    page = render(content)
    report = workspace.write(f"reports/{name}.html", page)
    if not due:
        where = _quarantine(workspace, ran, name)
        body |= {"blocked": list(ran.blocked), "report": report.name}
        workspace.ledger.append("refusal", ran.attempt.candidate.digest, body, actor)
        progress("release", f"none; the rows are in {where.name} of the quarantine", 1.0)
        return None, report
    progress("release", "signing", 0.6)
    made = _contents(workspace, ran, page, content)
    digest = ran.attempt.candidate.digest
    keep_people(workspace, digest, ran.prepared, ran.synthetics[0])
    keep_world(workspace, digest, ran, Sketch.parse(made.sketch))
    if ran.reviewed:
        files = contents(made)
        words = review_text(content, ran.job.recipe.source.rights, sha256(files[DECISION]))
        ready = {**files, WORDS: words.encode()}
        make_ready(workspace, name, ready, {**body, "title": ran.job.recipe.name}, digest)
        progress("release", "ready, and waits for people", 1.0)
        return _released(workspace, name), report
    whole = build(made)
    check_story(workspace, digest, whole)
    folder = enter_release(workspace, name, whole, body, digest)
    progress("release", "signed", 1.0)
    return folder, report


def _released(workspace: Workspace, name: str) -> Path | None:
    """Return the release of a decision that enough people approved already, if so."""
    try:
        ready = ready_called(workspace, name)
    except NotApprovedError:
        return None  # nobody may sign now; `waits_for` tells the outcome why
    return None if ready.missing else release_ready(workspace, ready)


def _folder(ran: Ran) -> str:
    """Name the folder for what was decided: the same decision again finds it there."""
    job = ran.job
    parts = [ran.attempt.candidate.digest, sha256(job.policy_bytes), job.recipe.digest()]
    parts += [f"{u}={s.value}" for u, s in sorted(ran.decision.uses.items())]
    parts += ran.earlier.together
    parts += [sha256(raw) for _, raw in ran.waivers]
    parts += ["affects rights"] * job.recipe.use.affects_rights
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in job.recipe.name)[:60]
    return f"{safe or 'run'}-{sha256(' '.join(parts).encode())[:8]}"


def _quarantine(workspace: Workspace, ran: Ran, name: str) -> Path:
    reasons = {
        "uses": {use: status.value for use, status in ran.decision.uses.items()},
        "blocked": list(ran.blocked),
        "candidate": ran.attempt.candidate.digest,
    }
    files = {f"synthetic-{i + 1}.parquet": raw for i, raw in enumerate(ran.attempt.candidate.files)}
    note = "QUARANTINE: these rows were not released. Do not hand them on.\n"
    files["QUARANTINE.txt"] = (note + json.dumps(reasons, indent=2) + "\n").encode()
    return workspace.write_folder(f"quarantine/{name}", files)


def _contents(
    workspace: Workspace, ran: Ran, page: bytes, content: ReportContent
) -> ReleaseContents:
    candidate, decision, key = ran.attempt.candidate, ran.decision, workspace.key()
    evidence: dict[str, bytes] = {
        s.name: s.assessment.evidence.canonical() for s in decision.stages
    }
    threat, rows = ran.threat.canonical(), ran.synthetics[0]
    return ReleaseContents(
        parquet=candidate.files,
        csv=tuple(csv_of(raw) for raw in candidate.files),
        policy=ran.job.policy_bytes,
        threat=threat,
        evidence=evidence,
        sketch=_sketched(ran, rows),
        documents=lambda files: released_documents(files, content),
        report=page,
        provenance=_provenance(workspace, ran, account_of(content)),
        decision=_decided(ran, evidence, sha256(threat)),
        public=key.public,
        sign=key.sign,
        waivers=tuple(raw for _, raw in ran.waivers),
        generator=approval_of(workspace, ran.generator) if ran.reviewed else b"",
    )


def _sketched(ran: Ran, rows: Dataset) -> bytes:
    made = sketch(rows.frame, crossed_of(rows.schema))
    relied = reliances(ran.job.recipe.claim, rows.schema)
    return made.model_copy(update={"relied": relied}).canonical()


def _decided(ran: Ran, evidence: Mapping[str, bytes], threat: str) -> Decided:
    decision = ran.decision
    return Decided.model_validate(
        {
            "candidate": ran.attempt.candidate.digest,
            "policy": sha256(ran.job.policy_bytes),
            "threat": threat,
            "uses": {u: s.value for u, s in decision.uses.items()},
            "stages": tuple(_stage(s, sha256(evidence[s.name])) for s in decision.stages),
            "earlier": ran.earlier.together,
            "self_attested": not ran.reviewed,
            "waivers": tuple(sha256(raw) for _, raw in ran.waivers),
            "expires": _ends(ran),
            "affects_rights": ran.job.recipe.use.affects_rights,
            "fitness": matrix_of(decision.cells),
            "gate": GATE,
            "made_at": ran.now.astimezone(UTC).isoformat(timespec="seconds"),
        }
    )


def _ends(ran: Ran) -> str:
    """Return the last day that the terms of the source and the waivers allow."""
    days = [ran.job.recipe.source.rights.expires, *(w.expires for w, _ in ran.waivers)]
    return min((d for d in days if d), default="")


def _stage(stage: StageDecision, evidence: str) -> StageDecided | CrossFitDecided:
    said = {
        "stage": stage.name,
        "evidence": evidence,
        "uses": {u: s.value for u, s in stage.judgement.uses.items()},
    }
    if stage.name == "cross-fit":
        return CrossFitDecided.model_validate({**said, "refits": FOLDS, "about": RECIPE_ONLY})
    return StageDecided.model_validate(said)


def _fitted(ran: Ran) -> int:
    """Return how many persons the generator was fitted to, as far as it may be told."""
    noisy = ran.attempt.candidate.summary.get("rows")
    if ran.attempt.candidate.privacy is not None and isinstance(noisy, int):
        return noisy
    return ran.prepared.parts.train.n_persons


def _provenance(workspace: Workspace, ran: Ran, account: tuple[str, ...]) -> Provenance:
    job, prepared, candidate = ran.job, ran.prepared, ran.attempt.candidate
    parameters = candidate.generator["parameters"]
    made = Provenance(
        name=job.recipe.name,
        title=job.recipe.source.title,
        rights=job.recipe.source.rights,
        labels=tuple(label.source() for label in job.recipe.label),
        source_commitment=prepared.commitment,
        source_rows=band(prepared.n),
        source_persons=band(prepared.n_persons),
        unit=prepared.parts.unit,
        split_commitment=prepared.parts.commitment,
        transformations=tuple(
            Step(
                kind=t.kind,
                columns=t.columns,
                parameters=t.parameters,
                changed=t.changed,
                why=t.why,
            )
            for t in prepared.transformations
        ),
        generator=str(candidate.generator["name"]),
        parameters=json.loads(json.dumps(parameters)),
        rows=ran.synthetics[0].n,
        replicates=len(ran.synthetics),
        fitted_persons=band(_fitted(ran)),
        ancestry=ran.ancestry,
        generator_version=ran.generator,
        lineage=lineage_of(prepared, candidate, ran.generator),
        randomness=ran.randomness,
        candidate=candidate.digest,
        model=sha256(candidate.model) if candidate.model else "",
        attempts=ran.attempts,
        openings=ran.openings,
        software=f"assaymark {__version__}",
        ledger_size=workspace.ledger.size,
        ledger_root=workspace.ledger.root(),
        privacy=candidate.privacy,
    )
    known = made.canonical().decode()
    new = tuple(t for t in account if json.dumps(t, ensure_ascii=False) not in known)
    return made.model_copy(update={"account": new})
