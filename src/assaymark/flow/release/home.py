"""Home: the workspace that a release lies in, and whether its ledger is still the release's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.checkpoint import InclusionProof, log_key
from assaymark.errors import IntegrityError
from assaymark.release.logged import LOG_ENTRY, LOG_PROOF
from assaymark.store.ledger import Ledger
from assaymark.store.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.core.checkpoint import Checkpoint

__all__ = ["check_grown", "home_of"]

_LEDGER = "ledger.db"
_OWN = ("blobs", "sealed")
_BACKUP = "\n\nHint: put the workspace back as it was, from a backup; nothing was changed"


def home_of(release: Path, *, signer: str, public: bytes) -> Workspace | None:
    """Return the workspace that a release, or the lot of one, lies in; nothing is made there.

    ``signer`` and ``public`` are the key that signed it; it is one that verifies.

    Raises
    ------
    IntegrityError
        When the workspace's ledger is missing, empty, altered, or not the one that the release
        was entered in: what was said of it since cannot be seen there.
    """
    folder = release.resolve()
    home = folder.parent.parent
    ledger = home / _LEDGER
    if not ledger.exists() and not all((home / name).is_dir() for name in _OWN):
        return None
    if not ledger.is_file() or not ledger.stat().st_size:
        raise IntegrityError(
            f"the ledger of its workspace, {_LEDGER}, was removed or emptied{_BACKUP}"
        )
    found = Workspace(home, Ledger(ledger))
    found.ledger.check()
    read = InclusionProof.parse((folder / LOG_PROOF).read_bytes())
    head = read.check((folder / LOG_ENTRY).read_bytes(), log_key(public, signer))
    check_grown(found.ledger, head, folder.name)
    return found


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
