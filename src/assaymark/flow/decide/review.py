"""Review: a person is shown the words, says what they think, and signs both."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from assaymark.core.actor import Actor
from assaymark.core.document import Document, sha256
from assaymark.core.people import APPROVERS, Approval
from assaymark.errors import InputError, NotApprovedError
from assaymark.flow.decide.ready import ready_called, release_ready
from assaymark.flow.decide.verdicts import needed_approvals
from assaymark.flow.release.intact import check_intact
from assaymark.release.approved import WORDS, approval_bytes
from assaymark.release.logged import STATEMENT

if TYPE_CHECKING:
    from assaymark.flow.decide.ready import Ready
    from assaymark.store.keys import SigningKey
    from assaymark.store.workspace import Workspace

__all__ = ["Reviewed", "Said", "review", "role_of", "shown"]


class Said(Document):
    """What a reviewer says; ``conflict`` declares an interest in the outcome, or "none"."""

    outcome: Literal["approve", "request_changes", "reject"]
    reason: str = ""
    conflict: str = "none"
    role: str = ""


class Reviewed(Document):
    """What a decision waits for, and what was shown; ``release`` once nothing blocks it."""

    name: str
    decision: str
    words: str
    signed: tuple[str, ...]
    missing: tuple[str, ...]
    release: str | None = None


def shown(workspace: Workspace, name: str) -> Reviewed:
    """Return the words to be shown, and which approvals there are and are missing."""
    return _told(ready_called(workspace, name))


def role_of(workspace: Workspace, name: str, key: SigningKey, asked: str = "") -> str:
    """Return the role that the key's holder would sign under.

    Raises
    ------
    NotApprovedError
        When the author tries to approve, or the key's holder has no role that may.
    """
    return _role(ready_called(workspace, name), key, asked)


def review(workspace: Workspace, name: str, key: SigningKey, said: Said) -> Reviewed:
    """Sign what a person says of exactly these files and words; release when it is enough.

    Raises
    ------
    NotApprovedError
        When the author tries to approve, or the key's holder has no role that may.
    """
    with workspace.lock():
        check_intact(workspace)
        ready = ready_called(workspace, name)
        approval = Approval.model_validate(
            {
                "decision": ready.decision,
                "words": sha256(ready.files[WORDS]),
                "role": _role(ready, key, said.role),
                "outcome": said.outcome,
                "reason": _one_line(said.reason),
                "conflict": _one_line(said.conflict) or "none",
                "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )
        if said.outcome != "approve" and not approval.reason:
            raise InputError(f"say why: {said.outcome.replace('_', ' ')} needs a --reason")
        raw = approval_bytes(approval, ready.files, key.sign, key.fingerprint)
        body = {
            "statement": "approval",
            "decision": ready.decision,
            "outcome": said.outcome,
            "key": key.fingerprint,
        }
        actor = Actor(key=key.fingerprint)
        workspace.ledger.append(STATEMENT, workspace.put(raw), body, actor)
        ready = ready_called(workspace, name)
        if ready.missing:
            return _told(ready)
        return _told(ready).model_copy(update={"release": str(release_ready(workspace, ready))})


def _role(ready: Ready, key: SigningKey, asked: str) -> str:
    """Return the role that the key's holder signs under."""
    person = ready.people.person_of(key.fingerprint)
    if person is None:
        raise NotApprovedError(
            "this key is not in the role file\n\nHint: `assaymark people add NAME --role ROLE "
            "--key PUBLIC`"
        )
    if person == ready.people.person_of(ready.author):
        raise NotApprovedError(
            "whoever made a decision cannot review it, with no key and in no role\n\nHint: "
            f"somebody else runs `assaymark review {ready.name}`"
        )
    useful = tuple(needed_approvals(ready.files["policy.toml"])) or APPROVERS
    mine = [r for r in person.roles if r in useful]
    if asked and asked not in person.roles:
        raise InputError(
            f"the holder of this key is not {asked!r}\n\nHint: the roles are "
            f"{', '.join(person.roles) or 'none'}"
        )
    if not mine:
        raise NotApprovedError(
            f"the holder of this key has no role that is asked for here\n\nHint: one of "
            f"{', '.join(useful)} is needed"
        )
    return asked or mine[0]


def _told(ready: Ready) -> Reviewed:
    signed = tuple(
        f"{a.role.replace('_', ' ')}: {a.outcome.replace('_', ' ')}, {a.made_at}"
        for (_, a), _ in ready.signed
    )
    return Reviewed(
        name=ready.name,
        decision=ready.decision,
        words=ready.files[WORDS].decode(),
        signed=signed,
        missing=ready.missing,
    )


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
