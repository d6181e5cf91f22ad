"""Reassess: attacks that are newer than a release, run on the people who were sealed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from assaymark.core.document import Document, sha256
from assaymark.core.evidence import Evidence
from assaymark.core.streams import Streams
from assaymark.core.time_limit import LIMIT
from assaymark.decide.gate import judge
from assaymark.decide.policy import parse_policy
from assaymark.decide.verdict import Verdict
from assaymark.decide.watch import Seen
from assaymark.errors import DataError, InputError, NotApprovedError, RecipeError
from assaymark.evaluate.versions import attack_versions
from assaymark.flow.decide.look import Look
from assaymark.flow.evaluate.earlier import earlier_of
from assaymark.flow.generate.attempt import Attempt, sealed_root
from assaymark.flow.generate.fit import Candidate, read_rows
from assaymark.flow.job import read_job
from assaymark.flow.monitor.act import act
from assaymark.flow.progress import silent
from assaymark.flow.release.recall import of_workspace, standing_of
from assaymark.flow.source.queries import asked_of
from assaymark.flow.source.read import prepare
from assaymark.release.envelope import payload_of
from assaymark.release.predicates import Decided
from assaymark.release.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assaymark.flow.progress import Progress
    from assaymark.flow.release.issued import Issued
    from assaymark.store.workspace import Workspace

__all__ = ["Reassessed", "VerdictChange", "newer_attacks", "reassess"]

_BADNESS = (Verdict.PASS, Verdict.WAIVED, Verdict.INCONCLUSIVE, Verdict.NOT_RUN, Verdict.FAIL)
Told = Literal["unchanged", "advisory", "nothing newer", "not possible"]


class VerdictChange(Document):
    """A rule that judges otherwise by the newer attack, on the subject that is worst now."""

    rule: str
    title: str
    subject: str
    before: str
    now: str
    why: str

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The change as a row of a table."""
        return self.rule, self.subject, self.before, self.now, self.why


class Reassessed(Document):
    """What came of attacking a release again; ``why`` says what was in the way, if anything was.

    ``suite`` is what it was attacked with when it was decided upon, ``attacks`` which were run
    again, ``signed`` what was signed for it.
    """

    name: str
    suite: str
    attacks: tuple[str, ...]
    told: Told
    why: str
    changes: tuple[VerdictChange, ...]
    signed: tuple[str, ...]
    standing: str


def newer_attacks(workspace: Workspace, candidate: str) -> tuple[str, ...]:
    """Return the attacks whose version is not that of the evidence the release was decided by.

    Where the ledger does not say which versions these were, all are newer.
    """
    entries = workspace.ledger.entries(kind="evidence", subject=candidate)
    sealed = [e for e in entries if e.body["stage"] != "development"]
    then = sealed[-1].body.get("attacks") if sealed else None
    known = then if isinstance(then, dict) else {}
    again = workspace.ledger.entries(kind="reassessed", subject=candidate)
    for e in again:
        known = {**known, **(e.body["attacks"] if isinstance(e.body["attacks"], dict) else {})}
    return tuple(n for n, version in attack_versions().items() if known.get(n) != version)


def reassess(
    workspace: Workspace,
    name: str,
    recipes: Sequence[Path],
    *,
    every: bool = False,
    time_limit: float = LIMIT,
    progress: Progress = silent,
) -> Reassessed:
    """Run what is newer on the people who were sealed for a release; sign where a verdict falls.

    It needs the table as it was, whose recipe is among ``recipes``, and the secrets of the
    workspace. The look at the sealed people is recorded and not counted: it can only take an
    approval away. ``every`` runs attacks that are no newer, too.

    Raises
    ------
    UnknownNameError
        When the workspace issued no such release.
    """
    release = of_workspace(workspace, name)
    suite = _sealed_evidence(release).suite
    only = tuple(attack_versions()) if every else newer_attacks(workspace, release.made.candidate)
    if not only:
        return _told(workspace, release, suite, (), "nothing newer", "")
    try:
        with workspace.lock():
            look = _look(workspace, release, recipes, only, time_limit, progress)
            before = _sealed_evidence(release)
            found = look.again().evidence
    except (InputError, DataError, RecipeError, NotApprovedError) as error:
        return _told(workspace, release, suite, only, "not possible", str(error).split("\n")[0])
    changes = tuple(_changes(release, before, found, only))
    versions = attack_versions()
    body = {
        "release": release.manifest,
        "attacks": {n: versions[n] for n in only},
        "evidence": sha256(found.canonical()),
        "changes": [f"{c.rule}: {c.before} to {c.now}" for c in changes],
    }
    workspace.ledger.append("reassessed", release.made.candidate, body, look.asked.actor)
    seen = tuple(_seen(changes))
    method = f"assaymark release reassess, {len(only)} attacks, decided with {suite}"
    signed = act(workspace, name, seen, method, shipped=True).signed if seen else ()
    told: Told = "advisory" if seen else "unchanged"
    return _told(workspace, release, suite, only, told, "", changes, signed)


