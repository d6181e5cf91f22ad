"""Claims: what users want to conclude from the rows, as ``[[claim]]`` of a recipe says."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from assaymark.core.document import Document

__all__ = [
    "CLAIMS",
    "ClaimSpec",
    "Contrast",
    "Mean",
    "Quantile",
    "Query",
    "Ranking",
    "Ratio",
    "Regression",
    "Scenario",
    "Share",
    "Tail",
    "Total",
]

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
    margin: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        found = sorted({ch for ch in name if ch in ",:*?[]\n"})
        if found:
            raise ValueError(f"a claim's name has no , : * ? [ ] in it, and this has {found}")
        return name


class Mean(_Claim):
    """The mean of a number, or the share of rows that a yes/no column is true of."""

    kind: Literal["mean"]
    column: str


class Share(_Claim):
    """The share of rows of which ``condition`` is true."""

    kind: Literal["share"]
    condition: str


class Total(_Claim):
    """The sum of a number, given for 1,000 rows of the table, weights multiplied in."""

    kind: Literal["total"]
    column: str


class Ratio(_Claim):
    """The sum of one number by the sum of another, such as spending per visit."""

    kind: Literal["ratio"]
    numerator: str
    denominator: str


class Ranking(_Claim):
    """The order of the groups of ``by`` by their mean of ``column``.

    Counted are pairs of groups whose order the real rows leave in no doubt; ``margin`` is the
    share of them that may be turned round.
    """

    kind: Literal["ranking"]
    column: str
    by: str


class Contrast(_Claim):
    """The effect of a treatment: a mean ``outcome`` where ``treated`` holds against ``control``.

    ``treated`` and ``control`` are conditions; left out, the control are all other rows.
    ``measure`` is the difference of the two means, or their ratio. ``adjust`` takes account of
    ``covariates``: the coefficient of the treatment in a linear (``"ols"``) or a ``"logistic"``
    regression (then a log odds ratio), or means within ``"strata"`` weighted by all their rows.
    """

    kind: Literal["contrast"]
    outcome: str
    treated: str
    control: str = ""
    measure: Literal["difference", "ratio"] = "difference"
    adjust: Literal["none", "ols", "logistic", "strata"] = "none"
    covariates: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Contrast:
        if (self.adjust != "none") != bool(self.covariates):
            raise ValueError(f"claim {self.name!r}: adjust and covariates go together")
        if self.measure == "ratio" and self.adjust in {"ols", "logistic"}:
            raise ValueError(f'claim {self.name!r}: a ratio is adjusted by "strata" or not at all')
        return self


class Tail(_Claim):
    """The share of rows beyond a threshold, or how far two quantiles lie apart as a ratio.

    The threshold is ``above``, or else the ``quantile`` of the real rows. With ``ratio_to`` set,
    the claim is about the ratio of the two quantiles, such as 0.9 to 0.1.
    """

    kind: Literal["tail"]
    column: str
    above: float | None = Field(default=None, allow_inf_nan=False)
    quantile: float = Field(default=0.95, gt=0, lt=1)
    ratio_to: float | None = Field(default=None, gt=0, lt=1)


class Scenario(_Claim):
    """A rule changed: what each row has ``before`` and ``after``, and who gains and loses.

    Both are formulas (see :mod:`assaymark.core.formula`). Instead, ``function`` of the Python file
    ``path`` beside the recipe takes the table as a polars frame and a random generator and returns
    a frame with the columns ``before`` and ``after``, or a series, the change; ``code`` is that
    file's text. ``per`` is a column whose rows are added up, such as a household. A change of at
    most ``tolerance`` is none.
    """

    LATER: ClassVar[tuple[str, ...]] = ("code",)

    kind: Literal["scenario"]
    before: str = ""
    after: str = ""
    path: str = ""
    function: str = ""
    code: str = ""
    per: str = ""
    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    time_limit: float = Field(default=20.0, gt=0, le=600)

    @model_validator(mode="after")
    def _whole(self) -> Scenario:
        formulas, code = bool(self.before) + bool(self.after), bool(self.path or self.code)
        if (formulas, code) not in {(2, False), (0, True)}:
            raise ValueError(
                f"claim {self.name!r} needs either before and after, two formulas, or path and "
                "function, a Python file beside the recipe and what to call in it"
            )
        if code and not self.function.isidentifier():
            raise ValueError(f"claim {self.name!r}: function must be the name of a function")
        return self


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
    "total": Total,
    "ratio": Ratio,
    "ranking": Ranking,
    "contrast": Contrast,
    "tail": Tail,
    "scenario": Scenario,
    "quantile": Quantile,
    "regression": Regression,
    "query": Query,
}

ClaimSpec = Annotated[
    Mean
    | Share
    | Total
    | Ratio
    | Ranking
    | Contrast
    | Tail
    | Scenario
    | Quantile
    | Regression
    | Query,
    Field(discriminator="kind"),
]
