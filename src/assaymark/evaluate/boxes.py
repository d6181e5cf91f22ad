"""Boxes: rows in small groups that lie close together, so that a search can leave most groups out.

A tree halves the rows at the mean of the coordinate that varies most. A point is at least as far
from any row of a group as from the box around the group.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Points = NDArray[np.float32]
    Codes = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["Boxes", "boxes_of"]

_LOOK = 256  # rows of a group that say where it is cut
_BLOCK = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boxes:
    """Rows group by group, each from one of ``starts`` to the next, and the borders of each box.

    ``order`` says which row stood where, ``norms`` are squared, ``low`` and ``high`` have the
    shape ``(boxes, dimensions)``.
    """

    order: Codes
    rows: Points
    norms: Points
    starts: Codes
    low: Points
    high: Points

    def far(self, points: Points) -> Points:
        """Return the squared distance of each point from each box, shape ``(boxes, points)``.

        Coordinates in which the points have but two values go through a matrix product.
        """
        least, most = points.min(axis=0), points.max(axis=0)
        two = ((points == least) | (points == most)).all(axis=0)
        below, above = (self._gaps(x)[:, two] for x in (least, most))
        step, start = above - below, below.sum(axis=1)[:, None]
        found = np.empty((len(self.low), len(points)), dtype=np.float32)
        for first in range(0, len(points), _BLOCK):
            turned = np.ascontiguousarray(points[first : first + _BLOCK].T)
            part = found[:, first : first + _BLOCK]
            part[:] = step @ (turned[two] == most[two, None]).astype(np.float32)
            part += start
            for j in np.flatnonzero(~two):
                gap = np.maximum(
                    self.low[:, j, None] - turned[j], turned[j] - self.high[:, j, None]
                )
                np.maximum(gap, 0, out=gap)
                gap *= gap
                part += gap
        return found

    def _gaps(self, point: Points) -> Points:
        gaps = np.maximum(self.low - point, point - self.high)
        return np.asarray(np.square(np.maximum(gaps, 0)), dtype=np.float32)


def boxes_of(points: Points, size: int, columns: Bools) -> Boxes:
    """Return boxes of at most ``size`` rows, more where rows are equal, in these coordinates."""
    groups = list(_groups(points, size))
    starts = np.cumsum([0, *(len(g) for g in groups)])
    rows = np.empty((len(points), int(columns.sum())), dtype=np.float32)
    low, high = (np.empty((len(groups), rows.shape[1]), dtype=np.float32) for _ in range(2))
    for i, (group, (start, end)) in enumerate(zip(groups, pairwise(starts), strict=True)):
        part = points[group][:, columns]
        rows[start:end], low[i], high[i] = part, part.min(axis=0), part.max(axis=0)
    norms = np.einsum("ij,ij->i", rows, rows)
    order = np.concatenate(groups)
    return Boxes(order=order, rows=rows, norms=norms, starts=starts, low=low, high=high)


def _groups(points: Points, size: int) -> Iterator[Codes]:
    left = [np.arange(len(points))]
    while left:
        rows = left.pop()
        below = _below(points, rows) if len(rows) > size else None
        if below is None:
            yield rows
        else:
            left += [rows[~below], rows[below]]


def _below(points: Points, rows: Codes) -> Bools | None:
    """Return which of the rows lie below the cut, ``None`` where those looked at are all alike."""
    seen = points[rows[:: max(1, len(rows) // _LOOK)]]
    j = int(seen.var(axis=0).argmax())
    below = points[rows, j] < seen[:, j].mean()
    return below if below.any() and not below.all() else None
