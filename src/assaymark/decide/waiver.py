"""Waiver: someone's signed decision to let one rule's finding stand, with a reason and an end."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from assaymark.core.document import Document

__all__ = ["Waiver"]


class Waiver(Document):
    """One rule is waived for the subjects that match, until ``expires`` (ISO date, UTC)."""

    schema_id: Literal["assaymark/waiver/v0"] = "assaymark/waiver/v0"
    rule: str
    subject: str = "*"
    reason: str
    signer: str
    expires: str

    def covers(self, rule: str, subject: str) -> bool:
        """Whether the waiver is about this rule and subject."""
        return self.rule == rule and fnmatchcase(subject, self.subject)
