"""Intact: whether a workspace is what it was, before anything is signed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.checkpoint import InclusionProof, log_key
from assaymark.errors import IntegrityError
from assaymark.flow.release.home import check_grown
from assaymark.flow.release.split_key import check_split
from assaymark.release.build import MANIFEST
from assaymark.release.logged import LOG_ENTRY, LOG_PROOF, STATEMENT
from assaymark.store.keys import SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assaymark.core.checkpoint import Checkpoint
    from assaymark.store.workspace import Workspace

__all__ = ["check_intact", "check_new"]

_ENTERED = ("quarantine", "ready", "releases")
_ONLY_RELEASES = (MANIFEST, "attestations", "log")
_OWN = "run.started"
_MOST = 1 << 20
_BACKUP = "\n\nHint: put the workspace back as it was, from a backup; nothing was changed"


def check_intact(workspace: Workspace) -> None:
    """Check the ledger, the keys that sign and split, and all against the workspace's releases.

    A release holds a checkpoint of the ledger that it was entered in: an older ledger, put in
    place of that one, does not lead there.

    Raises
    ------
    IntegrityError
        When the ledger was altered, emptied or set back, the signing key or the secret that people
        are split by is gone or another, or a release lacks the proof that it is in the ledger.
    """
    ledger = workspace.ledger
    ledger.check()
    if ledger.size == 0:
        check_new(workspace.path)
        return
    raw = workspace.unseal("signing-key")
    own = None if raw is None else SigningKey.parse(raw)
    _check_key(workspace, own)
    check_split(workspace)
    if own is None:
        return
    for name, head in _heads(workspace, own):
        check_grown(ledger, head, name)


def check_new(path: Path) -> None:
    """Refuse a folder without a ledger, or with an empty one, where there is what comes after.

    Raises
    ------
    IntegrityError
        When releases, rows kept back or rows to be reviewed are there.
    """
    for folder in _ENTERED:
        there = (path / folder).glob("[!.]*")
        found = next((p for p in there if folder != "releases" or _is_release(p)), None)
        if found is not None:
            raise IntegrityError(
                f"the ledger is empty, and {folder}/{found.name} is there: ledger.db was removed "
                f"or emptied{_BACKUP}, or name a new --workspace. A release that was handed to you "
                "belongs elsewhere until something of your own is in the ledger"
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
    """Yield the checkpoint that each release of this workspace carries; pass over others' releases.

    A release is what the ledger names as one, whatever is left of it, and what has a manifest,
    statements or a proof, whatever the ledger says.

    Raises
    ------
    IntegrityError
        When a proof is missing or altered: what the ledger was at that release is not known then.
    """
    entered = {str(e.body.get("name")) for e in workspace.ledger.entries(kind="release")}
    for folder in sorted((workspace.path / "releases").glob("[!.]*")):
        if not folder.is_dir() or not (folder.name in entered or _is_release(folder)):
            continue
        try:
            head = _head(folder, own)
        except (OSError, IntegrityError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise IntegrityError(
                f"releases/{folder.name} does not prove any more that it is in the ledger ({why}), "
                "so that nobody can tell whether the ledger was set back since\n\nHint: put its "
                "folder log back from a backup, or from a copy that was handed on; what is no "
                "release of this workspace belongs elsewhere"
            ) from error
        if head is not None:
            yield folder.name, head


def _is_release(folder: Path) -> bool:
    """Whether a folder has anything that only releases have; documents and notices have not."""
    return any((folder / name).exists() for name in _ONLY_RELEASES)


def _head(folder: Path, own: SigningKey) -> Checkpoint | None:
    """Return the checkpoint that a release carries; None where it is another workspace's."""
    key, read = log_key(own.public, own.fingerprint), InclusionProof.parse(_raw(folder / LOG_PROOF))
    if read.checkpoint.partition(b"\n")[0] == key.name.encode():
        return read.check(_raw(folder / LOG_ENTRY), key)
    if (folder / f"keys/{own.fingerprint}.pub").exists():
        raise IntegrityError("its checkpoint names another ledger than that of its key")
    return None


def _raw(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST)
