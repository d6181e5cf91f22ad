"""PrivacyGuarantee: what a mechanism proves, for whom, and at what cost."""

from __future__ import annotations

from typing import Literal

from assaymark.core.document import Document

__all__ = ["PrivacyGuarantee"]


class PrivacyGuarantee(Document):
    """A differential-privacy guarantee; numbers are decimal strings."""

    schema_id: Literal["assaymark/privacy-guarantee/v0"] = "assaymark/privacy-guarantee/v0"
    unit: Literal["person", "row"]
    neighbours: Literal["add-remove", "replace-one"]
    epsilon: str
    delta: str
    mechanism: str
