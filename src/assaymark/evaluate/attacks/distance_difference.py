"""Distance difference: a record nearer to synthetic rows than to other people's was in train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.registry import component
from assaymark.evaluate.ground import Scores
from assaymark.evaluate.neighbours import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.evaluate.ground import Ground, Side

    Floats = NDArray[np.float64]

__all__ = ["DistanceDifference"]

_BIT = 0.01  # distances below a hundredth of one differing column count alike


@component
class DistanceDifference:
    """Logarithm of the distance to other people's rows over that to the synthetic rows.

    The plain metric ``membership`` makes this attack on everybody; here it adds to what all
    attacks learn together.

    References
    ----------
    Ward et al. (2024), Data plagiarism index, arXiv:2406.13012, for the calibrated distance.
    """

    def score(self, ground: Ground, streams: Streams) -> Scores:  # noqa: ARG002
        """Return the log ratio of every record."""
        members = self._ratio(ground, ground.members)
        return Scores(
            members=members,
            controls=self._ratio(ground, ground.controls),
            copied=self._others(ground, ground.members) - np.log(_BIT),
        )

    def _others(self, ground: Ground, side: Side) -> Floats:
        return np.asarray(np.log(nearest(side.points, ground.background)[:, 0] + _BIT))

    def _ratio(self, ground: Ground, side: Side) -> Floats:
        made = nearest(side.points, ground.made)[:, 0]
        return np.asarray(self._others(ground, side) - np.log(made + _BIT))
