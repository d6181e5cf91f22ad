"""Run: all stages in order; every step is in the ledger, and a killed run goes on where it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.core.actor import Actor
from assaymark.core.document import sha256
from assaymark.core.time_limit import check_limit, why_unlimited
from assaymark.decide.fitness import matrix_of
from assaymark.errors import AssaymarkError
from assaymark.flow.decide.descent import beyond, notices_of_descent
from assaymark.flow.decide.held_back import held_back
from assaymark.flow.decide.look import Look
from assaymark.flow.decide.people import second_person
from assaymark.flow.decide.ready import waits_for
from assaymark.flow.decide.story import policy_late, questions_late
from assaymark.flow.decide.waivers import in_force
from assaymark.flow.evaluate.earlier import earlier_of
from assaymark.flow.generate.attempt import Making, obtain
from assaymark.flow.generate.fit import read_rows, why_never
from assaymark.flow.generate.generator import version_of
from assaymark.flow.job import Job, Options, Ran
from assaymark.flow.outcome import Outcome, verdict_rows
from assaymark.flow.progress import silent
from assaymark.flow.release.history import commit_policy
from assaymark.flow.release.intact import check_intact
from assaymark.flow.release.publish import publish
from assaymark.flow.release.split_key import split_commitment
from assaymark.flow.report.crossfit_words import notices_of
from assaymark.flow.report.learning import leaking
from assaymark.flow.report.model_words import said_of
from assaymark.flow.source.alike import alike
from assaymark.flow.source.parents import ancestry, check_circle
from assaymark.flow.source.population import attempts_at, openings_of
from assaymark.flow.source.queries import asked_of
from assaymark.flow.source.read import prepare
from assaymark.flow.source.undeclared import undeclared
from assaymark.release.pages.privacy_words import proved
from assaymark.store.workspace import Workspace

if TYPE_CHECKING:
    from assaymark.core.waiver import Waiver
    from assaymark.flow.decide.verdicts import Decision
    from assaymark.flow.generate.attempt import Attempt
    from assaymark.flow.outcome import VerdictRow
    from assaymark.flow.progress import Progress
    from assaymark.flow.source.read import Prepared

__all__ = ["run"]


def run(job: Job, options: Options, progress: Progress = silent) -> Outcome:
    """Do all stages of ``job`` in one workspace and return what came of it.

    The workspace is locked for the whole run. A run that was killed is taken up where it was:
    the candidate and the evidence that are there are used again.
    """
    check_limit(options.time_limit)
    workspace = Workspace.open(options.workspace)
    with workspace.lock():
        check_intact(workspace)
        actor = Actor(key=workspace.key().fingerprint)
        name = job.recipe.name
        begun = {"recipe": sha256(job.recipe_bytes), "policy": sha256(job.policy_bytes)}
        asked = {"questions": job.recipe.questions.identity} if job.recipe.questions else {}
        split = {"split": split_commitment(workspace)}
        workspace.ledger.append("run.started", name, {**begun, **asked, **split}, actor)
        commit_policy(workspace, begun["policy"], actor)
        try:
            outcome = _run(workspace, job, options, progress)
        except (AssaymarkError, KeyboardInterrupt) as error:
            workspace.ledger.append("run.failed", name, {"error": type(error).__name__}, actor)
            raise
        ended: dict[str, object] = {use: status.value for use, status in outcome.uses.items()}
        workspace.ledger.append("run.ended", name, {"uses": ended}, actor)
    return outcome


def _run(workspace: Workspace, job: Job, options: Options, progress: Progress) -> Outcome:
    progress("source", f"{job.frame.height:,} rows, {job.frame.width} columns", 0.2)
    descent = ancestry(job.parents, job.frame.height)
    for said in beyond(descent, job.policy):
        progress("source", f"the rows cannot be released: {said}", 1.0)
    prepared = prepare(job.frame, job.recipe, workspace.secret("split"))
    check_circle(job.parents, prepared.commitment)
    progress("source", "typed, transformed and split by " + prepared.parts.unit, 1.0)
    asked = asked_of(workspace, prepared)
    source = (prepared.commitment, job.frame)
    mixed = undeclared(workspace, source, job.parents, asked.actor)
    same_people = alike(workspace, asked.population, prepared.prints)
    making = Making(recipe=job.recipe, prepared=prepared, asked=asked, seed=options.seed)
    attempt = obtain(workspace, making, progress, fresh=options.fresh)
    schema = prepared.parts.train.schema
    synthetics = tuple(read_rows(raw, schema) for raw in attempt.candidate.files)
    earlier = earlier_of(workspace, prepared, candidate=attempt.candidate.digest)
    threat = earlier.threat(job.recipe.threat.profile)
    policy = workspace.put(job.policy_bytes)
    waived = in_force(workspace, attempt.candidate.digest, policy)
    look = Look(
        job=job,
        parts=prepared.parts,
        attempt=attempt,
        synthetics=synthetics,
        earlier=earlier,
        threat=threat,
        asked=asked,
        time_limit=options.time_limit,
        progress=progress,
        waivers=tuple(w for w, _ in waived),
    )
    decision = look.decided(confirm=options.confirm)
    reviewed = second_person(workspace)
    ran = Ran(
        job=job,
        prepared=prepared,
        attempt=attempt,
        decision=decision,
        earlier=earlier,
        ancestry=descent,
        generator=version_of(job.recipe.generate),
        threat=threat,
        synthetics=synthetics,
        attempts=len(attempts_at(workspace, asked.population)),
        openings=len(openings_of(workspace, asked.population)),
        randomness="secret root" if options.seed is None else f"public seed {options.seed}",
        notices=(
            *proved(attempt.candidate.privacy),
            *notices_of(prepared, decision, private=attempt.candidate.privacy is not None),
            *(_waived(w) for w, _ in waived),
            *earlier.notices,
            *notices_of_descent(descent),
            *mixed.notices,
            *same_people,
            *_notices(job, prepared, options, reviewed=reviewed),
            *leaking(decision.development.assessment.measurements if decision.development else ()),
            *said_of(attempt.candidate.summary),
        ),
        blocked=(
            *filter(None, (_never(attempt), *_late(workspace, attempt, decision, job))),
            *beyond(descent, job.policy),
            *mixed.found,
            *held_back(workspace, job, decision, synthetics[0], reviewed=reviewed),
        ),
        reviewed=reviewed,
        waivers=waived,
        now=datetime.now(UTC),
    )
    release, report = publish(ran, asked, progress)
    due = "approved" in decision.uses.values() and not (release or ran.blocked)
    waiting = waits_for(workspace, attempt.candidate.digest) if due else ()
    return _outcome(ran, release, report, waiting)


def _waived(w: Waiver) -> str:
    return (
        f"Rule {w.rule!r} is waived until {w.expires} by {w.role.replace('_', ' ')}: {w.reason}. "
        f"Instead: {w.control}."
    )


def _outcome(ran: Ran, release: Path | None, report: Path, waiting: tuple[str, ...]) -> Outcome:
    decision = ran.decision
    rows: tuple[VerdictRow, ...] = ()
    for stage in decision.stages:
        shown = stage is decision.development or stage.judgement.approved
        rows += verdict_rows(stage.judgement.verdicts, stage.name, numbers=shown)
    return Outcome(
        command="run",
        name=ran.job.recipe.name,
        uses=decision.uses,
        fitness=matrix_of(decision.cells),
        policy=ran.job.policy.name,
        policy_digest=sha256(ran.job.policy_bytes),
        profile=ran.job.policy.profile.value,
        candidate=ran.attempt.candidate.digest,
        verdicts=rows,
        notices=ran.notices,
        blocked=ran.blocked,
        waiting=waiting,
        attempts=ran.attempts,
        earlier=ran.earlier.together,
        release=None if release is None else str(release),
        report=str(report),
    )


def _never(attempt: Attempt) -> str:
    made = attempt.candidate
    return why_never(str(made.generator["name"]), holds_records=made.holds_records)


def _late(workspace: Workspace, attempt: Attempt, decision: Decision, job: Job) -> tuple[str, ...]:
    """Say that policy or questions came too late, where that keeps a use from its release."""
    if "approved" not in decision.uses.values():
        return ()
    candidate, recipe = attempt.candidate.digest, job.recipe
    return (
        policy_late(workspace, candidate, sha256(job.policy_bytes)),
        questions_late(workspace, candidate, recipe.name, recipe.questions.identity),
    )


def _notices(job: Job, prepared: Prepared, options: Options, *, reviewed: bool) -> tuple[str, ...]:
    said = [*prepared.notices, *filter(None, (why_unlimited(),))]
    if options.seed is not None:
        said.append(
            f"Made with the public seed {options.seed}: anyone who knows it can repeat the random "
            "draws. Leave --seed out for anything that is handed on."
        )
    if not (reviewed or job.policy.require_second_person):
        said.append("Self-attested: no second person has reviewed this decision.")
    return tuple(said)
