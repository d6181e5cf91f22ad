"""Notice: what is said of a release after it was issued, and that somebody took it into use."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assaymark.core.document import Document

__all__ = ["NOTICES", "Admission", "Answer", "Finding", "Notice", "ReasonClass", "Withdrawal"]

ReasonClass = Literal["privacy", "quality", "rights", "legal", "consent"]


class Withdrawal(Document):
    """Whoever issued a release takes it back, for good; ``release`` is its manifest's SHA-256."""

    schema_id: Literal["assaymark/withdrawal/v0"] = "assaymark/withdrawal/v0"
    release: str
    name: str
    reason: ReasonClass
    why: str
    instruct: Literal["stop", "destroy", "replace"]
    successor: str
    made_at: str


class Finding(Document):
    """Somebody challenges a claim of a release; anybody may, with any key.

    ``public`` is the finder's raw Ed25519 key, hex; ``evidence`` the SHA-256 of a file, if any.
    """

    schema_id: Literal["assaymark/finding/v0"] = "assaymark/finding/v0"
    release: str
    claim: str
    method: str
    evidence: str
    public: str = Field(pattern=r"^[0-9a-f]{64}$")
    made_at: str


class Answer(Document):
    """Whoever issued a release answers a finding; ``finding`` is its envelope's SHA-256."""

    schema_id: Literal["assaymark/answer/v0"] = "assaymark/answer/v0"
    release: str
    finding: str
    outcome: Literal["upheld", "refuted"]
    reason: str
    made_at: str


class Admission(Document):
    """A consumer took a release into use, after these checks."""

    schema_id: Literal["assaymark/admission/v0"] = "assaymark/admission/v0"
    release: str
    name: str
    signer: str
    use: str
    into: str
    expires: str
    checked: tuple[str, ...]
    made_at: str


Notice = Withdrawal | Finding | Answer
NOTICES: dict[str, type[Withdrawal | Finding | Answer]] = {
    "withdrawal": Withdrawal,
    "finding": Finding,
    "answer": Answer,
}
"""The kinds of statements that change where a release stands."""
