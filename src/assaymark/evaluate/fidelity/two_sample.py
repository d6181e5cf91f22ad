"""Two-sample test: can a classifier tell synthetic rows from real rows it has not seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.features import (
    encoder_of,
    fit_for_trees,
    measured_columns,
    why_incomparable,
)
from assaymark.evaluate.models.predictors import one_thread
from assaymark.evaluate.statistics import Z, auc_of, mean_variance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.features import Encoder

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = ["TwoSample"]

AUC = "two_sample.auc"
_FEWEST = 20
_TOP = 8
_MANY, _PAIRS, _ALIKE = 20, 5, 0.95


@component
class TwoSample:
    """AUC of gradient boosting that tells synthetic rows from the holdout, out of fold.

    As many synthetic rows as holdout rows, at most ``most_rows`` of each; three folds that keep
    persons together; the AUC is the mean over folds and its interval DeLong's with persons
    counted once. Floor: train against holdout. Baseline: train with every column shuffled.
    Details name the columns whose shuffling costs the classifier most.

    A rounding habit or one odd code is enough for an AUC near 1; look at the columns named.

    References
    ----------
    Lopez-Paz & Oquab (2017), Revisiting classifier two-sample tests.
    DeLong, DeLong & Clarke-Pearson (1988), for the interval.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=AUC,
            title="How well a classifier tells synthetic from real rows",
            unit="AUC",
            better="lower",
            meaning="Chance that a classifier ranks a synthetic row above a real one; 0.5 is "
            "guessing, 1 is certainty.",
        ),
    )

    most_rows: int = 6_000
    """Rows of each side that are used, to bound the time."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the AUC, or why there is none."""
        reason, holdout = why_incomparable(case, fewest=_FEWEST), case.holdout
        if reason or holdout is None:
            yield Measurement.missing(AUC, reason, n=0 if holdout is None else holdout.n_persons)
            return
        shuffled = _shuffled(case.train, streams.child("shuffled"))
        with one_thread():
            made, floor, baseline = (
                _tell_apart(holdout, other, streams.child(name), most=most)
                for name, other, most in (
                    ("synthetic", case.synthetic, self.most_rows),
                    ("train", case.train, self.most_rows // 2),
                    ("independent", shuffled, self.most_rows // 2),
                )
            )
        error = math.sqrt(made.variance)
        yield Measurement(
            metric=AUC,
            value=made.value,
            low=max(0.0, made.value - Z * error),
            high=min(1.0, made.value + Z * error),
            n=made.n,
            floor=floor.value,
            baseline=baseline.value,
            details={"top": made.top, "rows_of_each": made.rows},
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Told:
    value: float
    variance: float
    n: int
    rows: int
    top: list[Json]


def _tell_apart(real: Dataset, other: Dataset, streams: Streams, *, most: int) -> _Told:
    """Return how well a classifier tells ``other`` (label 1) from ``real`` (label 0)."""
    size = min(real.n, other.n, most)
    rng = streams.generator()
    parts = [d.take(np.sort(rng.choice(d.n, size, replace=False))) for d in (real, other)]
    encoder = encoder_of(measured_columns(real), parts)
    x = np.vstack([encoder.ordinal(p) for p in parts])
    near = _near(encoder, x[:size])
    x = np.column_stack([x, *(x[:, i] - x[:, j] for i, j in near)])
    names = [*encoder.names, *(f"{encoder.names[i]} - {encoder.names[j]}" for i, j in near)]
    y = np.repeat([False, True], size)
    units = _units(parts)
    folds = _folds(units, y, rng)
    influence, values = np.zeros(len(y)), []
    gains = np.zeros(x.shape[1])
    for fold in range(3):
        test = folds == fold
        model = _fit(x[~test], y[~test], streams)
        auc = auc_of(model(x[test]), y[test])
        values.append(auc.value)
        influence[test] = auc.influence * len(y) / test.sum() / 3
        if fold == 0:
            gains = _gains(model, x[test], y[test], auc.value, rng)
    order = np.argsort(-gains)[:_TOP]
    return _Told(
        value=float(np.mean(values)),
        variance=mean_variance(influence, units),
        n=len(np.unique(units[:size])),
        rows=size,
        top=[{"column": names[i], "auc_lost": float(gains[i])} for i in order],
    )


def _near(encoder: Encoder, real: Floats) -> list[tuple[int, int]]:
    """Return the pairs of columns that nearly say each other, as two dates of one stay do.

    What such a pair is about is its difference, which trees on the two alone hardly see.
    """
    ranks = {}
    for i, coded in enumerate(encoder.coded):
        known = np.isfinite(real[:, i])
        if coded.column.kind.ordered and len(np.unique(real[known, i])) >= _MANY:
            place = np.where(known, np.argsort(np.argsort(real[:, i])), known.sum() / 2)
            place = place - place.mean()
            ranks[i] = place / np.sqrt((place**2).sum())
    alike = {
        (i, j): float((ranks[i] * ranks[j]).sum())
        for i in ranks
        for j in ranks
        if i < j and encoder.coded[i].column.kind is encoder.coded[j].column.kind
    }
    best = sorted(alike, key=lambda pair: (-alike[pair], pair))[:_PAIRS]
    return [pair for pair in best if alike[pair] >= _ALIKE]


def _units(parts: list[Dataset]) -> Codes:
    """Return the person behind each row of both parts; synthetic rows stand alone."""
    codes, start = [], 0
    for part in parts:
        codes.append(part.person_codes + start)
        start = int(codes[-1].max()) + 1
    return np.concatenate(codes)


def _folds(units: Codes, y: NDArray[np.bool_], rng: np.random.Generator) -> Codes:
    """Return a fold of 0 to 2 for each row, persons whole, both labels in every fold."""
    folds = np.zeros(len(units), dtype=np.int64)
    for label in (False, True):
        own, where = np.unique(units[y == label], return_inverse=True)
        folds[y == label] = rng.permutation(np.arange(len(own)) % 3)[where.ravel()]
    return folds


def _fit(x: Floats, y: NDArray[np.bool_], streams: Streams) -> Callable[[Floats], Floats]:
    """Return a trained classifier's chance of "synthetic" as a function of rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=50,
        max_leaf_nodes=15,
        learning_rate=0.1,
        min_samples_leaf=max(5, min(20, len(y) // 20)),
        early_stopping=False,
        random_state=streams.integer(),
    ).fit(fit_for_trees(x), y)
    return lambda rows: np.asarray(model.predict_proba(rows)[:, 1])


def _gains(
    model: Callable[[Floats], Floats],
    x: Floats,
    y: NDArray[np.bool_],
    full: float,
    rng: np.random.Generator,
) -> Floats:
    """Return the AUC lost when a column is shuffled among the test rows."""
    lost = []
    for j in range(x.shape[1]):
        mixed = x.copy()
        mixed[:, j] = rng.permutation(mixed[:, j])
        lost.append(full - auc_of(model(mixed), y).value)
    return np.asarray(np.maximum(np.array(lost), 0.0), dtype=np.float64)


def _shuffled(data: Dataset, streams: Streams) -> Dataset:
    """Return ``data`` with each column shuffled by itself."""
    frame = data.frame
    for column in data.schema.names:
        order = streams.child(column).generator().permutation(data.n)
        frame = frame.with_columns(data.frame[column][order].alias(column))
    return type(data)(schema=data.schema, frame=frame)
