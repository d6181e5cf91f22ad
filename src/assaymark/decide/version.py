"""Version of the gate: by which rules of judging a decision was made, so that it can be repeated.

A release says which version judged it. Whoever changes what the gate makes of the same policy and
the same evidence (how it adjusts for many rules, which attacks a profile requires) raises ``GATE``
and keeps the earlier way, in `release/alone/gate.py` too: old releases verify for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.threat import Profile
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GATE", "GATES", "attacks_of"]

GATE = "2"
"""The version that judges now."""

_K1 = (
    *("copies.exact_excess", "copies.most_repeated", "near_copies.excess", "singling_out.excess"),
    *("copies.isolated_excess", "linkability.excess", "attribute_inference.excess"),
    "inference_suite.excess",
)
_K2 = (
    *("membership.auc", "membership.excess_tpr", "membership_suite.auc"),
    "membership_suite.excess_tpr",
)
_ATTACKS: Mapping[Profile, tuple[str, ...]] = {
    Profile.ENCLAVE: _K1,
    Profile.CONTROLLED: (*_K1, *_K2),
    Profile.OPEN: (*_K1, *_K2, "shadow.excess_tpr"),
}
GATES: Mapping[str, Mapping[Profile, tuple[str, ...]]] = {"1": _ATTACKS, "2": _ATTACKS}
"""The attacks that each version requires of each profile."""


def attacks_of(profile: Profile, gate: str) -> tuple[str, ...]:
    """Return the attacks that a version of the gate requires.

    Raises
    ------
    IntegrityError
        When this assaymark does not know the version.
    """
    if gate not in GATES:
        raise IntegrityError(
            f"the decision was made by version {gate!r} of the gate, and this assaymark knows "
            f"{', '.join(GATES)}\n\nHint: use a newer assaymark, or the verify.py in the release"
        )
    return GATES[gate][profile]
