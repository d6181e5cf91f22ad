"""Groups: whether a release is fit for the groups of people that its decision says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.release.predicates import Decided
    from assaymark.release.reading import Reading
    from assaymark.release.verification import Verification

__all__ = ["check_groups"]


def check_groups(
    state: Reading, decided: Decided, uses: Mapping[str, str], found: Verification
) -> None:
    """Judge the evidence again: what it says of each use and group is what the decision says.

    ``uses`` is what the evidence says of each use.

    Raises
    ------
    IntegrityError
        When the decision says something else.
    """
    if not decided.fitness:
        found.lack(6, "Groups", "the decision says nothing of groups of people")
        return
    evidence = [(state.file(f"evidence/{s.stage}.json"), tuple(s.uses)) for s in decided.stages]
    again = state.policies.refitness(
        state.file("policy.toml"), evidence, uses, decided.candidate, state.waivers, decided.gate
    )
    if again != decided.fitness:
        raise IntegrityError("the evidence finds other groups fit than the decision says")
    cells = [c for groups in again.values() for c in groups.values()]
    counts = ", ".join(f"{cells.count(c)} {c}" for c in dict.fromkeys(cells))
    found.hold(6, "Groups", f"of each use and group, judged again: {counts}")
