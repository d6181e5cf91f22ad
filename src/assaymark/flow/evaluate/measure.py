"""Evaluate: run the metrics on a case, each on its own random stream."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assaymark import __version__
from assaymark.core.measurement import Measurement
from assaymark.core.time_limit import LIMIT, check_limit, within
from assaymark.errors import TimeUp, UnknownNameError
from assaymark.evaluate import metrics
from assaymark.flow.evaluate.worse import worse_of
from assaymark.flow.progress import silent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Quantity
    from assaymark.core.protocols import Metric
    from assaymark.core.streams import Streams
    from assaymark.flow.progress import Progress

__all__ = ["SUITE", "measure", "one_row_each", "quantities", "wanted_metrics"]

SUITE = f"assaymark {__version__}"


def quantities() -> dict[str, Quantity]:
    """Return every quantity that any registered metric can yield, by full name."""
    return {q.name: q for name in metrics.names() for q in metrics.load(name).quantities}


def wanted_metrics(only: Sequence[str]) -> list[str]:
    """Return the metrics to run: all, or those called ``only``: a metric, a quantity, or a family.

    A family is the folder that metrics are in, such as ``fairness``, and means all of them. All
    are those but the ones that are measured on request only.
    """
    known = metrics.names()
    if not only:
        return [n for n in known if not getattr(metrics.load(n), "on_request", False)]
    families = {n: metrics.family(n) for n in known}
    chosen = [o.partition(".")[0] for o in only]
    for name in chosen:
        if name not in known and name not in families.values():
            raise UnknownNameError("metric", name, [*known, *sorted(set(families.values()))])
    return [n for n in known if n in chosen or families[n] in chosen]


def _unrecorded(who: str, parts: tuple[str, ...]) -> None:
    """Do nothing: where there is no account of who looks at real rows."""


def measure(  # noqa: PLR0913
    case: Case,
    streams: Streams,
    *,
    only: Sequence[str] = (),
    person_weighs_one: bool = False,
    time_limit: float = LIMIT,
    record: Callable[[str, tuple[str, ...]], None] = _unrecorded,
    progress: Progress = silent,
) -> tuple[Measurement, ...]:
    """Run the metrics on ``case`` and return what they say, numbers rounded as published.

    Where each person weighed one in the fit, fidelity, utility and fairness compare with one
    random row of each real person; attacks always see all rows of a person.

    ``record`` is told before each metric is given real rows: its name, and which of train,
    holdout and reference it is given.

    Where there are earlier releases, each privacy metric measures twice: these rows alone, and
    together with all earlier ones. What is worse counts, for rows that say little may hide in a
    crowd of others what they say by themselves.

    A metric that cannot measure yields a reason. One that raises, or does not end within
    ``time_limit`` seconds, gives that reason for each of its quantities, and nothing that it
    measured before: a rule that asks for it is NOT_RUN, and the others are still judged.
    """
    check_limit(time_limit)
    names = wanted_metrics(only)
    attacks = [n for n in names if metrics.family(n) == "privacy"]
    thin = one_row_each(case, streams) if person_weighs_one else case
    alone = replace(case, earlier=())
    steps = [(n, alone if n in attacks else thin) for n in names]
    steps += [(n, case) for n in attacks if case.earlier]
    found: dict[str, list[Measurement]] = {}
    for i, (name, seen) in enumerate(steps):
        progress("evaluate", name.replace("_", " "), i / len(steps))
        metric = metrics.build(name)
        record(name, _real_parts(seen))
        measured = _safely(metric, name, seen, streams.child("evaluate", name), time_limit)
        before = found.get(name)
        found[name] = measured if before is None else worse_of(metric, before, measured)
    every = tuple(m for name in names for m in found[name])
    progress("evaluate", f"{len(every)} measurements", 1.0)
    return every


def _real_parts(case: Case) -> tuple[str, ...]:
    parts = {"train": case.train, "holdout": case.holdout, "reference": case.reference}
    return tuple(name for name, rows in parts.items() if rows is not None)


def _safely(
    metric: Metric, name: str, case: Case, streams: Streams, time_limit: float
) -> list[Measurement]:
    said = name.replace("_", " ")

    def measured() -> list[Measurement]:
        return [
            replace(m, details={**m.details, "stream": streams.name}).rounded()
            for m in metric.measure(case, streams)
        ]

    try:
        return within(time_limit, measured)
    except TimeUp:
        late = f"{said} did not end within {time_limit:g} s"
        missing = [Measurement.missing(q.name, late, "*") for q in metric.quantities]
        return [replace(m, details={"late": time_limit}) for m in missing]
    except Exception as error:  # noqa: BLE001 - any plug-in may fail in any way; fail closed
        # the message of the error may quote a row, and reasons are published
        reason = f"{said} failed with {type(error).__name__}"
        return [Measurement.missing(q.name, reason, "*") for q in metric.quantities]


def one_row_each(case: Case, streams: Streams) -> Case:
    """Return the case with one random row of each real person: the population that was fitted."""

    def thinned(part: Dataset, name: str) -> Dataset:
        return part.one_row_each(streams.child("one row each", name).generator())

    return replace(
        case,
        train=thinned(case.train, "train"),
        holdout=None if case.holdout is None else thinned(case.holdout, "holdout"),
        reference=None if case.reference is None else thinned(case.reference, "reference"),
    )