def _told(  # noqa: PLR0913, PLR0917
    workspace: Workspace,
    release: Issued,
    suite: str,
    attacks: tuple[str, ...],
    told: Told,
    why: str,
    changes: tuple[VerdictChange, ...] = (),
    signed: tuple[str, ...] = (),
) -> Reassessed:
    return Reassessed(
        name=release.folder.name,
        suite=suite,
        attacks=attacks,
        told=told,
        why=why,
        changes=changes,
        signed=signed,
        standing=standing_of(workspace, release).words,
    )


def _decided(release: Issued) -> Decided:
    raw = (release.folder / "attestations/decision.dsse.json").read_bytes()
    return Decided.parse(read_statement(payload_of(raw), "decision")[1])


def _sealed_evidence(release: Issued) -> Evidence:
    stage = _decided(release).stages[-1].stage
    return Evidence.parse((release.folder / f"evidence/{stage}.json").read_bytes())


def _look(
    workspace: Workspace,
    release: Issued,
    recipes: Sequence[Path],
    only: tuple[str, ...],
    time_limit: float,
    progress: Progress,
) -> Look:
    root = sealed_root(workspace, release.made.candidate)
    if root is None:
        raise InputError("what was sealed for it is gone, or it was made elsewhere")
    if not recipes:
        raise InputError("the real rows are not kept in a workspace: --recipe names their recipe")
    policy = release.folder / "policy.toml"
    said = "no recipe given leads to the table and split that it was made of"
    for recipe in recipes:
        job = read_job(recipe, policy_path=policy, workspace=workspace.path)
        prepared = prepare(job.frame, job.recipe, workspace.secret("split"))
        if prepared.parts.commitment != release.made.split_commitment:
            continue
        files = [f.path for f in release.files if f.path.endswith(".parquet")]
        raw = tuple((release.folder / p).read_bytes() for p in sorted(files, key=_in_order))
        made = Candidate(
            files=raw, summary={}, generator={}, holds_records=False, seconds=(0.0, 0.0)
        )
        schema = prepared.parts.train.schema
        earlier = earlier_of(workspace, prepared, candidate=release.made.candidate)
        return Look(
            job=job,
            parts=prepared.parts,
            attempt=Attempt(candidate=made, streams=Streams(root), reused=True),
            synthetics=tuple(read_rows(f, schema) for f in raw),
            earlier=earlier,
            threat=earlier.threat(job.recipe.threat.profile),
            asked=asked_of(workspace, prepared),
            time_limit=time_limit,
            progress=progress,
            only=only,
        )
    raise InputError(said)


def _in_order(path: str) -> tuple[int, str]:
    return len(path), path


def _changes(
    release: Issued, before: Evidence, found: Evidence, only: Sequence[str]
) -> Iterator[VerdictChange]:
    """Yield the rules that are worse than they were, each once."""
    policy = parse_policy((release.folder / "policy.toml").read_bytes())
    uses, candidate = release.released.approved, release.made.candidate
    kept = [m for m in before.measurements if m.metric.partition(".")[0] not in only]
    new = [m for m in found.measurements if m.metric.partition(".")[0] in only]
    merged = before.model_copy(update={"measurements": (*kept, *new)})
    then = judge(policy, before, uses, candidate=candidate).verdicts
    now = judge(policy, merged, uses, candidate=candidate).verdicts
    for rule in policy.rule:
        if rule.metric.partition(".")[0] not in only:
            continue
        old = [v for v in then if v.rule.id == rule.id]
        again = [v for v in now if v.rule.id == rule.id]
        if not again:
            continue
        worst = max(again, key=lambda v: _BADNESS.index(v.verdict))
        was = max((v.verdict for v in old), key=_BADNESS.index, default=Verdict.PASS)
        if _BADNESS.index(worst.verdict) > _BADNESS.index(was):
            yield VerdictChange(
                rule=rule.id,
                title=rule.title,
                subject=worst.measurement.subject,
                before=was.value,
                now=worst.verdict.value,
                why=worst.reason,
            )


def _seen(changes: Sequence[VerdictChange]) -> Iterator[Seen]:
    """Yield what a policy may act on; an attack that could not be run shows nothing."""
    for c in changes:
        words = f"by a newer attack {c.rule!r} is {c.now} instead of {c.before}"
        subject = f"rule:{c.rule}"
        if c.now == Verdict.FAIL:
            yield Seen(observe="attack_succeeds", subject=subject, size=1.0, words=words)
        elif c.now == Verdict.INCONCLUSIVE:
            yield Seen(observe="attack_open", subject=subject, size=1.0, words=words)
