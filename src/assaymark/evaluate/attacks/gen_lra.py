"""Gen-LRA: how much likelier the synthetic rows are once the record joins the population."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.registry import component
from assaymark.evaluate.blocks import in_blocks
from assaymark.evaluate.ground import Scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.evaluate.ground import Ground
    from assaymark.evaluate.neighbours import Points

    Floats = NDArray[np.float64]

__all__ = ["GenLra"]

_BLOCK = 64
_NOTHING = -16.0  # terms below e to this are left out


@component
class GenLra:
    """Log-likelihood of the synthetic rows under other people and the record, less without it.

    With kernel estimates of one bandwidth, adding a record x to n others changes the density at
    a synthetic row y from ``S(y) / n`` to ``(S(y) + K(y - x)) / (n + 1)``, S the sum of kernels.
    So no estimate is fitted anew: the score is the sum of ``log(1 + K / S)`` over the rows, up to
    a constant.

    References
    ----------
    Ward, Wang & Cheng (2025), Privacy auditing synthetic data release through local likelihood
    attacks (Gen-LRA), arXiv:2508.21146.
    """

    def score(self, ground: Ground, streams: Streams) -> Scores:  # noqa: ARG002
        """Return the likelihood ratio of every record."""
        background = ground.kernels(ground.background)
        others = background.log_sums(ground.made)
        members = _ratio(ground, ground.members.points, others)
        here = background.log_sums(ground.members.points)
        return Scores(
            members=members,
            controls=_ratio(ground, ground.controls.points, others),
            copied=members + np.logaddexp(0.0, -here),
        )


def _ratio(ground: Ground, points: Points, others: Floats) -> Floats:
    """Return the sum over synthetic rows of log(1 + kernel / sum of kernels of the others)."""
    level, kernels = others.astype(np.float32), ground.kernels(ground.made)

    def block(part: slice) -> Floats:
        logs = kernels.logs(points[part])
        logs -= level
        rows, columns = np.nonzero(logs > _NOTHING)
        terms = np.logaddexp(0.0, logs[rows, columns].astype(np.float64))
        return np.asarray(np.bincount(rows, terms, len(logs)), dtype=np.float64)

    return in_blocks(len(points), _BLOCK, block)
