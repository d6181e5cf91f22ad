"""Measurement: one number with its uncertainty and what it is about, or the reason for none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NO_SUBJECT", "Json", "Measurement", "Quantity"]

NO_SUBJECT = "none:to judge"
"""Subject by which a metric says that a rule on it would be about nothing: nothing was declared,
or no group is large enough. The gate passes over such a rule; it does not where the threat model
requires the metric, or where the metric says nothing at all."""

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What a metric can yield: full name, plain title, unit, and which side is good.

    ``gate`` is False where the quantity has no valid use in a rule (a debugging view such as
    distance to the closest record); a policy that names it is rejected with ``why_not``.
    ``pitfalls`` says what a good value does not show.
    """

    name: str
    title: str
    unit: str
    better: Literal["lower", "higher", "zero"]
    meaning: str
    gate: bool = True
    why_not: str = ""
    pitfalls: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measured value, or the reason there is none.

    Attributes
    ----------
    metric
        Full name of the quantity, ``<module>.<quantity>``, e.g. ``"membership.auc"``.
    subject
        What it is about: ``"table"``, ``"column:age"``, ``"pair:age,sex"``, ``"group:race=Other"``,
        ``"model:logistic"``, ``"records:isolated"``.
    value
        Best estimate in the quantity's unit; ``None`` exactly when ``reason`` is set.
    low, high
        Bounds of the two-sided interval at ``confidence``; both ``None`` for a value that has no
        sampling uncertainty only if the quantity is a plain count or is never gated.
    n
        Number of independent units (persons, attacks, test rows) behind ``value``.
    floor
        What the same measurement gives between train and holdout: sampling noise.
    baseline
        What the trivial generator (independent marginals) or a guess without the data gives.
    limit_of_detection
        Smallest planted effect, same unit, that this measurement was shown to catch; ``None``
        where no positive control was run or none was caught.
    details
        JSON for pictures and appendices (ROC points, top features, controls); never judged.
    """

    metric: str
    subject: str = "table"
    value: float | None
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    n: int
    floor: float | None = None
    baseline: float | None = None
    limit_of_detection: float | None = None
    reason: str = ""
    details: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.reason):
            raise ValueError(f"{self.metric}: either a value or a reason, never both or neither")
        numbers = (
            *(self.value, self.low, self.high, self.floor, self.baseline),
            *(self.limit_of_detection, self.confidence),
        )
        if any(x is not None and not math.isfinite(x) for x in numbers):
            raise ValueError(f"{self.metric}: not a finite number in {numbers}")
        if (self.low is None) != (self.high is None):
            raise ValueError(f"{self.metric}: an interval has two ends")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"{self.metric}: interval [{self.low}, {self.high}] is upside down")

    @classmethod
    def missing(
        cls, metric: str, reason: str, subject: str = "table", *, n: int = 0
    ) -> Measurement:
        """Record that ``metric`` could not be measured; a policy never passes on it."""
        return cls(metric=metric, subject=subject, value=None, n=n, reason=reason)

    def rounded(self) -> Measurement:
        """Return the measurement as it is published: to what its interval supports.

        Two significant digits of the interval's half width, ends outwards, so that no verdict is
        won by rounding and no digit says more about the source than the interval does. Six
        significant digits where there is no interval.
        """
        low, high = self.low, self.high
        if low is None or high is None or high <= low:
            plain = (self.value, low, high, self.floor, self.baseline)
            value, low, high, floor, baseline = (_round(x) for x in plain)
        else:
            places = 1 - math.floor(math.log10((high - low) / 2))
            low, high = _to(low, places, ROUND_FLOOR), _to(high, places, ROUND_CEILING)
            value, floor, baseline = (
                None if x is None else _to(x, places, ROUND_HALF_EVEN)
                for x in (self.value, self.floor, self.baseline)
            )
        return replace(
            self,
            value=value,
            low=low,
            high=high,
            floor=floor,
            baseline=baseline,
            limit_of_detection=_round(self.limit_of_detection),
        )


def _round(x: float | None) -> float | None:
    return None if x is None else float(f"{x:.{_DIGITS}g}")


def _to(x: float, places: int, rounding: str) -> float:
    """Round to so many decimal places (negative: tens, hundreds), exactly and once for all."""
    return float(Decimal(repr(x)).quantize(Decimal(1).scaleb(-places), rounding=rounding)) + 0.0
