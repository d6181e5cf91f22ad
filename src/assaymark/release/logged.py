"""Logged: whether a release is in the ledger of the one who signed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.checkpoint import InclusionProof, log_key
from assaymark.core.entry import Entry
from assaymark.errors import IntegrityError
from assaymark.release.history import HISTORY

if TYPE_CHECKING:
    from assaymark.core.checkpoint import Checkpoint

__all__ = ["LOG_ENTRY", "LOG_FILES", "LOG_PROOF", "STATEMENT", "check_logged"]

LOG_ENTRY = "log/release.json"
LOG_PROOF = "log/release.tlog-proof"
LOG_FILES = frozenset({LOG_ENTRY, LOG_PROOF, HISTORY})
STATEMENT = "statement"
"""The kind of the ledger's entries about signed statements; their subject is its SHA-256."""


def check_logged(
    entry: bytes, proof: bytes, *, statement: str, signer: str, public: bytes
) -> tuple[Entry, Checkpoint]:
    """Return the entry and the checkpoint that it is under.

    ``statement`` is the SHA-256 of the signed statement that the entry must be about.

    Raises
    ------
    IntegrityError
        When the entry is about something else, or the proof does not lead to a checkpoint that
        the signer's own ledger signed.
    """
    found = Entry.parse(entry)
    if found.canonical() != entry:
        raise IntegrityError(f"{LOG_ENTRY} is not in canonical form")
    if (found.kind, found.subject) != (STATEMENT, statement):
        raise IntegrityError(f"{LOG_ENTRY} is about something else than this release")
    if found.actor.key != signer:
        raise IntegrityError(f"{LOG_ENTRY} was entered by {found.actor.key[:16]}, not the signer")
    read = InclusionProof.parse(proof)
    if read.index != found.index:
        raise IntegrityError(f"{LOG_PROOF} is about entry {read.index}, not {found.index}")
    return found, read.check(entry, log_key(public, signer))
