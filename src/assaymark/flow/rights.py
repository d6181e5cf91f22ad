"""Rights: what the owner of a source allows, and what must be there before rows are released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.errors import NotApprovedError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.recipe import Recipe, Rights
    from assaymark.decide.policy import Policy

__all__ = ["blocked", "check_uses"]


def blocked(rights: Rights, policy: Policy, statuses: Sequence[str]) -> tuple[str, ...]:
    """Say what keeps approved rows from being released; rights are asked for only then."""
    if "approved" not in statuses:
        return ()
    found = []
    if not rights.owner:
        found.append("[source.rights] names no owner: say who may decide about these rows")
    if not (rights.licence or rights.basis):
        found.append(
            "[source.rights] gives neither a licence nor a legal basis: fill in one of the two"
        )
    if policy.require_second_person:
        found.append(
            f"policy {policy.name!r} requires a second person, and none is registered in this "
            "workspace: set require_second_person = false in a policy of your own to attest alone"
        )
    return tuple(found)


def check_uses(recipe: Recipe, wanted: Sequence[str]) -> None:
    """Refuse uses that nobody knows, and those that the source's rights do not allow.

    Raises
    ------
    NotApprovedError
        When the rights name purposes and a use is not among them.
    """
    known = ("policy_simulation", "analytics", "pretraining")
    for use in wanted:
        if use not in known:
            raise UnknownNameError("use", use, known)
    allowed = recipe.source.rights.purposes
    for purpose in allowed:
        if purpose not in known:
            raise UnknownNameError("purpose", purpose, known, "[source.rights]")
    outside = [u for u in wanted if allowed and u not in allowed]
    if outside:
        raise NotApprovedError(
            f"the source's rights allow {', '.join(allowed)}, not {', '.join(outside)}; the table "
            "was not read\n\nHint: ask the owner, then add the use to purposes in "
            "[source.rights], or ask for another use"
        )
