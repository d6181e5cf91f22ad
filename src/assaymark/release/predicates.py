"""Predicates: what the three statements of a release say."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from assaymark.core.ancestry import Ancestry
from assaymark.core.document import Document
from assaymark.core.generator import GeneratorVersion
from assaymark.core.label import LabelSource
from assaymark.core.lineage import Act
from assaymark.core.privacy import PrivacyGuarantee
from assaymark.core.rights import Rights

__all__ = [
    "RECIPE_ONLY",
    "CrossFitDecided",
    "Decided",
    "FileDigest",
    "Manifest",
    "Provenance",
    "Released",
    "StageDecided",
    "Step",
]


RECIPE_ONLY = "the recipe, measured on refits; not these exact rows"
"""What the verdicts of a cross-fit are about."""


class Step(Document):
    """One declared transformation; counts are banded."""

    kind: str
    columns: tuple[str, ...]
    parameters: str
    changed: str
    why: str


class Provenance(Document):
    """How the rows came to be. Counts of the source are banded, commitments are keyed.

    ``model`` is the SHA-256 of the fitted model's file, which stays with the issuer and has a
    secret salt; empty where there is none. ``lineage`` are all acts between source and files.
    ``account`` has sentences of the card with numbers that only the run can vouch for.
    ``labels`` say where the labels of the source came from, and their measured error.
    ``fitted_persons`` are those that the generator was fitted to, and ``replicates_from`` says
    whether one fit made all replicates: both decide how estimates are combined. ``privacy`` is
    what the generator proves, where it proves something.
    """

    LATER: ClassVar[tuple[str, ...]] = (
        *("model", "account", "generator_version", "lineage"),
        *("fitted_persons", "replicates_from", "labels", "privacy"),
    )
    schema_id: Literal["assaymark/provenance/v0"] = "assaymark/provenance/v0"
    name: str
    title: str
    rights: Rights
    labels: tuple[LabelSource, ...] = ()
    source_commitment: str
    source_rows: str
    source_persons: str
    unit: str
    split_commitment: str
    transformations: tuple[Step, ...]
    generator: str
    parameters: dict[str, JsonValue]
    rows: int
    replicates: int
    fitted_persons: str = ""
    replicates_from: Literal["one fit", "refits"] = "one fit"
    ancestry: Ancestry = Ancestry()
    generator_version: GeneratorVersion | None = None
    lineage: tuple[Act, ...] = ()
    randomness: str
    candidate: str
    model: str = ""
    attempts: int
    openings: int
    software: str
    ledger_size: int
    ledger_root: str
    account: tuple[str, ...] = ()
    privacy: PrivacyGuarantee | None = None


class StageDecided(Document):
    """What the policy said of one body of evidence."""

    stage: Literal["development", "confirmation"]
    evidence: str
    uses: dict[str, str]


class CrossFitDecided(Document):
    """What the policy said of a recipe that was cross-fitted, and what that is not about."""

    stage: Literal["cross-fit"]
    evidence: str
    uses: dict[str, str]
    refits: int
    about: Literal["the recipe, measured on refits; not these exact rows"]


class Decided(Document):
    """The decision and what it rests on; ``uses`` is what the last stage said of each.

    ``earlier`` are the candidates of earlier releases of the same people that were attacked
    together with these rows; ``waivers`` the digests of signed waivers. ``expires`` is the last day
    that the terms of the source and the waivers allow. ``affects_rights`` says that the uses affect
    people's rights, for which more is required. ``fitness`` has, by use and group, whether the
    use is fit for the study of the group. ``gate`` is the version of the gate that judged.
    """

    LATER: ClassVar[tuple[str, ...]] = ("waivers", "expires", "affects_rights", "fitness", "gate")

    schema_id: Literal["assaymark/decision/v0"] = "assaymark/decision/v0"
    candidate: str
    policy: str
    threat: str
    uses: dict[str, str]
    stages: tuple[StageDecided | CrossFitDecided, ...]
    earlier: tuple[str, ...] = ()
    self_attested: bool
    made_at: str
    waivers: tuple[str, ...] = ()
    expires: str = ""
    affects_rights: bool = False
    fitness: dict[str, dict[str, str]] = Field(default={})
    gate: str = "1"


class FileDigest(Document):
    """One file of the release."""

    path: str
    sha256: str
    size: int


class Manifest(Document):
    """Every file of the release but itself and the statement that signs it."""

    schema_id: Literal["assaymark/manifest/v0"] = "assaymark/manifest/v0"
    files: tuple[FileDigest, ...]


class Released(Document):
    """The release as a whole, with what it is and is not approved for."""

    LATER: ClassVar[tuple[str, ...]] = ("expires",)

    schema_id: Literal["assaymark/release/v0"] = "assaymark/release/v0"
    name: str
    approved: tuple[str, ...]
    not_approved: tuple[str, ...]
    made_at: str
    expires: str = ""
