"""Split key: the secret that people are split by, and whether it is still the workspace's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.errors import IntegrityError
from assaymark.flow.source.population import known_populations

if TYPE_CHECKING:
    from assaymark.store.workspace import Workspace

__all__ = ["check_split", "split_commitment"]

_SPLIT, _POPULATIONS = "split", "populations"
_BACKUP = (
    "\n\nHint: put sealed/{} back from a backup; without it the same people would be split anew, "
    "and looked at as if they were others. Nothing was changed"
)


def split_commitment(workspace: Workspace) -> str:
    """Return the digest of the secret that people are split by; it is drawn at first use."""
    return sha256(b"assaymark split\n" + workspace.secret(_SPLIT))


def check_split(workspace: Workspace) -> None:
    """Check that a workspace can still tell whom it looked at, and in which part they were.

    Raises
    ------
    IntegrityError
        When the ledger says that rows were opened, and the secret that their people were split by
        is gone or another, or the people themselves are not known any more.
    """
    opened = workspace.ledger.entries(kind="source.opened")
    looked = {str(e.body["population"]) for e in opened if "population" in e.body}
    begun = workspace.ledger.entries(kind="run.started")
    committed = [str(e.body["split"]) for e in begun if "split" in e.body]
    if (looked or committed) and workspace.unseal(_SPLIT) is None:
        raise IntegrityError(
            "people were split in this workspace, and the secret that they were split by, "
            f"sealed/{_SPLIT}, is gone{_BACKUP.format(_SPLIT)}"
        )
    if committed and committed[-1] != split_commitment(workspace):
        raise IntegrityError(
            f"the secret that people are split by, sealed/{_SPLIT}, is another than in the last "
            f"run{_BACKUP.format(_SPLIT)}"
        )
    lost = looked - known_populations(workspace)
    if lost:
        raise IntegrityError(
            f"rows of population {min(lost)} were opened, and its people are not in "
            f"sealed/{_POPULATIONS} any more{_BACKUP.format(_POPULATIONS)}"
        )
