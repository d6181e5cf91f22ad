"""Progress: how long work says where it is."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "silent"]


class Progress(Protocol):
    """Called at each step; ``share`` is how much of the stage is done, in [0, 1]."""

    def __call__(self, stage: str, said: str, share: float | None = None) -> None:
        """Say that ``stage`` is at ``said``."""
        ...


def silent(stage: str, said: str, share: float | None = None) -> None:
    """Say nothing."""
