"""DP words: what a guarantee of the marginals generator covers, and what it takes as known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from assaymark.core.schema import Schema

__all__ = ["COVERS", "MECHANISM", "NOT_COVERED", "assumptions"]

MECHANISM = (
    "counts with discrete Gaussian noise, and choices by the exponential mechanism, composed by "
    "zero-concentrated differential privacy"
)
COVERS = "the rows that the generator was given, in the released rows and the fitted model"
NOT_COVERED = (
    "what this release says of real rows besides: the evaluation on rows held out, the pictures of "
    "the report and the rounded numbers of rows and persons are computed from real rows and are "
    "not charged",
    "what a released row says of people who are not in the source: a true finding about a group "
    "holds for its members",
    "how long the computation took, and what the machine that ran it kept",
    "rows of other persons that tell of this person, such as relatives'",
)


def assumptions(schema: Schema, declared: Collection[str]) -> tuple[str, ...]:
    """Return what is taken as known to everybody, without a charge."""
    told = [c.name for c in schema.columns if c.name not in declared]
    said = [
        "names, order and number of the columns; declared bounds, categories, transformations",
        "which rows the generator was given is decided person by person",
        "the operating system's random numbers cannot be foreseen",
    ]
    if told:
        said.append(
            "kinds and codes for missing values, which were told from the rows without a charge, "
            f"for {', '.join(told)}"
        )
    return tuple(said)
