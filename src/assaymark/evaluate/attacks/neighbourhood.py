"""Neighbourhood: how many synthetic rows lie where a record has its nearest other people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.registry import component
from assaymark.evaluate.blocks import in_blocks
from assaymark.evaluate.ground import Scores
from assaymark.evaluate.neighbours import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.evaluate.ground import Ground, Side

    Floats = NDArray[np.float64]

__all__ = ["Neighbourhood"]

_BLOCK = 64


@component
class Neighbourhood:
    """Synthetic rows within the distance of a record's ``k``-th nearest of other people.

    Ties are decided by the nearest synthetic row.

    Attributes
    ----------
    k
        How many other people fix the radius; few make it local, many make it steady.

    References
    ----------
    Hilprecht, Haerterich & Bernau (2019), Monte Carlo and reconstruction membership inference
    attacks against generative models, PoPETs 2019(4).
    Houssiau et al. (2022), TAPAS: local neighbourhood attacks, arXiv:2211.06550.
    """

    k: int = 5

    def score(self, ground: Ground, streams: Streams) -> Scores:  # noqa: ARG002
        """Return the count of every record, its closeness below one."""
        counts, closest = self._counts(ground, ground.members)
        return Scores(
            members=counts - closest,
            controls=np.subtract(*self._counts(ground, ground.controls)),
            copied=counts + 1,
        )

    def _counts(self, ground: Ground, side: Side) -> tuple[Floats, Floats]:
        radius = nearest(side.points, ground.background, k=self.k)[:, -1] + 1e-6
        kernels, times = ground.kernels(ground.made), -2 * ground.bandwidth**2

        def block(part: slice) -> Floats:
            logs = kernels.logs(side.points[part])
            counts = (logs >= np.square(radius[part])[:, None] / times).sum(axis=1)
            return np.stack([counts, np.sqrt(times * logs.max(axis=1))], axis=1)

        counts, closest = in_blocks(len(radius), _BLOCK, block).T
        return counts, closest / (1 + closest)
