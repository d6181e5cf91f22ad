"""ThreatModel: who might attack what is released, with what knowledge, to what end."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from assaymark.core.document import Document

__all__ = ["Profile", "ThreatModel", "threat_of"]


class Profile(StrEnum):
    """Who receives the rows: named recipients (default), anyone, or the institution itself."""

    CONTROLLED = "controlled"
    OPEN = "open"
    ENCLAVE = "enclave"


class ThreatModel(Document):
    """What the verdicts of a release are about; a claim outside it is not made.

    ``rung`` is the adversary ladder: K0 has the synthetic rows only, K1 also the target's record,
    K2 also a reference sample of the population, K3 also the generator's code and can refit it.
    """

    schema_id: Literal["assaymark/threat/v0"] = "assaymark/threat/v0"
    profile: Profile
    rung: Literal["K0", "K1", "K2", "K3"]
    recipient: str
    knowledge: str
    goals: tuple[str, ...]
    released: str = "synthetic rows"
    not_covered: str


_GOALS = ("membership", "copying of records", "singling out", "inference of attributes")
_NOT_COVERED = (
    "linkage across releases, {refit}and anything an attacker knows that is not listed here"
)
_REFIT = "attackers who refit the generator, "


def threat_of(profile: Profile) -> ThreatModel:
    """Return the threat model that a profile stands for."""
    recipient, rung, knowledge = {
        Profile.CONTROLLED: (
            "named recipients under an agreement",
            "K2",
            "all columns of the target's record and a reference sample of the same population",
        ),
        Profile.OPEN: (
            "anyone",
            "K3",
            "as K2, and the generator's code, so that it can be fitted again",
        ),
        Profile.ENCLAVE: (
            "people inside the institution",
            "K1",
            "all columns of the target's record",
        ),
    }[profile]
    return ThreatModel.model_validate(
        {
            "profile": profile,
            "rung": rung,
            "recipient": recipient,
            "knowledge": knowledge,
            "goals": _GOALS,
            "not_covered": _NOT_COVERED.format(refit="" if rung == "K3" else _REFIT),
        }
    )
