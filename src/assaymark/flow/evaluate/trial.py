"""Trial: one recipe of a comparison, fitted several times, timed, scored and attacked."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.case import Case
from assaymark.core.comparison import Attack, Figure
from assaymark.core.evidence import Evidence
from assaymark.decide.gate import judge
from assaymark.decide.policy import USES
from assaymark.evaluate.statistics import symmetric
from assaymark.evaluate.yardstick import closeness
from assaymark.flow.evaluate.measure import SUITE, measure, quantities
from assaymark.flow.generate.fit import fit, refitter
from assaymark.generate.extras import EXTRAS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assaymark.core.comparison import Held
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Measurement
    from assaymark.core.protocols import Model
    from assaymark.core.recipe import GenerateSpec
    from assaymark.core.streams import Streams
    from assaymark.core.threat import ThreatModel
    from assaymark.decide.policy import Policy
    from assaymark.flow.progress import Progress
    from assaymark.flow.source.queries import Asked
    from assaymark.source.split import Split

__all__ = ["Bench", "Made", "Spent", "attacks_of", "held_of", "made_of", "mean_of", "measured_of"]

_WARM = 300
_MANY = 50_000
_SOON = 1.0  # processor seconds of sampling below which many rows are drawn to time it
_EXCESS = "excess_tpr"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bench:
    """What all recipes of a comparison share: split, policy, attacker, repeats, who asks.

    ``most`` is how many rows of each side closeness looks at.
    """

    parts: Split
    policy: Policy
    threat: ThreatModel
    asked: Asked
    streams: Streams
    repeats: int
    most: int
    metrics: tuple[str, ...]
    progress: Progress

    @property
    def held_out(self) -> Dataset:
        """One random row of each person of the development part; no other part is looked at."""
        return self.thin(self.parts.development, "holdout")

    def thin(self, part: Dataset, name: str) -> Dataset:
        """Return one random row of each person, as each weighs one in the fit."""
        return part.one_row_each(self.streams.child("one row each", name).generator())

    def record(self, who: str, parts: tuple[str, ...]) -> None:
        """Put into the ledger that ``who`` is given these parts."""
        named = tuple("development" if p == "holdout" else p for p in parts)
        self.asked.record(who, "compare", named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Processor seconds of each fit, and rows drawn in one processor second."""

    fits: tuple[float, ...]
    rows_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """The first fit's rows, the closeness of each fit's rows, and what it took."""

    rows: Dataset
    scores: tuple[float, ...]
    spent: Spent
    holds_records: bool


def made_of(spec: GenerateSpec, name: str, bench: Bench, said: Callable[[str], None]) -> Made:
    """Fit ``repeats`` times, each by its own random numbers, and score each fit's rows."""
    train, holdout = bench.parts.train, bench.held_out

    def fitted(rows: Dataset, streams: Streams) -> Model:
        return fit(spec, rows, streams, lambda who, _why: bench.record(who, ("train",)))

    if spec.generator not in EXTRAS:  # compiles what is not compiled yet
        few = fitted(train.take(np.arange(min(_WARM, train.n))), bench.streams.child("warm"))
        few.sample(range(9), bench.streams.child("warm"))
    fits, scores, first, model = [], [], None, None
    for i in range(bench.repeats):
        said(f"fit {i + 1} of {bench.repeats}")
        own = bench.streams.child("fit", name, i)
        begun = _spent()
        model = fitted(train, own)
        fits.append(_spent() - begun)
        begun = _spent()
        made = model.sample(range(train.n), own.child("sample"))
        speed = _speed(model, made.n, _spent() - begun, own)
        said(f"telling rows apart, {i + 1} of {bench.repeats}")
        bench.record("yardstick", ("holdout",))
        scores.append(closeness(made, holdout, bench.streams.child("tell", i), most=bench.most))
        first = made if first is None else first
    assert first is not None  # noqa: S101
    assert model is not None  # noqa: S101
    return Made(
        rows=first,
        scores=tuple(scores),
        spent=Spent(fits=tuple(fits), rows_per_second=speed),
        holds_records=model.holds_records,
    )


def measured_of(spec: GenerateSpec, made: Made, bench: Bench) -> tuple[Measurement, ...]:
    """Attack the rows, and train on them where a target is declared."""
    case = Case(
        schema=bench.parts.train.schema,
        train=bench.parts.train,
        holdout=bench.parts.development,
        reference=bench.parts.reference,
        synthetics=(made.rows,),
        threat=bench.threat,
        refit=refitter(spec),
    )
    return measure(
        case,
        bench.streams.child("measure"),
        only=bench.metrics,
        person_weighs_one=True,
        record=bench.record,
        progress=bench.progress,
    )


def attacks_of(measured: Sequence[Measurement], policy: Policy) -> tuple[Attack, ...]:
    """Return the attacks, each with the rule of the policy that judges it and what that says."""
    evidence = Evidence.of(measured, candidate="compared", stage="development", suite=SUITE)
    verdicts = {
        (v.measurement.metric, v.measurement.subject): v
        for v in judge(policy, evidence, USES, candidate="compared").verdicts
        if v.rule.severity == "block" and v.measurement.n
    }
    titles = {name: q.title for name, q in quantities().items()}
    found = []
    for m in measured:
        if m.metric.startswith("tstr."):
            continue
        verdict = verdicts.get((m.metric, m.subject))
        found.append(
            Attack(
                metric=m.metric,
                subject=m.subject,
                title=titles[m.metric],
                figure=Figure.of(m),
                chance=m.baseline or 0.0,
                n=m.n,
                rule="" if verdict is None else verdict.rule.id,
                verdict="" if verdict is None else verdict.verdict.value,
            )
        )
    return tuple(found)


def held_of(attacks: Sequence[Attack]) -> tuple[Held, Attack | None]:
    """Return whether the attacks fail, and the one that calls most members by their name."""
    said = [a.verdict for a in attacks if a.verdict]
    known = [a for a in attacks if a.metric.endswith(_EXCESS) and a.figure.value is not None]
    worst = max(known, key=lambda a: a.figure.value or 0.0, default=None)
    if "FAIL" in said:
        return "leaks", worst
    if not any(a.figure.value is not None for a in attacks):
        return "not measured", worst
    return ("held" if said and set(said) == {"PASS"} else "not shown"), worst


def mean_of(values: Sequence[float], *, least: float = -1.0, most: float = 1.0) -> Figure:
    """Return the mean with a 95 % t interval, which needs two values."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Figure(value=round(mean, 6))
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    found = symmetric(mean, error, degrees=len(values) - 1)
    return Figure(
        value=round(mean, 6),
        low=round(max(least, found.low), 6),
        high=round(min(most, found.high), 6),
    )


def _speed(model: Model, drawn: int, seconds: float, streams: Streams) -> float:
    if seconds < _SOON:
        begun = _spent()
        drawn = model.sample(range(_MANY), streams.child("speed")).n
        seconds = _spent() - begun
    return drawn / max(seconds, 1e-6)


def _spent() -> float:
    """Return the processor seconds of this process and its children so far."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
