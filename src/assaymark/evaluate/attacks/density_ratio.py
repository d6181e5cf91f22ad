"""Density ratio: a record where synthetic rows are denser than the population was in train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.registry import component
from assaymark.evaluate.ground import Scores

if TYPE_CHECKING:
    from assaymark.core.streams import Streams
    from assaymark.evaluate.ground import Ground

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
        parts = [ground.kernels(x) for x in (ground.made, ground.background)]
        made, others = (kernels.log_sums(ground.members.points) for kernels in parts)
        n_made, n_others = len(ground.made), len(ground.background)
        sizes = np.log(n_others / n_made)
        controls = np.subtract(*(kernels.log_sums(ground.controls.points) for kernels in parts))
        return Scores(
            members=made - others + sizes,
            controls=controls + sizes,
            copied=np.logaddexp(made, 0.0) - others + np.log(n_others / (n_made + 1)),
        )
