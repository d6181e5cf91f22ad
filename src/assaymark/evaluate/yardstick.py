"""Yardstick: one score for how close rows are to real ones, the same for every generator."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.evaluate.models.predictors import one_thread
from assaymark.evaluate.statistics import auc_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams

    Floats = NDArray[np.float64]

__all__ = ["boosted", "closeness", "numbers", "teller"]

_FOLDS = 5
_LEVELS = 250


def teller() -> str:
    """Return the package whose boosted trees tell rows apart: xgboost where it is installed."""
    return "scikit-learn" if find_spec("xgboost") is None else "xgboost"


def closeness(first: Dataset, second: Dataset, streams: Streams, *, most: int = 10_000) -> float:
    """Return 1 - abs(2 AUC - 1) of boosted trees that tell two tables apart, in [0, 1].

    1: they cannot be told apart; 0: with certainty. As many rows of each table, ``most`` at most;
    five folds, scored out of fold. The score falls as rows are added, so that scores compare at
    one number of rows only.

    References
    ----------
    Lopez-Paz & Oquab (2017), Revisiting classifier two-sample tests.
    """
    rng = streams.generator()
    n = min(first.n, second.n, most)
    (x, z), unordered = numbers(*(d.take(rng.permutation(d.n)[:n]) for d in (first, second)))
    both, label = np.vstack([x, z]), np.repeat([False, True], n)
    fold = np.concatenate([rng.permutation(n) % _FOLDS for _ in range(2)])
    chance = np.zeros(2 * n)
    for k in range(_FOLDS):
        seen, asked = fold != k, fold == k
        seed = streams.child(k).integer()
        chance[asked] = boosted(both[seen], label[seen], both[asked], unordered, seed)
    return float(1 - abs(2 * auc_of(chance, label).value - 1))


def numbers(*parts: Dataset) -> tuple[list[Floats], list[bool]]:
    """Return each part as numbers, shape ``(n, columns)``, and which columns have no order.

    Categories are codes, the 250 most frequent apart; missing is NaN.
    """
    columns, unordered = [], []
    both = pl.concat([p.frame for p in parts])
    for c in parts[0].schema.columns:
        s = both[c.name]
        unordered.append(not c.kind.ordered)
        if c.kind.ordered:
            columns.append(s.to_physical().cast(pl.Float64).to_numpy())
            continue
        top = s.cast(pl.String).drop_nulls().value_counts(sort=True)[c.name].to_list()
        code = {v: float(min(i, _LEVELS)) for i, v in enumerate(top)}
        columns.append(np.array([code.get(v, np.nan) for v in s.cast(pl.String)], dtype=float))
    ends = np.cumsum([p.n for p in parts])[:-1]
    return np.split(np.column_stack(columns).astype(np.float64), ends), unordered


def boosted(
    x: Floats,
    y: NDArray[np.bool_],
    asked: Floats,
    unordered: list[bool],
    seed: int,
    *,
    rounds: int = 100,
    **settings: float,
) -> Floats:
    """Return the chance of ``y`` that boosted trees fitted to ``x`` give to the rows ``asked``.

    Parameters
    ----------
    x, y
        Shapes ``(n, columns)``, see :func:`numbers`, and ``(n,)``.
    rounds, settings
        How many trees, and the package's ``max_depth`` and ``learning_rate`` if not its own.
    """
    if teller() == "scikit-learn":
        from sklearn.ensemble import HistGradientBoostingClassifier

        empty = np.isnan(x).all(axis=0)
        model = HistGradientBoostingClassifier(
            max_iter=rounds, categorical_features=unordered, random_state=seed, **settings
        )
        x, asked = (np.where(empty, 0.0, t) for t in (x, asked))
        with one_thread():
            return np.asarray(model.fit(x, y).predict_proba(asked)[:, 1], dtype=np.float64)
    import xgboost

    kinds = ["c" if u else "q" for u in unordered]
    held = [xgboost.DMatrix(t, feature_types=kinds, enable_categorical=True) for t in (x, asked)]
    held[0].set_label(y)
    how = {"objective": "binary:logistic", "tree_method": "hist", "nthread": 1, "seed": seed}
    model = xgboost.train(how | settings, held[0], num_boost_round=rounds)
    return np.asarray(model.predict(held[1]), dtype=np.float64)
