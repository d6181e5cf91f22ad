"""Log: checkpoints and proofs of a workspace's ledger, and what they show to somebody else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assaymark.core.checkpoint import (
    Checkpoint,
    ConsistencyProof,
    InclusionProof,
    log_key,
    open_checkpoint,
)
from assaymark.core.document import Document
from assaymark.core.note import NoteKey
from assaymark.errors import InputError, IntegrityError
from assaymark.flow.release.intact import check_intact, check_new
from assaymark.release.history import HISTORY, History
from assaymark.release.logged import LOG_ENTRY, LOG_PROOF
from assaymark.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from assaymark.core.entry import Entry

__all__ = [
    "Compared",
    "Head",
    "checkpoint_of",
    "compare",
    "compare_offline",
    "logged",
    "moment",
    "prove_entry",
    "prove_since",
    "workspace_at",
]


class Head(Document):
    """A checkpoint of a ledger, and the key that others check it with."""

    origin: str
    size: int
    root: str
    key: str
    checkpoint: str


class Compared(Document):
    """What a ledger was found to be, compared with a checkpoint that somebody else holds."""

    origin: str
    held: int
    size: int
    added: int
    root: str


def workspace_at(path: Path, *, make: bool = False) -> Workspace:
    """Open a workspace that is what it was; with ``make``, one that is not there yet is made."""
    if not make and not (path / "ledger.db").exists():
        check_new(path)
        raise InputError(
            f"there is no workspace at {str(path)!r}\n\nHint: --workspace FOLDER; `assaymark run` "
            "makes one"
        )
    found = Workspace.open(path)
    check_intact(found)
    return found


def checkpoint_of(workspace: Workspace) -> Head:
    """Sign the ledger's size and root as they are now."""
    key = _key(workspace)
    size, root = workspace.ledger.head()
    signed = Checkpoint(key.name, size, root).signed(key, workspace.key().sign)
    return Head(
        origin=key.name, size=size, root=root.hex(), key=key.text, checkpoint=signed.decode()
    )


def logged(workspace: Workspace, entry: Entry, rests_on: Iterable[Entry]) -> Mapping[str, bytes]:
    """Return the files that show others that ``entry``, and what it rests on, are in the ledger.

    All of them lead to the same checkpoint.
    """
    head = checkpoint_of(workspace)
    shown = [(e, _path(workspace, e.index, head.size)) for e in rests_on]
    return {
        LOG_ENTRY: entry.canonical(),
        LOG_PROOF: InclusionProof(
            entry.index, _path(workspace, entry.index, head.size), head.checkpoint.encode()
        ).raw(),
        HISTORY: History.of(shown).canonical(),
    }


def prove_entry(workspace: Workspace, index: int) -> bytes:
    """Return a ``.tlog-proof`` that entry ``index`` is under a checkpoint signed now."""
    head = checkpoint_of(workspace)
    path = _path(workspace, index, head.size)
    return InclusionProof(index, path, head.checkpoint.encode()).raw()


def prove_since(workspace: Workspace, held: bytes) -> bytes:
    """Return a proof that the ledger only grew since the checkpoint ``held``."""
    old = _held(held, _key(workspace))
    head = checkpoint_of(workspace)
    _same_history(workspace, old)
    path = workspace.ledger.consistency(old.size, head.size) if old.size else []
    return ConsistencyProof(
        old.size, tuple(map(bytes.fromhex, path)), head.checkpoint.encode()
    ).raw()


def compare(workspace: Workspace, held: bytes, *, since: datetime | None = None) -> Compared:
    """Check the whole ledger, and that what a checkpoint was signed over is still there.

    ``since`` is when the checkpoint came into other hands: nothing that was added later may be
    dated before.

    Raises
    ------
    IntegrityError
        When entries were changed, removed, reordered, forked or back-dated.
    """
    old = _held(held, _key(workspace))
    ledger = workspace.ledger
    ledger.check()
    _same_history(workspace, old)
    size, root = ledger.head()
    if since is not None and size > old.size:
        first = ledger.entry(old.size)
        if datetime.fromisoformat(first.time) < since.astimezone(UTC):
            raise IntegrityError(
                f"entry {first.index} was added after the checkpoint and is dated {first.time}, "
                f"before {since.isoformat()}, when the checkpoint was held: it is back-dated"
            )
    return Compared(
        origin=old.origin, held=old.size, size=size, added=size - old.size, root=root.hex()
    )


def compare_offline(held: bytes, proof: bytes, key: str) -> Compared:
    """Check a proof that a ledger only grew, with nothing but the key of that ledger."""
    known = NoteKey.parse(key)
    old = _held(held, known)
    later = ConsistencyProof.parse(proof).check(old, known)
    return Compared(
        origin=old.origin,
        held=old.size,
        size=later.size,
        added=later.size - old.size,
        root=later.root.hex(),
    )


def moment(text: str) -> datetime | None:
    """Read an ISO time, UTC where it names no zone; nothing for an empty text."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{text!r} is not an ISO time\n\nHint: 2026-03-01, or 2026-03-01T12:00:00+00:00"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _path(workspace: Workspace, index: int, size: int) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, workspace.ledger.inclusion(index, size)))


def _same_history(workspace: Workspace, old: Checkpoint) -> None:
    size = workspace.ledger.size
    if size < old.size:
        raise IntegrityError(
            f"the ledger has {size} entries, and the checkpoint was signed over {old.size}: "
            f"{old.size - size} were removed from its end"
        )
    if bytes.fromhex(workspace.ledger.root(old.size)) != old.root:
        raise IntegrityError(
            f"the first {old.size} entries are not those that the checkpoint was signed over: "
            "entries were changed, removed or reordered, or this is a fork of the ledger"
        )


def _held(raw: bytes, key: NoteKey) -> Checkpoint:
    try:
        return open_checkpoint(raw, key)
    except IntegrityError as error:
        raise IntegrityError(
            f"the checkpoint is not one of the ledger {key.name}: {error}"
        ) from error


def _key(workspace: Workspace) -> NoteKey:
    key = workspace.key()
    return log_key(key.public, key.fingerprint)
