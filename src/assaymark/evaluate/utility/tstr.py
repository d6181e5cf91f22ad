"""Train on synthetic, test on real: what a model loses that never saw a real row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.features import why_incomparable
from assaymark.evaluate.predictors import FAMILIES, fewest_persons, score, task_of, train
from assaymark.evaluate.statistics import mean_variance, persons_in, quantile_of_t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.predictors import Family, Score, Task

__all__ = ["Tstr"]

LOSS, SYNTHETIC, REAL = "tstr.loss", "tstr.synthetic", "tstr.real"


@component
class Tstr:
    """Score lost by training on synthetic rows instead of train, tested on the holdout.

    Two families: a linear model (logistic or ridge regression) and gradient boosting (60 trees
    of 15 leaves), each trained on the same number of synthetic and of train rows, at most
    ``most_rows``. Score: AUC for two classes, mean one-against-rest AUC for more, R squared for
    a number. Both models meet the same test rows; the interval is for that paired difference,
    persons counted once, and covers other test rows, not other runs of the generator. A family
    whose loss is the larger is the one that a rule over ``model:*`` is decided by.

    A small loss on one target says nothing about other targets.

    References
    ----------
    Esteban, Hyland & Rätsch (2017), Real-valued (medical) time series generation, section 4.
    DeLong, DeLong & Clarke-Pearson (1988), for the paired interval of AUCs.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=LOSS,
            title="Score lost by training on synthetic rows",
            unit="score (AUC or R squared)",
            better="lower",
            meaning="Score on real test rows of a model trained on real rows, less that of the "
            "same model trained on synthetic rows; 0 is no loss.",
        ),
        Quantity(
            name=SYNTHETIC,
            title="Score of a model trained on synthetic rows",
            unit="score (AUC or R squared)",
            better="higher",
            meaning="Score on real test rows of a model that was trained on synthetic rows.",
        ),
        Quantity(
            name=REAL,
            title="Score of a model trained on real rows",
            unit="score (AUC or R squared)",
            better="higher",
            meaning="Score on real test rows of the same model trained on train: the yardstick.",
        ),
    )

    most_rows: int = 10_000
    """Rows that a model is trained on, to bound the time; the score moves little beyond."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield loss and both scores for each family of models."""
        reason, holdout = why_incomparable(case), case.holdout
        task = task_of(case)
        if isinstance(task, str):
            reason = reason or task
        if reason or holdout is None or isinstance(task, str):
            yield from _missing(reason, "model:*", 0)
            return
        known = np.flatnonzero(~np.isnan(task.targets(holdout)))
        test = holdout.take(known)
        most = min(self.most_rows, case.train.n, case.synthetic.n)
        for family in FAMILIES:
            yield from _compare(task, family, case, test, streams.child(family), most)


def _compare(
    task: Task, family: Family, case: Case, test: Dataset, streams: Streams, most: int
) -> Iterator[Measurement]:
    subject, targets = f"model:{family}", task.targets(test)
    scores: list[Score] = []
    for name, rows in (("real", case.train), ("synthetic", case.synthetic)):
        model = train(task, family, rows, test, streams.child(name), most=most)
        got = score(task, model, targets)
        if isinstance(got, str):
            yield from _missing(got, subject, test.n)
            return
        scores.append(got)
    real, made = scores
    chance = 0.0 if task.regression else 0.5
    n = persons_in(test.persons, test.n)
    fewest = fewest_persons(task, targets, test.persons)
    loss = real.value - made.value
    for metric, value, influence, baseline in (
        (LOSS, loss, real.influence - made.influence, real.value - chance),
        (SYNTHETIC, made.value, made.influence, chance),
        (REAL, real.value, real.influence, chance),
    ):
        # a difference of ranks is never known more finely than a fraction of one row
        error = math.sqrt(mean_variance(influence, test.persons) + 0.25 / n**2)
        wide = quantile_of_t(fewest - 1) * error
        yield Measurement(
            metric=metric,
            subject=subject,
            value=value,
            low=value - wide,
            high=value + wide,
            n=n,
            baseline=baseline,
            details={"score": real.name, "target": task.target, "trained_on": most},
        )


def _missing(reason: str, subject: str, n: int) -> Iterator[Measurement]:
    for metric in (LOSS, SYNTHETIC, REAL):
        yield Measurement.missing(metric, reason, subject, n=n)
