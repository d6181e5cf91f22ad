"""Alike: whose level is too rare to come out gets one that goes with their other levels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.generate.coding.encoding import Encoded

__all__ = ["drawn_alike"]

_TELLS, _ROUGHLY, _GLANCE = 0.98, 0.95, 3000
_LARGEST = 4_000_000


def drawn_alike(encoded: Encoded, streams: Streams) -> Encoded:
    """Return the table with levels that stand in for rare ones drawn within their group.

    Where a column's levels say the group of another column, as a diagnosis says its chapter, for
    all but 2 % of the persons, somebody with a rare level gets a common one of their own group,
    if there is one: of the finest such grouping. So no pair comes about that cannot be.
    """
    codings = encoded.encoding.codings
    unordered = [j for j, c in enumerate(codings) if not c.ordered and c.size > 1]
    codes = encoded.codes
    for x in unordered:
        rows = encoded.redrawn[x]
        if rows.any():
            groups = sorted(unordered, key=lambda j: (-codings[j].size, j))
            tables = (_told(encoded, x, y) for y in groups if codings[y].size < codings[x].size)
            told = next((t for t in tables if t is not None), None)
            if told is not None:
                rng = streams.child("alike", codings[x].column.name).generator()
                codes = codes if codes is not encoded.codes else codes.copy()
                y, joint = told
                here = np.flatnonzero(rows & ~encoded.redrawn[y])
                codes[x, here] = _within(codes[x, here], codes[y, here], joint, rng)
    return replace(encoded, codes=codes)


def _told(encoded: Encoded, x: int, y: int) -> tuple[int, NDArray[np.float64]] | None:
    """Return ``y``, and what each pair of codes weighs, if ``x`` says ``y``."""
    size = encoded.encoding.codings[x].size, encoded.encoding.codings[y].size
    if size[0] * size[1] > _LARGEST:
        return None
    if not _tells(encoded.joint(x, y, encoded.glance(_GLANCE)), _ROUGHLY):
        return None
    joint = encoded.joint(x, y)
    if not _tells(joint, _TELLS):
        return None
    alone = joint.sum(axis=0).max()
    return None if alone >= _TELLS * joint.sum() else (y, joint)


def _tells(joint: NDArray[np.float64], share: float) -> bool:
    return bool(joint.max(axis=1).sum() >= share * joint.sum())


def _within(
    own: NDArray[np.int32],
    groups: NDArray[np.int32],
    joint: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    """Draw a level of each row's group by what it weighs there; its own where there is none."""
    out, u = own.copy(), rng.random(len(own))
    for g in np.unique(groups):
        total = np.cumsum(joint[:, g])
        if total[-1] > 0:
            here = groups == g
            out[here] = np.searchsorted(total, u[here] * total[-1], "right")
    return out
