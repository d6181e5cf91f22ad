"""Two samples: a classifier that tells two tables apart, and by which columns it does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.evaluate.features import encoder_of, fit_for_trees, measured_columns
from assaymark.evaluate.statistics import Z, auc_of, mean_variance

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.features import Encoder

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = ["Told", "tell_apart"]

_TOP = 8
_MANY, _PAIRS, _ALIKE = 20, 5, 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How well a classifier tells two tables apart, and by which columns.

    ``value`` is an AUC with a 95 % interval, ``n`` the persons of the first table and ``rows`` the
    rows of each that were looked at. ``top`` are columns with the AUC that is lost when their
    values are shuffled among the rows, most first.
    """

    value: float
    low: float
    high: float
    n: int
    rows: int
    top: tuple[tuple[str, float], ...]


def tell_apart(real: Dataset, other: Dataset, streams: Streams, *, most: int) -> Told:
    """Return how well gradient boosting tells ``other`` from ``real``, out of fold.

    As many rows of each, ``most`` at most; three folds that keep persons together; the mean AUC
    over folds, and DeLong's interval with persons counted once.

    References
    ----------
    Lopez-Paz & Oquab (2017), Revisiting classifier two-sample tests.
    DeLong, DeLong & Clarke-Pearson (1988), for the interval.
    """
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
    value, error = float(np.mean(values)), math.sqrt(mean_variance(influence, units))
    return Told(
        value=value,
        low=max(0.0, value - Z * error),
        high=min(1.0, value + Z * error),
        n=len(np.unique(units[:size])),
        rows=size,
        top=tuple((names[i], float(gains[i])) for i in np.argsort(-gains)[:_TOP]),
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
