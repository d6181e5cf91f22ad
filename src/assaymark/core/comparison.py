"""Comparison: what `compare` prints with ``--json`` and draws as a page; numbers are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from assaymark.core.measurement import Measurement

__all__ = ["Attack", "Comparison", "Contender", "Figure", "Held", "Hygiene", "Plain"]

Held = Literal["leaks", "not shown", "held", "not measured"]


class Plain(BaseModel):
    """An immutable part of what is printed as JSON; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(Plain):
    """A number with its 95 % interval; ``value`` is null exactly where there is a reason."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    @classmethod
    def of(cls, m: Measurement) -> Figure:
        """Return the figure of a measurement."""
        return cls(value=m.value, low=m.low, high=m.high, reason=m.reason)

    @classmethod
    def missing(cls, reason: str) -> Figure:
        """Return what stands where there is no number."""
        return cls(value=None, reason=reason)


class Attack(Plain):
    """One attack on one group of people, held against the rule of the policy that judges it."""

    metric: str
    subject: str
    title: str
    figure: Figure
    chance: float
    n: int
    rule: str = Field(description="The rule of the policy that judges it, empty where none does.")
    verdict: str = Field(description="PASS, FAIL, INCONCLUSIVE or NOT_RUN, empty without a rule.")


class Hygiene(Plain):
    """Rows that occur twice, and what train and holdout share; see `docs/compare.md`."""

    train_rows: int
    holdout_rows: int
    train_doubles: int
    holdout_doubles: int
    shared_rows: int
    share_by_chance: float = Field(description="Share of train people with another's row.")
    shared_persons: int
    limit: float
    words: str


class Contender(Plain):
    """One recipe: how close its rows are, what they are good for, what they leak, what it costs."""

    name: str
    generator: str
    parameters: dict[str, bool | int | float | str]
    columns: int
    closeness: Figure = Field(description="1: not told apart from the holdout; 0: always.")
    behind: Figure = Field(description="The closest contender's score less this one's, paired.")
    utility: Figure = Field(description="Score of boosted trees trained on synthetic rows.")
    utility_loss: Figure = Field(description="The same trained on real rows, less that.")
    worst: Attack | None = Field(description="The most successful attack at 5 % false alarms.")
    attacks: tuple[Attack, ...]
    held: Held = Field(description="leaks: an attack's rule is FAIL; held: all are PASS.")
    fit_seconds: float | None = Field(description="Processor seconds of a fit, mean.")
    rows_per_second: float | None = Field(description="Rows drawn in a processor second.")
    holds_records: bool = Field(description="Whether its rows may never be handed on.")
    reason: str = Field(description="Why it has no figures, empty where it has.")


class Comparison(Plain):
    """Several recipes on one split of one table."""

    schema_id: Literal["assaymark/comparison/v0"] = "assaymark/comparison/v0"
    name: str
    made_at: str
    profile: str
    policy: str
    target: str | None
    score: str = Field(description="What utility is: AUC or R squared; empty without a target.")
    ceiling: Figure = Field(description="The closeness of train itself to the holdout.")
    real_utility: Figure = Field(description="Score of the model that was trained on real rows.")
    repeats: int = Field(description="Fits of each recipe behind closeness and cost.")
    rows_told_apart: int = Field(description="Rows of each side that closeness looks at.")
    told_by: str = Field(description="The package whose boosted trees tell rows apart.")
    hygiene: Hygiene
    contenders: tuple[Contender, ...]
    notices: tuple[str, ...]
    report: str | None
