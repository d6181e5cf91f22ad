"""Outcome: what ``run`` and ``evaluate`` print with ``--json``; numbers are JSON numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from assaymark.core.measurement import Measurement
from assaymark.decide.verdict import UseStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.decide.verdict import RuleVerdict

__all__ = ["Outcome", "VerdictRow", "verdict_rows"]

Stage = Literal["development", "confirmation", "given files", "cross-fit"]


class VerdictRow(BaseModel):
    """One rule on one subject for one use. Numbers are absent where nothing was measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    metric: str
    subject: str
    use: str
    stage: Stage
    severity: Literal["block", "warn", "info"]
    verdict: Verdict
    value: float | None
    low: float | None
    high: float | None
    threshold: float
    direction: Literal["at_most", "at_least", "within"]
    n: int
    limit_of_detection: float | None
    reason: str


class Outcome(BaseModel):
    """The whole result of one ``run`` or ``evaluate``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_id: Literal["assaymark/outcome/v0"] = "assaymark/outcome/v0"
    command: Literal["run", "evaluate"]
    name: str
    uses: dict[str, UseStatus] = Field(description="Each requested use and what the gate says.")
    fitness: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="For each use and group of people: fit, not fit, or not enough evidence.",
    )
    policy: str = Field(description="Name of the policy.")
    policy_digest: str = Field(description="SHA-256 of the policy's bytes.")
    profile: str = Field(description="Profile of recipients: controlled, open or enclave.")
    candidate: str = Field(description="Digest of the exact rows that were judged.")
    verdicts: tuple[VerdictRow, ...]
    notices: tuple[str, ...] = Field(description="What a reader must know first.")
    blocked: tuple[str, ...] = Field(description="What keeps an approved use from a release.")
    waiting: tuple[str, ...] = Field(
        default=(), description="Which approvals a decision that is READY waits for."
    )
    attempts: int = Field(description="Distinct candidates so far for the same source.")
    earlier: tuple[str, ...] = Field(
        description="Digests of the earlier releases of the same people attacked with these rows."
    )
    release: str | None = Field(description="Folder of the signed release, if one was issued.")
    report: str | None = Field(description="The HTML report.")

    @property
    def approved(self) -> bool:
        """Whether every requested use is approved and nothing blocks a release asked for."""
        every = all(s is UseStatus.APPROVED for s in self.uses.values())
        return bool(self.uses) and every and not (self.blocked or self.waiting)


def verdict_rows(
    verdicts: Sequence[RuleVerdict], stage: Stage, *, numbers: bool = True
) -> tuple[VerdictRow, ...]:
    """Return ``verdicts`` as rows; without ``numbers``, verdicts only (sealed confirmation)."""
    return tuple(_row(v, v.measurement, stage, numbers=numbers) for v in verdicts)


def _row(v: RuleVerdict, m: Measurement, stage: Stage, *, numbers: bool) -> VerdictRow:
    return VerdictRow(
        rule=v.rule.id,
        metric=v.rule.metric,
        subject=m.subject,
        use=v.use,
        stage=stage,
        severity=v.rule.severity,
        verdict=v.verdict,
        value=m.value if numbers else None,
        low=m.low if numbers else None,
        high=m.high if numbers else None,
        threshold=v.rule.threshold,
        direction=v.rule.direction,
        n=m.n,
        limit_of_detection=m.limit_of_detection if numbers else None,
        reason=v.reason,
    )
