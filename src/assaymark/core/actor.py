"""Actor: who did it."""

from __future__ import annotations

from typing import Literal

from assaymark.core.document import Document

__all__ = ["Actor"]


class Actor(Document):
    """Someone or something that changes state: a key, and what it acts as.

    People's names never enter the ledger: ``key`` is the fingerprint of a public key, or the
    name of a program for what no key signs.
    """

    key: str
    role: Literal["owner", "engineer", "privacy", "system", "monitor"] = "engineer"
