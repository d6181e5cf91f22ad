"""Descent: whether a policy lets rows be this far from real ones, and what a reader is told."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.ancestry import Ancestry
    from assaymark.decide.policy import Policy
    from assaymark.release.predicates import Provenance

__all__ = ["beyond", "check_descent", "descent_words", "notices_of_descent"]

_SHOWN, _LONG = 5, 120


def beyond(ancestry: Ancestry, policy: Policy) -> tuple[str, ...]:
    """Say in what way rows are further from real ones than the policy allows, if they are."""
    return tuple(_beyond(ancestry, policy))


def _beyond(ancestry: Ancestry, policy: Policy) -> Iterator[str]:
    cap, least = policy.max_synthetic_depth, policy.min_real_fraction
    if cap is not None and ancestry.depth > cap:
        yield (
            f"synthetic depth {ancestry.depth} is beyond max_synthetic_depth = {cap} of the "
            f"policy: what is learnt from learnt rows loses the rare first; learn from "
            f"{'real rows' if cap == 1 else 'rows nearer to real ones'}"
        )
    if least is not None and Decimal(ancestry.real_fraction) < Decimal(str(least)):
        yield (
            f"{ancestry.real_fraction} of the rows learnt from are real, below min_real_fraction "
            f"= {least:g} of the policy: add real rows"
        )


def check_descent(made: Provenance, policy: Policy) -> str:
    """Return what the ancestry of a release is, in words.

    Raises
    ------
    IntegrityError
        When it does not follow from the parents, is a circle, or is beyond the policy.
    """
    made.ancestry.check(made.candidate)
    for wrong in beyond(made.ancestry, policy):
        raise IntegrityError(wrong)
    return descent_words(made.ancestry)


def descent_words(ancestry: Ancestry) -> str:
    """Return depth, real fraction and parents in words."""
    first = ancestry.parents[:_SHOWN]
    of = ", ".join(f"{p.name[:_LONG]} ({p.manifest[:16]}, {p.share} of the rows)" for p in first)
    more = len(ancestry.parents) - len(first)
    of += f" and {more:,} more" if more else ""
    whole = f"synthetic depth {ancestry.depth}, real fraction {ancestry.real_fraction}"
    return f"{whole}; learnt from {of}" if of else whole


def notices_of_descent(ancestry: Ancestry) -> tuple[str, ...]:
    """Return what a reader of a report must know, where not all was learnt from real rows."""
    if not ancestry.parents:
        return ()
    return (
        f"Learnt from synthetic rows: {descent_words(ancestry)}. What was measured here compares "
        "with those rows; what they lost of the real ones is not seen.",
    )
