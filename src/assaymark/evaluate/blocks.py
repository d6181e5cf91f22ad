"""Blocks: work on many rows cut into blocks that run on all cores, results in order."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from assaymark.evaluate.threads import one_thread_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["in_blocks"]

T = TypeVar("T", bound=np.generic)


def in_blocks(n: int, size: int, work: Callable[[slice], NDArray[T]]) -> NDArray[T]:
    """Return ``work`` of each block of at most ``size`` of ``n`` rows, one below the other.

    Threads run the blocks, each with one thread of linear algebra: the result does not depend on
    how many there are. At least one row is needed.
    """
    parts = [slice(start, min(start + size, n)) for start in range(0, n, size)]
    with one_thread_each("blas"), ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return np.concatenate(list(pool.map(work, parts)))
