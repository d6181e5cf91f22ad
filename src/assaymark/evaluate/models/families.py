"""Families: the kinds of models that learn a target, each with its parameters and its grid."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from assaymark.evaluate.features import fit_for_trees

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.features import Encoder

    Floats = NDArray[np.float64]

__all__ = [
    "DEFAULTS",
    "FAMILIES",
    "GRIDS",
    "Family",
    "Learnt",
    "Parameters",
    "features_for",
    "is_dense",
    "learn",
]

Family = Literal["logistic", "forest", "boosting", "mlp"]
FAMILIES: tuple[Family, ...] = ("logistic", "forest", "boosting", "mlp")
Parameters = dict[str, float]

GRIDS: dict[Family, tuple[Parameters, ...]] = {
    "logistic": ({"penalty": 1.0}, {"penalty": 10.0}, {"penalty": 50.0}),
    "forest": ({"leaf": 3}, {"leaf": 10}),
    "boosting": ({"trees": 60, "leaves": 15}, {"trees": 40, "leaves": 8}),
    "mlp": ({"penalty": 0.01}, {"penalty": 1.0}),
}
"""What is tried for each family; the first is what is taken where nothing is tuned."""

DEFAULTS: dict[Family, Parameters] = {name: grid[0] for name, grid in GRIDS.items()}

_DENSE: frozenset[Family] = frozenset({"logistic", "mlp"})
_TREES, _HIDDEN, _BATCH = 30, 16, 128
_SEEN, _EPOCHS = 15_000, (8, 50)  # rows that a network sees, within so many passes
_ABSENT = -1e9  # forests take no missing values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """A trained model; without one, the same prediction for every row.

    ``present`` are the classes that it has seen, of ``classes``; 0 classes for a number, which was
    learnt less ``centre`` and divided by ``scale``.
    """

    family: Family
    model: Any
    classes: int
    present: NDArray[np.int64]
    centre: float = 0.0
    scale: float = 1.0

    def predict(self, x: Floats) -> Floats:
        """Return probabilities, shape ``(n, classes)``, or numbers, shape ``(n, 1)``.

        A class that was never seen has probability 0.
        """
        if not self.classes:
            if self.model is None:
                return np.full((len(x), 1), self.centre)
            found = np.asarray(self.model.predict(_fit(self.family, x)), dtype=np.float64)
            return np.asarray(found * self.scale + self.centre)[:, None]
        predicted = np.zeros((len(x), self.classes))
        if self.model is None:
            predicted[:, self.present] = 1.0
        elif len(x):
            predicted[:, self.present] = self.model.predict_proba(_fit(self.family, x))
        return predicted


def is_dense(family: Family) -> bool:
    """Whether ``family`` learns from 0/1 per category rather than from codes."""
    return family in _DENSE


def features_for(family: Family, encoder: Encoder, data: Dataset) -> Floats:
    """Return ``data`` as numbers that ``family`` learns from, shape ``(n, features)``."""
    return encoder.dense(data) if family in _DENSE else encoder.ordinal(data)


def learn(
    family: Family,
    x: Floats,
    y: Floats,
    *,
    classes: int,
    parameters: Mapping[str, float],
    streams: Streams,
) -> Learnt:
    """Train ``family`` on features ``x`` and targets ``y``: class positions, or numbers.

    Ridge regression stands in for the logistic one where the target is a number. Fewer than two
    rows or classes make no model, but a constant.
    """
    present = np.unique(y).astype(np.int64) if classes else np.zeros(0, dtype=np.int64)
    centre = float(y.mean()) if len(y) else 0.0
    if len(y) < 2 or (classes and len(present) < 2):
        return Learnt(family=family, model=None, classes=classes, present=present, centre=centre)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unfinished fit is used as it is
        if classes:
            model = _classifier(family, len(y), parameters, streams)
            fitted = model.fit(_fit(family, x), y.astype(np.int64))
            return Learnt(family=family, model=fitted, classes=classes, present=present)
        scale = float(y.std()) or 1.0
        fitted = _regressor(family, len(y), parameters, streams).fit(
            _fit(family, x), (y - centre) / scale
        )
    return Learnt(
        family=family, model=fitted, classes=0, present=present, centre=centre, scale=scale
    )


def _fit(family: Family, x: Floats) -> Floats:
    if family == "boosting":
        return fit_for_trees(x)
    return np.where(np.isnan(x), _ABSENT, x) if family == "forest" else x


def _classifier(family: Family, n: int, p: Mapping[str, float], streams: Streams) -> Any:  # noqa: ANN401
    if family == "logistic":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=1 / p["penalty"], max_iter=150, tol=1e-3)
    if family == "forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(**_forest(p, streams))
    if family == "mlp":
        from sklearn.neural_network import MLPClassifier

        return MLPClassifier(**_network(n, p, streams))
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(**_boosting(n, p, streams))


def _regressor(family: Family, n: int, p: Mapping[str, float], streams: Streams) -> Any:  # noqa: ANN401
    if family == "logistic":
        from sklearn.linear_model import Ridge

        return Ridge(alpha=p["penalty"])
    if family == "forest":
        from sklearn.ensemble import RandomForestRegressor

        return RandomForestRegressor(**_forest(p, streams), max_features=1 / 3)
    if family == "mlp":
        from sklearn.neural_network import MLPRegressor

        return MLPRegressor(**_network(n, p, streams))
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(**_boosting(n, p, streams))


def _forest(p: Mapping[str, float], streams: Streams) -> dict[str, Any]:
    return {
        "n_estimators": _TREES,
        "min_samples_leaf": int(p["leaf"]),
        "random_state": streams.integer(),
    }


def _network(n: int, p: Mapping[str, float], streams: Streams) -> dict[str, Any]:
    return {
        "hidden_layer_sizes": (_HIDDEN,),
        "alpha": p["penalty"],
        "batch_size": min(_BATCH, n),
        "learning_rate_init": 6e-3,
        "max_iter": int(np.clip(_SEEN // n, *_EPOCHS)),
        "random_state": streams.integer(),
    }


def _boosting(n: int, p: Mapping[str, float], streams: Streams) -> dict[str, Any]:
    return {
        "max_iter": int(p["trees"]),
        "max_leaf_nodes": int(p["leaves"]),
        "min_samples_leaf": max(5, min(20, n // 20)),
        "learning_rate": 0.1,
        "early_stopping": False,
        "random_state": streams.integer(),
    }
