"""Telling: which of many columns say most of another, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["most_telling"]

_LOOK = 4000


def most_telling(
    features: Sequence[tuple[NDArray[np.int32], NDArray[np.int32]]],
    y: NDArray[np.int32],
    most: int,
) -> list[int]:
    """Return the places of the ``most`` features that explain most of ``y`` one by one, sorted.

    Each is judged by the log-likelihood that its codes add, less what as many codes add by
    chance, on 4,000 rows at most. All are returned where there are no more than ``most``.

    Parameters
    ----------
    features
        The bin of each code, and the code of each row.
    """
    if len(features) <= most:
        return list(range(len(features)))
    look = slice(None, None, len(y) // _LOOK + 1)
    group, classes = _numbered(y[look])
    gains = []
    for bins, codes in features:
        place, size = _numbered(bins[codes[look]])
        joint = np.bincount(place * classes + group, minlength=size * classes)
        added = _worth(joint) - _worth(np.bincount(place))
        gains.append(added - (size - 1) * (classes - 1) / 2)
    return sorted(np.argsort(-np.array(gains), kind="stable")[:most].tolist())


def _numbered(codes: NDArray[np.int32]) -> tuple[NDArray[np.int64], int]:
    """Return codes numbered from 0 in their order, those that do not occur left out; how many."""
    there = np.bincount(codes) > 0
    return (np.cumsum(there) - 1)[codes], int(there.sum())


def _worth(counts: NDArray[np.int64]) -> float:
    held = counts[counts > 0]
    return float((held * np.log(held)).sum())
