"""Fixture: measurements that a policy carries, and what it must say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from assaymark.core.document import Document
from assaymark.core.measurement import Measurement
from assaymark.errors import RecipeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Fixture", "Sample", "fixture_measurements"]

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Sample(Document):
    """One measurement of a fixture; a ``reason`` instead of a value says why there is none."""

    metric: str
    subject: str = "table"
    value: Finite | None = None
    low: Finite | None = None
    high: Finite | None = None
    confidence: float = Field(default=0.95, gt=0, lt=1)
    n: int = Field(default=0, ge=0)
    limit_of_detection: Finite | None = None
    reason: str = ""

    @model_validator(mode="after")
    def _measures(self) -> Sample:
        self.measurement()
        return self

    def measurement(self) -> Measurement:
        """Return what a metric would have yielded."""
        return Measurement(
            metric=self.metric,
            subject=self.subject,
            value=self.value,
            low=self.low,
            high=self.high,
            confidence=self.confidence,
            n=self.n,
            limit_of_detection=self.limit_of_detection,
            reason=self.reason,
        )


class Fixture(Document):
    """Measurements, and what the policy must say of every one of ``uses`` (all by default).

    A fixture that must be ``approved`` is what the rules are mutated on. In one that must not be,
    ``rules`` names rules that must be among those that block. ``like`` takes the measurements of
    a fixture further up; those listed here stand in for it on the same metric and subject.
    """

    name: str
    expect: Literal["approved", "refused", "inconclusive"]
    why: str = ""
    like: str = ""
    uses: tuple[Literal["policy_simulation", "analytics", "pretraining"], ...] = ()
    rules: tuple[str, ...] = ()
    measurements: tuple[Sample, ...] = ()


def fixture_measurements(fixtures: Sequence[Fixture]) -> dict[str, tuple[Measurement, ...]]:
    """Return the measurements of each fixture by its name.

    Raises
    ------
    RecipeError
        When two have one name, or ``like`` names none that is further up.
    """
    found: dict[str, dict[tuple[str, str], Measurement]] = {}
    for f in fixtures:
        if f.name in found:
            raise RecipeError(f"the policy has two fixtures called {f.name!r}")
        if f.like and f.like not in found:
            raise UnknownNameError(
                "fixture", f.like, found or ["none"], f"fixture {f.name!r} (like: one further up)"
            )
        own = {(s.metric, s.subject): s.measurement() for s in f.measurements}
        if len(own) < len(f.measurements):
            raise RecipeError(f"fixture {f.name!r} has two measurements of one metric and subject")
        found[f.name] = {**(found[f.like] if f.like else {}), **own}
    return {name: tuple(ms.values()) for name, ms in found.items()}
