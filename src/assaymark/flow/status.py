"""Status: what happened in a workspace, derived by replaying its ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assaymark.core.document import Document, sha256
from assaymark.decide.lifecycle import Status
from assaymark.errors import IntegrityError
from assaymark.flow.decide.ready import waits_for
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.log import workspace_at
from assaymark.flow.release.recall import of_workspace, standing_of
from assaymark.flow.release.verify import verify
from assaymark.flow.source.population import OPENINGS
from assaymark.release.build import MANIFEST, RELEASE
from assaymark.release.envelope import payload_of
from assaymark.release.logged import STATEMENT
from assaymark.release.predicates import Released
from assaymark.release.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from assaymark.core.entry import Entry
    from assaymark.decide.standing import Standing
    from assaymark.store.workspace import Workspace

__all__ = [
    "CandidateStatus",
    "WorkspaceStatus",
    "card_of",
    "check_ledger",
    "entries_of",
    "status_of",
]

_STEPS = {
    "candidate": Status.CANDIDATE,
    "evidence": Status.EVALUATED,
    "refusal": Status.DECIDED,
    "ready": Status.READY,
    "release": Status.RELEASED,
}


_FOLDERS = {"release": "releases", "ready": "ready", "refusal": "quarantine"}


class CandidateStatus(Document):
    """Where one candidate stands."""

    candidate: str
    name: str
    status: Status
    uses: dict[str, str]
    where: str
    next: str = ""

    @property
    def cells(self) -> tuple[str, str, str, str, str, str]:
        """The candidate as a row of a table."""
        said = ", ".join(f"{u} {s}" for u, s in self.uses.items())
        return self.candidate[:12], self.name, self.status.value, said, self.where, self.next


class WorkspaceStatus(Document):
    """All candidates, oldest first, and what else a reader must know."""

    workspace: str
    candidates: tuple[CandidateStatus, ...]
    notices: tuple[str, ...]


def status_of(path: Path) -> WorkspaceStatus:
    """Replay the ledger of the workspace at ``path``."""
    workspace = workspace_at(path)
    entries = workspace.ledger.entries()
    found: dict[str, CandidateStatus] = {}
    for e in entries:
        if e.kind in _STEPS:
            found[e.subject] = _stepped(found.get(e.subject), e)
    now = {subject: _standing(workspace, c, entries) for subject, c in found.items()}
    return WorkspaceStatus(
        workspace=str(path),
        candidates=tuple(
            _with_next(c if (n := now[s]) is None else c.model_copy(update={"status": n.status}))
            for s, c in found.items()
        ),
        notices=(
            *_waiting(workspace, found.values()),
            *(f"{found[s].name} is {n.words}" for s, n in now.items() if n and (n.why or n.stale)),
            *_notices(entries),
        ),
    )


def _with_next(c: CandidateStatus) -> CandidateStatus:
    """Return a candidate with what can be done next, as a command."""
    todo = {
        Status.CANDIDATE: "assaymark run RECIPE",
        Status.EVALUATED: "assaymark run RECIPE",
        Status.DECIDED: f"assaymark review {c.name}",
        Status.READY: f"assaymark review {c.name} --key FILE",
        Status.RELEASED: f"assaymark verify {c.name}",
        Status.CONTESTED: f"assaymark release answer {c.name} FINDING",
        Status.WITHDRAWN: f"assaymark release recall {c.name}",
    }
    return c.model_copy(update={"next": todo.get(c.status, f"assaymark show {c.name}")})


def _waiting(workspace: Workspace, found: Iterable[CandidateStatus]) -> Iterator[str]:
    """Say what every decision that is ready waits for."""
    for c in found:
        if c.status is Status.READY:
            try:
                waits = waits_for(workspace, c.candidate)
            except IntegrityError as error:
                waits = (str(error),)
            yield f"{c.name} waits: {'; '.join(w.partition(chr(10))[0] for w in waits)}"


def card_of(release: Path) -> str:
    """Return the card of a release that verifies.

    Raises
    ------
    IntegrityError
        When the release does not verify.
    """
    found = verify(release, status=False)
    if not found.ok:
        broken = next(c for c in found.checks if c.outcome == "FAILED")
        raise IntegrityError(f"the release does not verify: {broken.title}: {broken.said}")
    return read_release(release)["card.md"].decode()


def entries_of(path: Path, *, kind: str | None = None) -> list[dict[str, Any]]:
    """Return the ledger's entries as plain values."""
    return [e.plain() for e in workspace_at(path).ledger.entries(kind=kind)]


def check_ledger(path: Path) -> dict[str, Any]:
    """Recompute every hash of the ledger and return its size and root."""
    ledger = workspace_at(path).ledger
    ledger.check()
    return {"size": ledger.size, "root": ledger.root()}


def _standing(
    workspace: Workspace, c: CandidateStatus, entries: Iterable[Entry]
) -> Standing | None:
    """Return where a release stands by what was said of it since; None where nothing was."""
    folder = workspace.path / "releases" / c.name
    if c.status is not Status.RELEASED or not (folder / MANIFEST).is_file():
        return None
    manifest = sha256((folder / MANIFEST).read_bytes())
    raw = payload_of((folder / RELEASE).read_bytes())
    expires = Released.parse(read_statement(raw, "release")[1]).expires
    said = any(e.kind == STATEMENT and e.body.get("release") == manifest for e in entries)
    if not said and not expires:
        return None
    return standing_of(workspace, of_workspace(workspace, c.name))


def _stepped(before: CandidateStatus | None, e: Entry) -> CandidateStatus:
    uses = e.body.get("uses")
    name = str(e.body.get("name", "")) or (before.name if before else "")
    folder = _FOLDERS.get(e.kind)
    where = f"{folder}/{name}" if folder else ""
    status = _STEPS[e.kind]
    if before is not None and before.status is Status.RELEASED:
        status = Status.RELEASED
    return CandidateStatus(
        candidate=e.subject,
        name=name,
        status=status,
        uses={str(u): str(s) for u, s in uses.items()}
        if isinstance(uses, dict)
        else (before.uses if before else {}),
        where=where or (before.where if before else ""),
    )


def _notices(entries: list[Entry]) -> tuple[str, ...]:
    said = []
    opened: dict[str, set[str]] = {}
    for e in entries:
        if e.kind == "confirmation.opened":
            opened.setdefault(str(e.body["population"]), set()).add(e.subject)
    said += [
        f"The confirmation holdout of population {population} was opened for {len(subjects)} of "
        f"{OPENINGS} candidates."
        for population, subjects in opened.items()
    ]
    started = sum(e.kind == "run.started" for e in entries)
    ended = sum(e.kind in {"run.ended", "run.failed"} for e in entries)
    if started > ended:
        said.append(
            f"{started - ended} of {started} runs did not end (killed, or running now): start the "
            "same command again to go on."
        )
    return tuple(said)
