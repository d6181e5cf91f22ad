"""Progress: how long work says where it is."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "pace", "silent"]


class Progress(Protocol):
    """Called at each step; ``share`` is how much of the stage is done, in [0, 1]."""

    def __call__(self, stage: str, said: str, share: float | None = None) -> None:
        """Say that ``stage`` is at ``said``."""
        ...


def silent(stage: str, said: str, share: float | None = None) -> None:
    """Say nothing."""


def pace(done: int, total: int, seconds: float) -> str:
    """Say how many rows there are of how many, how many a second, and how long it will take."""
    rate = done / max(seconds, 1e-9)
    shown = f"{rate:,.0f}" if rate >= 10 or not done else f"{rate:.1f}"
    return f"{done:,} of {total:,} rows, {shown} rows/s, {_left((total - done) / max(rate, 1e-9))}"


def _left(seconds: float) -> str:
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h left"
    return f"{seconds / 60:.0f} min left" if seconds >= 90 else f"{seconds:.0f} s left"
