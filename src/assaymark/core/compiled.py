"""Compiled: a function of numbers and arrays turned into machine code when it is first called."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled"]

F = TypeVar("F", bound="Callable[..., object]")


def compiled(function: F) -> F:
    """Compile ``function`` with numba, without the interpreter's lock and without fast maths.

    The machine code is kept on disk beside the source, or in the user's cache folder; where
    neither can be written it is made again by every process. No fast maths: the same numbers on
    every machine, whatever the number of threads.
    """
    from numba import njit

    try:
        return cast("F", njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba found no folder to keep machine code in
        return cast("F", njit(nogil=True)(function))
