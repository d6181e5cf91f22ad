"""Density ratio: a record where synthetic rows are denser than the population was in train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.registry import component
from assaymark.evaluate.ground import Scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.evaluate.ground import Ground, Side

    Floats = NDArray[np.float64]

__all__ = ["DensityRatio"]


@component
class DensityRatio:
    """Logarithm of the density of the synthetic rows over that of other people's rows.

    Both are Gaussian kernel estimates with one bandwidth; far from all rows the ratio becomes
    the difference of squared distances, so that isolated people are scored too.

    References
    ----------
    van Breugel et al. (2023), Membership inference attacks against synthetic data through
    overfitting detection (DOMIAS), arXiv:2302.12580.
    """

    def score(self, ground: Ground, streams: Streams) -> Scores:  # noqa: ARG002
        """Return the log ratio of every record."""
        return Scores(
            members=_ratio(ground, ground.members, copies=0),
            controls=_ratio(ground, ground.controls, copies=0),
            copied=_ratio(ground, ground.members, copies=1),
        )


def _ratio(ground: Ground, side: Side, *, copies: int) -> Floats:
    made = ground.log_sums(side.points, ground.made)
    if copies:
        made = np.logaddexp(made, 0.0)
    others = ground.log_sums(side.points, ground.background)
    sizes = np.log(len(ground.background) / (len(ground.made) + copies))
    return np.asarray(made - others + sizes)
