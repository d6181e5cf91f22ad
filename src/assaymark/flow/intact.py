"""Intact: whether a workspace is what it was, before anything is read of it or signed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.checkpoint import InclusionProof, log_key
from assaymark.errors import IntegrityError
from assaymark.release.logged import LOG_ENTRY, LOG_PROOF, STATEMENT
from assaymark.store.keys import SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.checkpoint import Checkpoint
    from assaymark.store.workspace import Workspace

__all__ = ["check_intact"]

_ENTERED = ("quarantine", "ready", "releases")
_OWN = "run.started"
_BACKUP = "\n\nHint: put the workspace back as it was, from a backup; nothing was changed"


def check_intact(workspace: Workspace) -> None:
    """Check the ledger, the key that signs, and both against the workspace's own releases.

    A release holds a checkpoint of the ledger that it was entered in: an older ledger, put in
    place of that one, does not lead there.

    Raises
    ------
    IntegrityError
        When the ledger was altered, emptied or set back, or the signing key is gone or another.
    """
    ledger = workspace.ledger
    ledger.whole()
    if ledger.size == 0:
        _check_new(workspace)
        return
    raw = workspace.unseal("signing-key")
    own = None if raw is None else SigningKey.parse(raw)
    _check_key(workspace, own)
    if own is None:
        return
    for name, head in _heads(workspace, own):
        there = ledger.size
        if head.size > there:
            raise IntegrityError(
                f"the ledger has {there} entries, and had {head.size} when {name} was released: "
                f"entries were removed, or an older ledger was put in its place{_BACKUP}"
            )
        if ledger.root(head.size) != head.root.hex():
            raise IntegrityError(
                f"the ledger is not the one that {name} was entered in: its first {head.size} "
                f"entries are others{_BACKUP}"
            )


def _check_new(workspace: Workspace) -> None:
    """Refuse an empty ledger beside what only comes after entries."""
    for folder in _ENTERED:
        found = next((workspace.path / folder).glob("[!.]*"), None)
        if found is not None:
            raise IntegrityError(
                f"the ledger is empty, and {folder}/{found.name} is there: ledger.db was removed "
                f"or emptied{_BACKUP}, or name a new --workspace"
            )


def _check_key(workspace: Workspace, own: SigningKey | None) -> None:
    """Refuse a signing key that is not the one that this workspace signed with."""
    entries = workspace.ledger.entries(kind=_OWN) or [
        e for e in workspace.ledger.entries(kind=STATEMENT) if e.body.get("statement") == "roles"
    ]
    known = entries[-1].actor.key if entries else ""
    if known and (own is None or own.fingerprint != known):
        said = "is gone" if own is None else f"is another, {own.fingerprint[:16]}"
        raise IntegrityError(
            f"the workspace signed as {known[:16]}, and its signing key {said}\n\nHint: put "
            "sealed/signing-key back from a backup; without it, begin in a new --workspace"
        )


def _heads(workspace: Workspace, own: SigningKey) -> Iterator[tuple[str, Checkpoint]]:
    """Yield the checkpoints that releases carry and this workspace signed."""
    key = log_key(own.public, own.fingerprint)
    for path in sorted((workspace.path / "releases").glob(f"*/{LOG_PROOF}")):
        folder = path.parents[1]
        try:
            with path.open("rb") as file:
                read = InclusionProof.parse(file.read(1 << 20))
            with (folder / LOG_ENTRY).open("rb") as file:
                yield folder.name, read.check(file.read(1 << 20), key)
        except (OSError, IntegrityError):
            continue  # of another key, or altered: `assaymark verify` says so
