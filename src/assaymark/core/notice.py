"""Notice: what is said of a release after it was issued, and that somebody took it into use."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from pydantic import Field

from assaymark.core.document import Document

__all__ = [
    "MADE",
    "NOTICES",
    "Admission",
    "Answer",
    "Descendant",
    "Destruction",
    "Finding",
    "MadeKind",
    "Notice",
    "Observation",
    "Observe",
    "ReasonClass",
    "Then",
    "Withdrawal",
]

MadeKind = Literal["model", "table", "study", "other"]
MADE: tuple[MadeKind, ...] = get_args(MadeKind)
"""What a release may go into."""

ReasonClass = Literal["privacy", "quality", "rights", "legal", "consent"]


class Descendant(Document):
    """Something that was made of a release, or that took it into use.

    ``sha256`` is that of a release's manifest or of the thing made, empty where nobody
    gave it; ``of`` is the manifest of the release that it was made of; ``consumer`` the
    fingerprint of the key of who has it, if it is known.
    """

    kind: Literal["release", "lot", "model", "table", "study", "other"]
    name: str
    sha256: str = ""
    of: str
    consumer: str = ""

    @property
    def identity(self) -> str:
        """What tells one from another."""
        return self.sha256 or f"{self.of} {self.kind} {self.name} {self.consumer}"

    @property
    def words(self) -> str:
        """The descendant for people to read."""
        plain = self.kind == "other" or self.name.startswith(self.kind)
        return self.name if plain else f"{self.kind} {self.name}"


class Withdrawal(Document):
    """Whoever issued a release takes it back, for good; ``release`` is its manifest's SHA-256.

    ``descendants`` are what was known then to be made of it, at any distance.
    """

    LATER: ClassVar[tuple[str, ...]] = ("descendants",)

    schema_id: Literal["assaymark/withdrawal/v0"] = "assaymark/withdrawal/v0"
    release: str
    name: str
    reason: ReasonClass
    why: str
    instruct: Literal["stop", "destroy", "replace"]
    successor: str
    descendants: tuple[Descendant, ...] = ()
    made_at: str


class Destruction(Document):
    """Whoever had a release says that it, or something made of it, was destroyed.

    ``what`` are names or digests as in the withdrawal's descendants; ``how`` is in words;
    ``public`` is the raw Ed25519 key of who says so, hex.
    """

    schema_id: Literal["assaymark/destruction/v0"] = "assaymark/destruction/v0"
    release: str
    name: str
    what: tuple[str, ...] = Field(min_length=1)
    how: str
    public: str = Field(pattern=r"^[0-9a-f]{64}$")
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


Observe = Literal[
    "column",
    "group",
    "relation",
    "schema",
    "attack_succeeds",
    "attack_open",
    "collapse",
    "performance",
]
"""What may be seen of a release after it was issued."""

Then = Literal["stale", "degraded", "recommend_withdrawal", "withdrawn"]
"""What a policy makes of that, from the mildest on."""


class Observation(Document):
    """Whoever issued a release saw something of it, of which its policy makes ``then``.

    ``watch`` is the id of the policy's entry, ``policy`` the SHA-256 of the policy; ``seen`` is
    what was seen and ``method`` how, in words. ``verdicts`` are rules whose verdicts are STALE
    for that, and ``uses`` those that are inconclusive therefore. A withdrawal is a statement of
    its own beside this one.
    """

    schema_id: Literal["assaymark/observation/v0"] = "assaymark/observation/v0"
    release: str
    name: str
    watch: str
    policy: str
    observe: Observe
    seen: tuple[str, ...] = Field(min_length=1)
    method: str
    then: Then
    verdicts: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    made_at: str


class Admission(Document):
    """A consumer took a release into use, after these checks.

    ``group`` is the group of people that is to be studied, empty where it is everybody.
    ``into`` names what it went into and ``made`` is the SHA-256 of that, if it was there;
    ``consumer`` is the fingerprint of the consumer's key, where one was given.
    """

    LATER: ClassVar[tuple[str, ...]] = ("group", "kind", "made", "consumer")

    schema_id: Literal["assaymark/admission/v0"] = "assaymark/admission/v0"
    release: str
    name: str
    signer: str
    use: str
    group: str = ""
    into: str
    kind: MadeKind = "other"
    made: str = ""
    consumer: str = ""
    expires: str
    checked: tuple[str, ...]
    made_at: str


Notice = Withdrawal | Finding | Answer | Observation
NOTICES: dict[str, type[Withdrawal | Finding | Answer | Observation]] = {
    "withdrawal": Withdrawal,
    "finding": Finding,
    "answer": Answer,
    "observation": Observation,
}
"""The kinds of statements that change where a release stands."""
