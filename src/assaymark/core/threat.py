"""ThreatModel: who might attack what is released, with what knowledge, to what end."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from assaymark.core.document import Document

__all__ = ["Profile", "Rung", "ThreatModel", "threat_of"]

Rung = Literal["K0", "K1", "K2", "K3"]


class Profile(StrEnum):
    """Who receives the rows: named recipients (default), anyone, or the institution itself."""

    CONTROLLED = "controlled"
    OPEN = "open"
    ENCLAVE = "enclave"


class ThreatModel(Document):
    """What the verdicts of a release are about; a claim outside it is not made.

    ``rung`` is the adversary ladder: K0 has the synthetic rows only, K1 also the target's record,
    K2 also a reference sample of the population, K3 also the generator's code and can refit it.
    Rungs above are not modelled: K4 is a K3 who has no data of the same kind, K5 is given the
    fitted model, which no release contains, and K6 chooses the records that are trained on.

    ``attacks`` are the quantities that the rung requires: the gate approves nothing under a
    policy that has no blocking rule for one of them. ``earlier`` is how many earlier releases of
    the same people the attacker holds too.
    """

    schema_id: Literal["assaymark/threat/v0"] = "assaymark/threat/v0"
    profile: Profile
    rung: Rung
    recipient: str
    knowledge: str
    goals: tuple[str, ...]
    attacks: tuple[str, ...]
    released: str = "synthetic rows"
    earlier: int = 0
    residual_risk: str
    not_covered: str


_LADDER: dict[Rung, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "K0": (
        ("copying of records", "singling out"),
        (
            "copies.exact_excess",
            "copies.most_repeated",
            "near_copies.excess",
            "singling_out.excess",
        ),
    ),
    "K1": (
        ("linking of records", "inference of attributes"),
        (
            "copies.isolated_excess",
            "linkability.excess",
            "attribute_inference.excess",
            "inference_suite.excess",
        ),
    ),
    "K2": (
        ("membership",),
        (
            "membership.auc",
            "membership.excess_tpr",
            "membership_suite.auc",
            "membership_suite.excess_tpr",
        ),
    ),
    "K3": (("membership by refitting the generator",), ("shadow.excess_tpr",)),
}
"""What each rung adds to the one below: goals, and the quantities that measure them."""

_BEYOND: dict[Rung, str] = {
    "K0": "attackers who know a record of their target",
    "K1": "attackers who hold a sample of the same population",
    "K2": "attackers who refit the generator",
    "K3": "attackers who are given the fitted model",
}
_RESIDUAL = (
    "leaks smaller than the thresholds of the policy, and kinds of leak unlike those that were "
    "planted to prove the attacks"
)


def threat_of(profile: Profile, *, earlier: int = 0, apart: int = 0) -> ThreatModel:
    """Return the threat model that a profile stands for.

    The attacker holds ``earlier`` releases of the same people beside these rows; ``apart`` more
    are known, but have other columns and are not attacked together with them.
    """
    rungs: dict[Profile, tuple[str, Rung, str]] = {
        Profile.CONTROLLED: (
            "named recipients under an agreement",
            "K2",
            "all columns of the target's record and a reference sample of the same population",
        ),
        Profile.OPEN: (
            "anyone",
            "K3",
            "all columns of the target's record, a reference sample of the same population, and "
            "the generator's code, so that it can be fitted again",
        ),
        Profile.ENCLAVE: (
            "people inside the institution",
            "K1",
            "all columns of the target's record",
        ),
    }
    recipient, rung, knowledge = rungs[profile]
    climbed = [_LADDER[r] for r in _LADDER if r <= rung]
    return ThreatModel(
        profile=profile,
        rung=rung,
        recipient=recipient,
        knowledge=knowledge,
        goals=tuple(g for goals, _ in climbed for g in goals),
        attacks=tuple(a for _, attacks in climbed for a in attacks),
        earlier=earlier,
        residual_risk=_RESIDUAL,
        not_covered=f"{_across(earlier, apart)}, {_BEYOND[rung]}, and anything an attacker knows "
        "that is not listed here",
    )


def _across(earlier: int, apart: int) -> str:
    """Say which linkage across releases stays outside."""
    if not earlier and not apart:
        return "linkage across releases"
    others = "linkage with releases other than the ones that were attacked together"
    if not apart:
        return others
    named = f"linkage with {apart} earlier release{'s' if apart > 1 else ''} of other columns"
    return f"{named}, {others}" if earlier else f"{named} or with any other release"
