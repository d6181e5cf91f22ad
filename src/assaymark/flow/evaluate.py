"""Evaluate: run the metrics on a case, each on its own random stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark import __version__
from assaymark.core.measurement import Measurement
from assaymark.errors import UnknownNameError
from assaymark.evaluate import metrics
from assaymark.flow.progress import silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.case import Case
    from assaymark.core.measurement import Quantity
    from assaymark.core.streams import Streams
    from assaymark.flow.progress import Progress

__all__ = ["SUITE", "measure", "quantities", "wanted_metrics"]

SUITE = f"assaymark {__version__}"


def quantities() -> dict[str, Quantity]:
    """Return every quantity that any registered metric can yield, by full name."""
    return {q.name: q for name in metrics.names() for q in metrics.load(name).quantities}


def wanted_metrics(only: Sequence[str]) -> list[str]:
    """Return the metrics to run: all, or those called ``only`` (a metric or a quantity)."""
    known = metrics.names()
    if not only:
        return known
    chosen = [o.partition(".")[0] for o in only]
    for name in chosen:
        if name not in known:
            raise UnknownNameError("metric", name, known)
    return [n for n in known if n in chosen]


def measure(
    case: Case, streams: Streams, *, only: Sequence[str] = (), progress: Progress = silent
) -> tuple[Measurement, ...]:
    """Run the metrics on ``case`` and return what they say, numbers rounded as published.

    A metric that cannot measure yields a reason; one that raises is a defect and stops the run,
    so that nothing passes on a measurement that is not there.
    """
    names = wanted_metrics(only)
    found: list[Measurement] = []
    for i, name in enumerate(names):
        progress("evaluate", name.replace("_", " "), i / len(names))
        metric = metrics.build(name)
        found += [m.rounded() for m in metric.measure(case, streams.child("evaluate", name))]
    progress("evaluate", f"{len(found)} measurements", 1.0)
    return tuple(found)
