"""Claims: what users want to conclude from the rows, as ``[[claim]]`` of a recipe says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from assaymark.core.document import Document

__all__ = ["CLAIMS", "ClaimSpec", "Mean"]

Use = Literal["policy_simulation", "analytics", "pretraining"]


class _Claim(Document):
    """What every claim says: its ``name``, whom it is about, and how far it may be off.

    ``where`` is a condition on rows (see :mod:`assaymark.core.where`), ``by`` a column whose groups
    are looked at one by one too. ``margin`` is the difference between real and synthetic rows that
    would not change a decision, in the estimand's own unit; 0 takes the kind's default.
    """

    name: str = Field(min_length=1, max_length=80)
    uses: tuple[Use, ...] = ("policy_simulation", "analytics")
    where: str = ""
    by: str = ""
    margin: float = Field(default=0.0, ge=0)


class Mean(_Claim):
    """The mean of a number, or the share of rows that a yes/no column is true of."""

    kind: Literal["mean"]
    column: str


CLAIMS: dict[str, type[_Claim]] = {"mean": Mean}

ClaimSpec = Annotated[Mean, Field(discriminator="kind")]
