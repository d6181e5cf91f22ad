"""Privacy words: what a guarantee of differential privacy says to a reader, in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.zcdp import best_success, best_tpr

if TYPE_CHECKING:
    from assaymark.core.privacy import PrivacyGuarantee

__all__ = ["privacy_limits", "privacy_lines", "proved"]

_FALSE = 0.01


def privacy_lines(found: PrivacyGuarantee | None) -> tuple[tuple[str, str], ...]:
    """Return the guarantee as lines of label and value; none where nothing is proved."""
    if found is None:
        return ()
    return (
        ("Differential privacy", found.sentence),
        (
            "Accounting",
            f"{len(found.charges)} looks at the rows, {found.accountant} rho "
            f"{float(found.rho):.6g}; neighbours: {found.neighbours}",
        ),
        *((("Audit", found.audit.words(found.epsilon)),) if found.audit else ()),
    )


def proved(found: PrivacyGuarantee | None) -> tuple[str, ...]:
    """Return on the first screen what is proved; none where nothing is."""
    if found is None:
        return ()
    whose = "row" if found.unit == "row" else "person"
    return (
        f"Made under differential privacy: epsilon {float(found.epsilon):.6g}, delta "
        f"{float(found.delta):.6g}, for each {whose}. The noise that this takes is part of how far "
        "the rows are from real ones.",
    )


def privacy_limits(found: PrivacyGuarantee | None) -> tuple[str, ...]:
    """Return what the reader must know of the guarantee, or of there being none."""
    if found is None:
        return ("No differential privacy: nothing here is a theorem, all of it is measured.",)
    epsilon, delta = float(found.epsilon), float(found.delta)
    whose = "row" if found.unit == "row" else "person"
    right, caught = best_success(epsilon, delta), best_tpr(epsilon, delta, _FALSE)
    capped = (
        f" At most {found.rows_per_person} rows of a person were used."
        if found.unit == "person"
        else ""
    )
    return (
        f"Differential privacy, {found.sentence}: of these rows, no attacker, whatever he knows, "
        f"can tell whether one {whose} was in better than right {right:.1%} of the time at even "
        f"odds, or catch more than {caught:.1%} of those who were in at {_FALSE:.0%} false "
        f"alarms.{capped}",
        f"The guarantee does not cover {'; '.join(found.not_covered)}.",
        f"It takes as known: {'; '.join(found.assumptions)}.",
    )
