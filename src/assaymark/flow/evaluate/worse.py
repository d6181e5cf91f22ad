"""Worse: of two measurements of the same thing, the one that no rule likes better."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.core.measurement import Measurement, Quantity
    from assaymark.core.protocols import Metric

__all__ = ["worse_of"]


def worse_of(
    metric: Metric, alone: Iterable[Measurement], together: Iterable[Measurement]
) -> list[Measurement]:
    """Return, for each quantity and subject, what is worse of rows alone and with earlier ones.

    No measurement is worse than any, so that a rule passes only where both would; the limit of
    detection is the larger one. A quantity for which the metric failed in either gives the reason
    only. The other value stays in the details as a sentence.
    """
    known = {q.name: q for q in metric.quantities}
    both = {_of(m): m for m in alone}
    for m in together:
        before = both.get(_of(m))
        both[_of(m)] = m if before is None else _worse(known[m.metric], before, m)
    failed = {name for name, subject in both if subject == "*"}
    return [m for (name, subject), m in both.items() if subject == "*" or name not in failed]


def _of(m: Measurement) -> tuple[str, str]:
    return m.metric, m.subject


def _worse(quantity: Quantity, alone: Measurement, together: Measurement) -> Measurement:
    if alone.value is None or together.value is None:
        return alone if alone.value is None else together
    is_alone = _badness(quantity, alone) > _badness(quantity, together)
    worse, other = (alone, together) if is_alone else (together, alone)
    limits = [m.limit_of_detection for m in (alone, together)]
    known = [x for x in limits if x is not None]
    whose = ("these rows alone", "these rows together with earlier releases")
    here, there = whose if is_alone else whose[::-1]
    return replace(
        worse,
        limit_of_detection=max(known) if len(known) == len(limits) else None,
        details={
            **worse.details,
            "exposure": f"The figure is of {here}; {there} gave {other.value:.3g}.",
        },
    )


def _badness(quantity: Quantity, m: Measurement) -> float:
    """Return the end of the interval that a rule looks at, larger where it is worse."""
    assert m.value is not None  # noqa: S101
    low, high = (m.value if end is None else end for end in (m.low, m.high))
    return {"lower": high, "higher": -low, "zero": max(abs(low), abs(high))}[quantity.better]
