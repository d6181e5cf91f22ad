"""Threads: how many of them the libraries that calculate may use."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

__all__ = ["one_thread_each"]


def one_thread_each(kind: str | None = None) -> AbstractContextManager[object]:
    """Let each library that is loaded, or those of a kind (blas, openmp), use one thread."""
    limit: AbstractContextManager[object] = _libraries(len(sys.modules)).limit(
        limits=1, user_api=kind
    )
    return limit


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:  # noqa: ARG001
    # to look for them takes as long as a small model: again only where a module may have come
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
