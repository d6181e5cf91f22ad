"""Predictors: models of a target, trained on one table and used on another."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Kind
from assaymark.evaluate.features import (
    encoder_of,
    measured_columns,
    numbers_of,
    why_incomparable,
)
from assaymark.evaluate.models.families import DEFAULTS, features_for, learn
from assaymark.evaluate.statistics import auc_of, persons_in
from assaymark.evaluate.threads import one_thread_each

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.features import Encoder
    from assaymark.evaluate.models.families import Family
    from assaymark.evaluate.statistics import Persons

    Floats = NDArray[np.float64]

__all__ = [
    "Predictor",
    "Score",
    "Task",
    "fewest_persons",
    "one_thread",
    "score",
    "task_and_test",
    "task_of",
    "train",
]

_FEWEST = 10  # known targets of a class in the test rows, and rows in all parts
_FEW_VALUES = 10  # a number with at most as many distinct values is a class
_MOST_CLASSES = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """What is predicted: ``classes`` by frequency in train, empty for a number.

    Targets are class positions, or the number itself; rows without a target are NaN. The last
    class gathers those beyond the twentieth, and new ones.
    """

    target: str
    classes: tuple[str, ...]
    encoder: Encoder

    @property
    def regression(self) -> bool:
        """Whether the target is a number rather than a class."""
        return not self.classes

    @property
    def width(self) -> int:
        """How many classes a model may tell apart, the gathered ones included; 0 for a number."""
        return len(self.classes) + 1 if self.classes else 0

    def targets(self, data: Dataset) -> Floats:
        """Return the target of each row, shape ``(n,)``, NaN where unknown."""
        series = data.frame[self.target]
        if self.regression:
            return numbers_of(series)
        words = series.cast(pl.String)
        codes = words.replace_strict(
            list(self.classes),
            list(range(len(self.classes))),
            default=len(self.classes),
            return_dtype=pl.Float64,
        ).to_numpy()
        return np.asarray(np.where(words.is_null().to_numpy(), np.nan, codes))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictor:
    """Predictions of one trained model, shape ``(n, classes)`` or ``(n, 1)`` for a number."""

    predicted: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Score:
    """How well targets are predicted, higher is better, and the influence of each test row.

    AUC for two classes, the mean of one-against-rest AUCs for more, R squared for a number.
    """

    value: float
    influence: Floats
    name: str


@contextmanager
def one_thread() -> Iterator[None]:
    """Let models use one thread while the context lasts.

    Waiting threads of the tree library spin: on a busy machine two threads cost ten times the
    CPU time of one, and save nothing.
    """
    import sklearn.ensemble  # noqa: F401  (limits hold for libraries that are already loaded)

    with one_thread_each():
        yield


def task_of(case: Case) -> Task | str:
    """Return the prediction task of ``case``, or why there is none."""
    name = case.train.target
    if name is None:
        return "the schema declares no target column"
    column = case.schema.column(name)
    if column.kind is Kind.TEXT:
        return f"the target {name!r} is free text"
    features = [c for c in measured_columns(case.train) if c.name != name]
    if not features:
        return "the table has no column to predict the target from"
    known = case.train.frame[name].drop_nulls()
    distinct = known.n_unique()
    if distinct < 2:
        return f"the target {name!r} has {distinct} known value in train, and two are needed"
    classes: tuple[str, ...] = ()
    if not column.kind.ordered or distinct <= _FEW_VALUES:
        counts = known.cast(pl.String).value_counts(name="n")
        counts = counts.sort(["n", name], descending=[True, False]).head(_MOST_CLASSES)
        classes = tuple(counts[name].to_list())
    return Task(target=name, classes=classes, encoder=encoder_of(features, [case.train]))


def task_and_test(case: Case) -> tuple[Task, Dataset] | str:
    """Return what is predicted and the real rows to test on, or why nothing can be compared."""
    reason, task = why_incomparable(case), task_of(case)
    if reason or isinstance(task, str) or case.holdout is None:
        return reason or str(task)
    return task, case.holdout


def train(
    task: Task, family: Family, rows: Dataset, test: Dataset, streams: Streams, *, most: int
) -> Predictor:
    """Train ``family`` on at most ``most`` of ``rows`` and predict the targets of ``test``.

    A class that ``rows`` lack gets probability 0: it is not left out of the score.
    """
    targets = task.targets(rows)
    known = np.flatnonzero(~np.isnan(targets))
    if len(known) > most:
        known = np.sort(streams.generator().choice(known, most, replace=False))
    part, y = rows.take(known), targets[known]
    with one_thread():
        model = learn(
            family,
            features_for(family, task.encoder, part),
            y,
            classes=task.width,
            parameters=DEFAULTS[family],
            streams=streams,
        )
        return Predictor(predicted=model.predict(features_for(family, task.encoder, test)))


def score(task: Task, predictor: Predictor, targets: Floats) -> Score | str:
    """Score predictions of rows whose targets are all known, or say why that cannot be done."""
    if task.regression:
        return _r_squared(predictor.predicted[:, 0], targets)
    found = list(_class_aucs(predictor.predicted, targets, len(task.classes)))
    if not found:
        return f"no class of the target has {_FEWEST} test rows with it and {_FEWEST} without"
    influence = np.mean([i for _, i in found], axis=0)
    name = "AUC" if len(task.classes) == 2 else "mean one-against-rest AUC"
    return Score(value=float(np.mean([v for v, _ in found])), influence=influence, name=name)


def fewest_persons(task: Task, targets: Floats, persons: Persons) -> int:
    """Return the persons on the smaller side of any class that is scored: what a score rests on.

    An AUC with few positive persons is as unsure as a mean of that many, however many negatives.
    """
    sides = [np.ones(len(targets), dtype=bool)]
    for k in range(len(task.classes)):
        labels = targets == k
        if _FEWEST <= labels.sum() <= len(labels) - _FEWEST:
            sides += [labels, ~labels]
    return min(
        persons_in(None if persons is None else persons[side], int(side.sum())) for side in sides
    )


def _class_aucs(
    predicted: Floats, targets: Floats, n_classes: int
) -> Iterator[tuple[float, Floats]]:
    for k in range(1 if n_classes == 2 else 0, n_classes):
        labels = targets == k
        if _FEWEST <= labels.sum() <= len(labels) - _FEWEST:
            auc = auc_of(predicted[:, k], labels)
            yield auc.value, auc.influence


def _r_squared(predicted: Floats, targets: Floats) -> Score | str:
    total = float(np.square(targets - targets.mean()).mean()) if len(targets) else 0.0
    if len(targets) < 2 * _FEWEST or total == 0:
        return f"the target is constant in the test rows, or fewer than {2 * _FEWEST} are known"
    lost = np.square(targets - predicted)
    share = float(lost.mean()) / total
    spread = np.square(targets - targets.mean())
    return Score(value=1 - share, influence=(share * spread - lost) / total, name="R squared")
