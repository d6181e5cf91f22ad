"""Survival: what models of the time to an event lose by training on synthetic rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import polars as pl

from assaymark.core.claim import Regression
from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.core.schema import Kind
from assaymark.evaluate.features import encoder_of, measured_columns, numbers_of, why_incomparable
from assaymark.evaluate.models.hazards import HAZARDS, Times, concordance, cox_risk, forest_risk
from assaymark.evaluate.models.predictors import one_thread
from assaymark.evaluate.models.rehearsal import blocks_of
from assaymark.evaluate.models.two_level import difference_of, estimate, level_of
from assaymark.evaluate.statistics import persons_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.features import Encoder
    from assaymark.evaluate.models.hazards import Hazard
    from assaymark.evaluate.models.predictors import Score

__all__ = ["Survival"]

LOSS, SYNTHETIC, REAL = "survival.loss", "survival.synthetic", "survival.real"
_BLOCKS, _FEWEST, _TESTED = 3, 30, 2_000


@component
class Survival:
    """C-index lost by training on synthetic rows instead of train, tested on the holdout.

    For each ``[[claim]]`` of kind ``regression`` and family ``cox``: its outcome is the time, its
    ``event`` says whether the event came (of two values, the later one in their order). All other
    columns are features, whatever the formula names. Two models: a ridge-penalised Cox regression,
    and a forest on intervals of time; each trained on three blocks of either side (or on one block
    of each synthetic set), at most ``most_rows`` rows each, and asked about the same test rows, at
    most 2,000. The interval covers other test rows, persons counted once, and other rows to train
    on. Rows without a time, or with a negative one, are left out; a time of zero counts.

    References
    ----------
    Harrell et al. (1982), Evaluating the yield of medical tests.
    Ishwaran et al. (2008), Random survival forests.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = tuple(
        Quantity(
            name=name,
            title=title,
            unit="C-index",
            better="lower" if name == LOSS else "higher",
            meaning=meaning,
        )
        for name, title, meaning in (
            (
                LOSS,
                "Order of times lost by training on synthetic rows",
                "Share of pairs of real test rows that a model puts in the right order after real "
                "training, less that after synthetic training; 0 is no loss.",
            ),
            (
                SYNTHETIC,
                "Order of times after training on synthetic rows",
                "Share of pairs of real test rows that a model trained on synthetic rows puts in "
                "the right order; 0.5 is chance.",
            ),
            (
                REAL,
                "Order of times after training on real rows",
                "Share of pairs of real test rows that the same model trained on train puts in the "
                "right order: the yardstick.",
            ),
        )
    )

    most_rows: int = 1_500
    """Rows in a block that a model is trained on, to bound the time."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield loss and both scores of each model and claim."""
        claims = [
            c for c in case.questions.claim if isinstance(c, Regression) and c.family == "cox"
        ]
        reason = why_incomparable(case)
        if not reason and not claims:
            reason = "no claim of the recipe has a time and an event (regression, family cox)"
        if reason or case.holdout is None:
            yield from _missing(reason, "model:*", 0)
            return
        for claim in claims:
            yield from self._of_claim(claim, case, case.holdout, streams.child(claim.name))

    def _of_claim(
        self, claim: Regression, case: Case, holdout: Dataset, streams: Streams
    ) -> Iterator[Measurement]:
        time, event = claim.formula.partition("~")[0].strip(), claim.event
        subject = f"claim:{claim.name}"
        missing = [c for c in (time, event) if c not in case.schema.names]
        features = [c for c in measured_columns(case.train) if c.name not in {time, event}]
        why = f"no column {missing[0]!r}" if missing else _why_not(case, time, event)
        if why or not features:
            yield from _missing(why or "no column to predict the time from", subject, 0)
            return
        several = len(case.synthetics) > 1
        sides = (
            [_usable(case.train, time, event)],
            [_usable(s, time, event) for s in case.synthetics],
        )
        test = _usable(holdout, time, event)
        chosen = streams.child("tested").generator().permutation(test.n)[:_TESTED]
        test = test.take(np.sort(chosen))
        counts = (_BLOCKS, 1 if several else _BLOCKS)
        size = min(
            self.most_rows, *(d.n // k for side, k in zip(sides, counts, strict=True) for d in side)
        )
        if min(size, test.n) < _FEWEST:
            few = f"{min(size, test.n)} rows with a time, and {_FEWEST} are needed in each block"
            yield from _missing(few, subject, test.n_persons)
            return
        encoder = encoder_of(features, [case.train])
        real, made = (
            [
                block
                for i, d in enumerate(side)
                for block in blocks_of(d, k, size, streams.child(name, i))
            ]
            for name, side, k in zip(("real", "synthetic"), sides, counts, strict=True)
        )
        levels = case.train.frame[event].cast(pl.String).drop_nulls().unique()
        ask = _Asked(encoder, (time, event, str(levels.max())), test)
        with one_thread():
            for model in HAZARDS:
                yield from _compared(ask, model, real, made, f"{subject},model:{model}", streams)


class _Asked:
    """The test rows and how rows become features and times."""

    def __init__(self, encoder: Encoder, names: tuple[str, str, str], test: Dataset) -> None:
        self.encoder, self.rows = encoder, test
        self.time, self.event, self.came = names
        self.dense, self.ordinal = self.times(test, "cox"), self.times(test, "survival_forest")

    def times(self, rows: Dataset, model: Hazard) -> Times:
        """Return the features that ``model`` learns from, with times and events."""
        made = self.encoder.dense(rows) if model == "cox" else self.encoder.ordinal(rows)
        event = np.asarray((rows.frame[self.event].cast(pl.String) == self.came).to_numpy())
        return Times(x=made, time=numbers_of(rows.frame[self.time]), event=event)

    def score(self, model: Hazard, rows: Dataset, streams: Streams) -> Score | str:
        """Train on ``rows`` and score on the test rows."""
        train = self.times(rows, model)
        if model == "cox":
            return concordance(cox_risk(train, self.dense.x), self.dense)
        return concordance(forest_risk(train, self.ordinal.x, streams), self.ordinal)


def _compared(
    ask: _Asked,
    model: Hazard,
    real: Sequence[Dataset],
    made: Sequence[Dataset],
    subject: str,
    streams: Streams,
) -> Iterator[Measurement]:
    sides = []
    for name, blocks in (("real", real), ("synthetic", made)):
        got = [ask.score(model, b, streams.child(name, model, i)) for i, b in enumerate(blocks)]
        scores = [s for s in got if not isinstance(s, str)]
        if len(scores) < len(got):
            why = next(s for s in got if isinstance(s, str))
            yield from _missing(why, subject, ask.rows.n_persons)
            return
        sides.append(level_of(scores))
    one, other = sides
    persons = ask.rows.persons
    events = ask.dense.event
    fewest = persons_in(None if persons is None else persons[events], int(events.sum()))
    for metric, value, influence, trained, baseline in (
        (LOSS, one.value - other.value, difference_of(one, other), (one, other), one.value - 0.5),
        (SYNTHETIC, other.value, other.influence, (other,), 0.5),
        (REAL, one.value, one.influence, (one,), 0.5),
    ):
        found = estimate(
            value, influence, [(t, 0.0) for t in trained], persons=persons, fewest=fewest
        )
        yield Measurement(
            metric=metric,
            subject=subject,
            **found._asdict(),
            n=ask.rows.n_persons,
            baseline=baseline,
        )


def _usable(rows: Dataset, time: str, event: str) -> Dataset:
    """Return the rows with a time that is not negative and a known event."""
    times = numbers_of(rows.frame[time])
    known = ~np.isnan(times) & (times >= 0) & rows.frame[event].is_not_null().to_numpy()
    return rows.take(np.flatnonzero(known))


def _why_not(case: Case, time: str, event: str) -> str:
    """Return why these columns are no time and event, empty where they are."""
    if case.schema.column(time).kind not in {Kind.INTEGER, Kind.DECIMAL}:
        return f"the time {time!r} is not a number"
    levels = case.train.frame[event].drop_nulls().n_unique()
    return "" if levels == 2 else f"the event {event!r} has {levels} values in train, not two"


def _missing(reason: str, subject: str, n: int) -> Iterator[Measurement]:
    for metric in (LOSS, SYNTHETIC, REAL):
        yield Measurement.missing(metric, reason, subject, n=n)
