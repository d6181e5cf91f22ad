"""Boosted trees: a model of the secret that was trained on the synthetic rows alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.registry import component
from assaymark.evaluate.dossier import Guesses, Inference, surest
from assaymark.evaluate.models.predictors import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.evaluate.dossier import Dossier, Rows

    Codes = NDArray[np.int64]

__all__ = ["BoostedTrees"]

_MOST, _CLASSES, _STEPS = 3_000, 6, 4


@component
class BoostedTrees:
    """The class that trees grown on synthetic rows expect, by all other columns.

    A model tells more of members than of others where the rows it learnt from repeat them. Ordered
    secrets are guessed by quarters of all ranks; of a category's values the five commonest.

    References
    ----------
    Francis & Wagner (2025), arXiv:2507.01710: attribute inference by a trained model.
    """

    def guess(self, dossier: Dossier, streams: Streams) -> dict[int, Inference]:
        """Return the guesses of every likely secret."""
        return {j: _guesses(dossier, j, streams.child(dossier.names[j])) for j in dossier.likely}


def _guesses(dossier: Dossier, secret: int, streams: Streams) -> Inference:
    from sklearn.ensemble import HistGradientBoostingClassifier

    classes = _classes(dossier, secret)
    drawn = streams.generator().permutation(len(dossier.made.codes))[:_MOST]
    known = [i for i in range(len(dossier.names)) if i != secret]
    y = classes[dossier.made.codes[drawn, secret]]
    sides = (dossier.members, dossier.unseen)
    if len(np.unique(y)) < 2:
        silent = [Guesses(np.zeros(len(s.who), int), np.full(len(s.who), -np.inf)) for s in sides]
        return Inference(silent[0], silent[1], classes, copied=None)
    with one_thread():
        model = HistGradientBoostingClassifier(
            max_iter=20,
            max_leaf_nodes=15,
            max_bins=63,
            min_samples_leaf=min(20, max(2, len(y) // 20)),
            early_stopping=False,
            random_state=streams.integer(),
        ).fit(dossier.made.codes[drawn][:, known], y)

        def side(rows: Rows) -> Guesses:
            shares = np.zeros((len(rows.who), int(classes.max()) + 1))
            shares[:, model.classes_] = model.predict_proba(rows.codes[:, known])
            value, sure = surest(shares, y)
            lumped = np.bincount(classes) > 1
            named = secret in dossier.ordered or not lumped.any()
            return Guesses(value, sure if named else np.where(lumped[value], -np.inf, sure))

        return Inference(side(dossier.members), side(dossier.unseen), classes, copied=None)


def _classes(dossier: Dossier, secret: int) -> Codes:
    """Return the class of each code: quarters of ranks, or the commonest values and all others."""
    codes = np.arange(dossier.width(secret))
    if secret not in dossier.ordered:
        return np.minimum(codes, _CLASSES - 1)
    missing = codes > _STEPS**2
    return np.where(missing, _STEPS, np.minimum(codes // _STEPS, _STEPS - 1))
