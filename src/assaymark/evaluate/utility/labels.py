"""Labels: whether synthetic rows bear the label that a model of real labels expects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import NO_SUBJECT, Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.groups import banded
from assaymark.evaluate.models.families import learn
from assaymark.evaluate.models.predictors import one_thread, task_and_test
from assaymark.evaluate.models.rehearsal import FEWEST_ROWS, blocks_of
from assaymark.evaluate.statistics import mean_variance, persons_in, quantile_of_t

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.models.families import Learnt
    from assaymark.evaluate.models.predictors import Task
    from assaymark.evaluate.statistics import Persons

    Floats = NDArray[np.float64]

__all__ = ["Labels"]

EXCESS = "labels.error_excess"
SMALL = f"{EXCESS}_small"
_MANY = 2_000  # people held out from whom on the interval is narrow enough for a close limit
_FAR = 0.99  # quantile of real errors beyond which a number is counted as wrong
_HALVES = 2
_SURE = 0.98  # probability of the expected label from which a row counts in full
_TREES = {"trees": 80.0, "leaves": 8.0}


@component
class Labels:
    """How much more often synthetic labels contradict a model of the real ones than real labels do.

    Boosting, trained on either half of train, says what label it expects
    of the rows of the other half, of the holdout and of the synthetic sets, and how sure it is.
    With ``c`` the probability of the expected label, a row whose label is another one counts in
    proportion to ``(2 c - 1) / (c (1 - c))``, 1 from c = 0.98 and 0 below one half; what rows
    should count, were the model's probabilities true, is taken off. The excess is the mean over
    synthetic rows less that over real rows. Where all labels can be told it is about the share of
    wrong ones; where none can, it is 0 whatever the labels are: it cannot show more than the
    other columns say. For a
    number, a label is wrong where its error is beyond the 99th percentile of real errors. Rows may
    be rebalanced or drawn on conditions: only the label given the other columns is looked at.

    With fewer than 2,000 people held out the interval is too wide for a close limit: the figure
    then has a name of its own, and a rule of its own.

    The interval covers other rows on both sides, persons counted once, and the spread between
    synthetic sets.

    References
    ----------
    Northcutt, Jiang & Chuang (2021), Confident learning: estimating uncertainty in dataset labels.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = tuple(
        Quantity(
            name=name,
            title=f"Labels of synthetic rows that contradict the other columns{which}",
            unit="share of rows, sure ones counting more",
            better="lower",
            meaning="How much more often the label of a synthetic row is not the one that a model "
            "of the real labels is sure of, than happens to real rows; 0 is as often. "
            "Where the other columns say little about the label, wrong labels stay unseen.",
        )
        for name, which in ((EXCESS, ""), (SMALL, " (fewer than 2,000 people held out)"))
    )

    most_rows: int = 5_000
    """Rows of a part that are looked at, and trained on half of them, to bound the time."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the excess."""
        tested = task_and_test(case)
        if isinstance(tested, str):
            yield from (Measurement.missing(name, tested) for name in (EXCESS, SMALL))
            return
        task, holdout = tested
        seen = [_known(task, d, self.most_rows, streams) for d in (case.train, holdout)]
        made = [_known(task, s, self.most_rows, streams) for s in case.synthetics]
        short = min(d.n for d in (*seen, *made))
        n = persons_in(seen[1].persons, seen[1].n)
        if short < FEWEST_ROWS:
            few = f"{short} rows with a known label, and {FEWEST_ROWS} are needed in each part"
            yield from (Measurement.missing(name, few, n=n) for name in (EXCESS, SMALL))
            return
        found = _excess(_Expected.of(task, seen, made, streams), n)
        other = EXCESS if found.metric == SMALL else SMALL
        held = f"{banded(n):,} people are held out"
        yield from (found, Measurement.missing(other, held, NO_SUBJECT))


