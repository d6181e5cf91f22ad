"""Evidence: the measurements of one candidate, as signed and as decided upon."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from assaymark.core.document import Document, decimal
from assaymark.core.measurement import Measurement
from assaymark.core.opening import Opening
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Evidence", "MeasurementRecord", "Stage"]

Stage = Literal["development", "confirmation", "given files", "cross-fit"]


class MeasurementRecord(Document):
    """A :class:`Measurement` with decimal strings; pictures' details are kept elsewhere."""

    metric: str
    subject: str
    value: str | None
    low: str | None
    high: str | None
    confidence: str
    n: int
    floor: str | None
    baseline: str | None
    limit_of_detection: str | None
    reason: str

    @classmethod
    def of(cls, m: Measurement) -> MeasurementRecord:
        """Return the record of ``m``."""
        return cls(
            metric=m.metric,
            subject=m.subject,
            value=decimal(m.value),
            low=decimal(m.low),
            high=decimal(m.high),
            confidence=f"{m.confidence:g}",
            n=m.n,
            floor=decimal(m.floor),
            baseline=decimal(m.baseline),
            limit_of_detection=decimal(m.limit_of_detection),
            reason=m.reason,
        )

    def measurement(self) -> Measurement:
        """Return the measurement that the published strings stand for.

        Raises
        ------
        IntegrityError
            When they are no finite numbers, or do not belong together.
        """
        try:
            return Measurement(
                metric=self.metric,
                subject=self.subject,
                value=_number(self.value),
                low=_number(self.low),
                high=_number(self.high),
                confidence=float(self.confidence),
                n=self.n,
                floor=_number(self.floor),
                baseline=_number(self.baseline),
                limit_of_detection=_number(self.limit_of_detection),
                reason=self.reason,
            )
        except ValueError as error:
            raise IntegrityError(f"the evidence holds what is no measurement: {error}") from error


class Evidence(Document):
    """All measurements of one candidate on one holdout; verdicts are computed from these bytes.

    ``about`` says what was measured where that is not the candidate's rows themselves.
    ``earlier`` are the digests of the earlier releases of the same people that every attack saw
    beside the candidate. ``opened`` says how often each metric was given which part of the real
    rows for it.
    """

    LATER: ClassVar[tuple[str, ...]] = ("about", "earlier", "opened")

    schema_id: Literal["assaymark/evidence/v0"] = "assaymark/evidence/v0"
    candidate: str
    stage: Stage
    suite: str
    about: str = ""
    earlier: tuple[str, ...] = ()
    opened: tuple[Opening, ...] = ()
    measurements: tuple[MeasurementRecord, ...]

    @classmethod
    def of(  # noqa: PLR0913
        cls,
        measurements: Iterable[Measurement],
        *,
        candidate: str,
        stage: Stage,
        suite: str,
        about: str = "",
        earlier: tuple[str, ...] = (),
        opened: tuple[Opening, ...] = (),
    ) -> Evidence:
        """Gather ``measurements`` of the candidate with this digest."""
        return cls(
            candidate=candidate,
            stage=stage,
            suite=suite,
            about=about,
            earlier=earlier,
            opened=opened,
            measurements=tuple(MeasurementRecord.of(m) for m in measurements),
        )

    def values(self) -> tuple[Measurement, ...]:
        """Return the measurements as numbers, exactly as published."""
        return tuple(r.measurement() for r in self.measurements)


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
