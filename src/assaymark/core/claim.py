"""Claims: what users want to conclude from the rows, as ``[[claim]]`` of a recipe says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from assaymark.core.document import Document

__all__ = ["CLAIMS", "ClaimSpec", "Mean", "Quantile", "Query", "Regression", "Share"]

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


class Share(_Claim):
    """The share of rows of which ``condition`` is true."""

    kind: Literal["share"]
    condition: str


class Quantile(_Claim):
    """The value of a number that the share ``quantile`` of the rows does not exceed."""

    kind: Literal["quantile"]
    column: str
    quantile: float = Field(default=0.5, gt=0, lt=1)


class Regression(_Claim):
    """The coefficients of a regression; ``formula`` reads like ``ill ~ age + sex + age:sex``.

    ``family`` is ``"ols"``, ``"logistic"``, ``"poisson"`` or ``"cox"``; then the outcome is a time,
    and ``event`` the column that says whether it ended with the event.
    """

    kind: Literal["regression"]
    formula: str
    family: Literal["ols", "logistic", "poisson", "cox"] = "ols"
    event: str = ""


class Query(_Claim):
    """What an SQL query over the table ``data`` returns: groups first, the last column a number.

    It is run by DuckDB on the rows alone: no file and no network is open to it.
    """

    kind: Literal["query"]
    sql: str
    uses: tuple[Use, ...] = ("analytics",)
    time_limit: float = Field(default=10.0, gt=0, le=600)


CLAIMS: dict[str, type[_Claim]] = {
    "mean": Mean,
    "share": Share,
    "quantile": Quantile,
    "regression": Regression,
    "query": Query,
}

ClaimSpec = Annotated[
    Mean | Share | Quantile | Regression | Query,
    Field(discriminator="kind"),
]
