"""Home: the workspace that a release lies in, and whether its ledger is still the release's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.core.checkpoint import InclusionProof, log_key
from assaymark.errors import IntegrityError
from assaymark.release.logged import LOG_ENTRY, LOG_PROOF
from assaymark.store.keys import SigningKey
from assaymark.store.ledger import Ledger
from assaymark.store.ledger_check import may_be_ledger
from assaymark.store.workspace import Workspace

if TYPE_CHECKING:
    from assaymark.core.checkpoint import Checkpoint

__all__ = ["check_grown", "home_of", "places_of"]

_LEDGER = "ledger.db"
_OWN = ("blobs", "sealed")
_BACKUP = "\n\nHint: put the workspace back as it was, from a backup; nothing was changed"


def places_of(release: Path) -> tuple[Path, ...]:
    """Return where a release lies as it was named, and where that leads if there is a link."""
    return tuple(dict.fromkeys((Path(os.path.abspath(release)), release.resolve())))


def home_of(release: Path, *, signer: str, public: bytes) -> Workspace | None:
    """Return the workspace that a release, or the lot of one, lies in; nothing is made there.

    A workspace that has a signing key of its own, and no entry of the release's signer, is of
    somebody who was handed the release, and not its home. ``signer`` and ``public`` are the key
    that signed it; it is one that verifies.

    Raises
    ------
    IntegrityError
        When the workspace's ledger is missing, empty, altered, or not the one that the release
        was entered in: what was said of it since cannot be seen there.
    """
    for home in dict.fromkeys(place.parent.parent for place in places_of(release)):
        found = _workspace_at(home)
        if found is not None and _is_of(found, signer):
            folder = release.resolve()
            read = InclusionProof.parse((folder / LOG_PROOF).read_bytes())
            head = read.check((folder / LOG_ENTRY).read_bytes(), log_key(public, signer))
            check_grown(found.ledger, head, folder.name)
            return found
    return None


def _workspace_at(home: Path) -> Workspace | None:
    """Return the workspace in a folder, its ledger checked; None where that is another's."""
    ledger = home / _LEDGER
    emptied = ledger.is_file() and not ledger.stat().st_size
    kept = ledger.is_file() and not emptied and may_be_ledger(ledger)
    if not kept and not emptied and not all((home / name).is_dir() for name in _OWN):
        return None
    if not kept:
        raise IntegrityError(
            f"the ledger of its workspace, {_LEDGER}, was removed or emptied{_BACKUP}"
        )
    found = Workspace(home, Ledger(ledger))
    found.ledger.check()
    return found


def _is_of(workspace: Workspace, signer: str) -> bool:
    """Whether a workspace may be that of a signer: its key or an entry is, or nothing tells."""
    try:
        raw = workspace.unseal("signing-key")
    except OSError:  # somebody else's, who lets others read all but what is sealed
        raw = None
    if raw is None or SigningKey.parse(raw).fingerprint == signer:
        return True
    return any(entry.actor.key == signer for entry in workspace.ledger.entries())


def check_grown(ledger: Ledger, head: Checkpoint, name: str) -> None:
    """Check that a ledger is the one of a release's checkpoint, with what came after.

    Raises
    ------
    IntegrityError
        When it has fewer entries, or others: the release's own is not in it.
    """
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