class _Expected:
    """Penalties of real rows with their persons, and of the rows of each synthetic set."""

    def __init__(self, real: Floats, persons: Persons, made: Sequence[Floats]) -> None:
        self.real, self.persons, self.made = real, persons, made

    @classmethod
    def of(
        cls,
        task: Task,
        seen: Sequence[Dataset],
        made: Sequence[Dataset],
        streams: Streams,
    ) -> _Expected:
        """Train on either half of train and ask about all other rows."""
        train, holdout = seen
        halves = list(blocks_of(train, _HALVES, train.n, streams.child("halves")))
        with one_thread():
            models = [_learnt(task, h, streams.child("model", i)) for i, h in enumerate(halves)]
            real = [(halves[1 - k], models[k]) for k in range(_HALVES)]
            real += _dealt(holdout, models, streams.child("holdout"))
            asked = [_dealt(s, models, streams.child("set", i)) for i, s in enumerate(made)]
            errors = [_errors(task, d, m) for d, m in real]
            found = [[_errors(task, d, m) for d, m in parts] for parts in asked]
        if task.regression:
            cut = float(np.quantile(np.concatenate(errors), _FAR))
            errors = [(e > cut).astype(np.float64) for e in errors]
            found = [[(e > cut).astype(np.float64) for e in parts] for parts in found]
        return cls(np.concatenate(errors), _persons(real), [np.concatenate(f) for f in found])


def _excess(got: _Expected, n: int) -> Measurement:
    means = np.array([m.mean() for m in got.made])
    value = float(means.mean() - got.real.mean())
    count = len(means)
    within = float(np.mean([mean_variance(m) for m in got.made])) / count
    between = float(means.var(ddof=1)) / count if count > 1 else 0.0
    error = math.sqrt(mean_variance(got.real, got.persons) + max(within, between))
    # one more wrong label on either side, so that rows without any are not thought certain
    error = math.hypot(error, 1 / len(got.real), 1 / len(got.made[0]))
    degrees = persons_in(got.persons, len(got.real)) - 1 if between <= within else count - 1
    wide = quantile_of_t(degrees) * error
    return Measurement(
        metric=EXCESS if n >= _MANY else SMALL,
        value=value,
        low=value - wide,
        high=value + wide,
        n=n,
        details={"real": float(got.real.mean()), "synthetic": float(means.mean())},
    )


def _known(task: Task, rows: Dataset, most: int, streams: Streams) -> Dataset:
    known = np.flatnonzero(~np.isnan(task.targets(rows)))
    if len(known) > most:
        rng = streams.child("looked at").generator()
        known = np.sort(rng.choice(known, most, replace=False))
    return rows.take(known)


def _learnt(task: Task, rows: Dataset, streams: Streams) -> Learnt:
    return learn(
        "boosting",
        task.encoder.ordinal(rows),
        task.targets(rows),
        classes=task.width,
        parameters=_TREES,
        streams=streams,
    )


def _dealt(
    rows: Dataset, models: Sequence[Learnt], streams: Streams
) -> list[tuple[Dataset, Learnt]]:
    """Give either model about half of the rows, so that all rows are asked about alike."""
    parts = blocks_of(rows, len(models), rows.n, streams)
    return list(zip(parts, models, strict=True))


def _errors(task: Task, rows: Dataset, model: Learnt) -> Floats:
    """Return the penalty of each row less what it should be, or how far off a number is."""
    targets = task.targets(rows)
    predicted = model.predict(task.encoder.ordinal(rows))
    if task.regression:
        return np.asarray(np.abs(predicted[:, 0] - targets))
    sure = predicted.max(axis=1) if len(predicted) else np.zeros(0)
    weight = np.minimum(_told(np.maximum(sure, 0.5)) / _told(np.full(1, _SURE)), 1.0)
    wrong = predicted.argmax(axis=1) != targets if len(predicted) else np.zeros(0, dtype=bool)
    return np.asarray(weight * (wrong - (1 - sure)))


def _told(sure: Floats) -> Floats:
    """Return how much a row tells of wrong labels: what weighs it best where all are rare."""
    return np.asarray((2 * sure - 1) / np.maximum(sure * (1 - sure), 1e-9))


def _persons(real: Sequence[tuple[Dataset, Learnt]]) -> Persons:
    """Return the persons behind the rows of all parts; those of other parts are others."""
    found, first = [], 0
    if all(d.persons is None for d, _ in real):
        return None
    for d, _ in real:
        found.append(d.person_codes + first)
        first += int(d.person_codes.max(initial=-1)) + 1
    return np.concatenate(found)
