"""Classifier: a record that looks synthetic to a model trained on synthetic and other rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.registry import component
from assaymark.evaluate.features import encoder_of, fit_for_trees, measured_columns
from assaymark.evaluate.ground import Scores
from assaymark.evaluate.models.predictors import one_thread

if TYPE_CHECKING:
    from assaymark.core.streams import Streams
    from assaymark.evaluate.ground import Ground

__all__ = ["Classifier"]

_MOST = 10_000


@component
class Classifier:
    """Score of boosted trees that learnt to tell synthetic rows from other people's rows.

    Where the generator repeats what is peculiar to train, members look more synthetic than other
    real people do.

    References
    ----------
    Hayes et al. (2019), LOGAN: membership inference attacks against generative models,
    PoPETs 2019(1), in its black-box form.
    """

    def score(self, ground: Ground, streams: Streams) -> Scores:
        """Return the log odds of being synthetic."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        rng = streams.generator()
        made = ground.made_rows.take(np.sort(rng.permutation(ground.made_rows.n)[:_MOST]))
        parts = (made, ground.background_rows)
        encoder = encoder_of(measured_columns(made), parts)
        y = np.repeat([True, False], [p.n for p in parts])
        weight = np.where(y, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
        with one_thread():
            model = HistGradientBoostingClassifier(
                max_iter=60,
                max_leaf_nodes=15,
                min_samples_leaf=min(20, max(2, len(y) // 20)),
                early_stopping=False,
                random_state=streams.integer(),
            ).fit(fit_for_trees(np.vstack([encoder.ordinal(p) for p in parts])), y, weight)
            members, controls = (
                np.asarray(model.decision_function(encoder.ordinal(side.records)))
                for side in (ground.members, ground.controls)
            )
        return Scores(members=members, controls=controls, copied=None)
