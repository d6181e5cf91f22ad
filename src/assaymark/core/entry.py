"""Entry: one thing that happened, as the ledger holds it."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from assaymark.core.actor import Actor
from assaymark.core.document import Document

__all__ = ["Entry"]


class Entry(Document):
    """One thing that happened; its canonical bytes are the leaf of the tree."""

    schema_id: Literal["assaymark/entry/v0"] = "assaymark/entry/v0"
    index: int
    time: str
    kind: str
    subject: str
    body: dict[str, JsonValue]
    actor: Actor
