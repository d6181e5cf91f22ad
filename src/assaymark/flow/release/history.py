"""History: which entries of the ledger a release shows, so that others can check their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.actor import Actor
from assaymark.core.document import sha256
from assaymark.errors import NotApprovedError
from assaymark.release.approved import APPROVALS, DECISION
from assaymark.release.history import ATTEMPT, DECIDED, EVALUATED, OPENED, POLICY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.core.entry import Entry
    from assaymark.store.ledger import Event
    from assaymark.store.workspace import Workspace

__all__ = ["attempt_event", "commit_policy", "shown_entries", "write_decision"]


def commit_policy(workspace: Workspace, policy: str, actor: Actor) -> None:
    """Enter the digest of a policy, once, before anything is measured for it."""
    if not workspace.ledger.entries(kind=POLICY, subject=policy):
        workspace.ledger.append(POLICY, policy, {}, actor)


def attempt_event(workspace: Workspace, candidate: str, population: str) -> list[Event]:
    """Return what is to be entered of a candidate, unless it is an attempt already."""
    made = _attempts(workspace, population)
    if candidate in {e.subject for e in made}:
        return []
    return [(ATTEMPT, candidate, {"population": population, "attempt": len(made) + 1})]


def write_decision(workspace: Workspace, files: Mapping[str, bytes], candidate: str) -> None:
    """Enter a signed decision, once."""
    digest = sha256(files[DECISION])
    if not workspace.ledger.entries(kind=DECIDED, subject=digest):
        actor = Actor(key=workspace.key().fingerprint)
        body = {"candidate": candidate, "policy": sha256(files["policy.toml"])}
        workspace.ledger.append(DECIDED, digest, body, actor)


def shown_entries(workspace: Workspace, files: Mapping[str, bytes], candidate: str) -> list[Entry]:
    """Return what a release rests on: policy, attempts, openings, evaluations, decision, approvals.

    Of attempts and openings only those before the decision: later ones are not in its provenance.

    Raises
    ------
    NotApprovedError
        When an assaymark that entered no such things evaluated these rows.
    """
    ledger = workspace.ledger
    decided = ledger.entries(kind=DECIDED, subject=sha256(files[DECISION]))[:1]
    evidence = {sha256(raw) for path, raw in files.items() if path.startswith("evidence/")}
    signed = [sha256(raw) for path, raw in files.items() if path.startswith(APPROVALS)]
    measured = {
        str(e.body["evidence"]): e
        for e in reversed(ledger.entries(kind=EVALUATED, subject=candidate))
        if e.body["evidence"] in evidence
    }
    if set(measured) != evidence:
        raise NotApprovedError(
            "the ledger does not show when these rows were evaluated: an earlier assaymark did\n\n"
            "Hint: run with --fresh, which makes a new attempt"
        )
    people = {e.body["population"] for e in ledger.entries(kind=ATTEMPT, subject=candidate)}
    tried = [e for kind in (ATTEMPT, OPENED) for e in ledger.entries(kind=kind)]
    return [
        *ledger.entries(kind=POLICY, subject=sha256(files["policy.toml"]))[:1],
        *(e for e in tried if e.body["population"] in people and e.index < decided[0].index),
        *measured.values(),
        *decided,
        *(e for d in signed for e in ledger.entries(kind="statement", subject=d)[:1]),
    ]


def _attempts(workspace: Workspace, population: str) -> list[Entry]:
    entries = workspace.ledger.entries(kind=ATTEMPT)
    return [e for e in entries if e.body["population"] == population]
