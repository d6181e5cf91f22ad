"""Time limit: work that goes on too long is stopped, where Python lets it be stopped."""

from __future__ import annotations

import gc
import signal
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from assaymark.errors import InputError, TimeUp

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["LIMIT", "check_limit", "why_unlimited", "within"]

T = TypeVar("T")

LIMIT = 600.0
"""Seconds that one metric may take, where nothing else is said."""

_LONGEST = 1e7
_AGAIN = 2.0  # seconds until work that swallowed the interruption is interrupted again
_SOON = 0.01  # seconds until it is tried again, where it would have been lost


def check_limit(seconds: float) -> None:
    """Refuse what is no limit.

    Raises
    ------
    InputError
        When ``seconds`` is not above 0, or beyond 10,000,000.
    """
    if not 0 < seconds <= _LONGEST:
        raise InputError(
            f"a time limit of {seconds} seconds\n\nHint: give seconds above 0 and at most "
            f"{_LONGEST:,.0f}, for each metric"
        )


def why_unlimited() -> str:
    """Return why no limit can be set here, empty where one can."""
    if not hasattr(signal, "setitimer"):
        return "No metric was stopped at the time limit: this system has no timer for it."
    if threading.current_thread() is not threading.main_thread():
        return "No metric was stopped at the time limit: that works on the main thread only."
    return ""


def within(seconds: float, work: Callable[[], T]) -> T:
    """Return what ``work`` returns, or interrupt it after so many seconds.

    Interrupted is the Python code of the main thread; a call into compiled code is first waited
    for. Where no limit can be set (see :func:`why_unlimited`) there is none. The timer and the
    handler that were there before are there again afterwards, with the time taken off.

    Raises
    ------
    TimeUp
        When the time was up before ``work`` had ended.
    """
    if why_unlimited():
        return work()
    running = True

    def ring(_number: int, frame: FrameType | None) -> None:
        if running and _is_lost(frame):
            signal.setitimer(signal.ITIMER_REAL, _SOON, _AGAIN)
        elif running:
            raise TimeUp

    begun = time.monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    handler = signal.signal(signal.SIGALRM, ring)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
            return work()
        finally:
            running = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
        if left:
            still = max(left - (time.monotonic() - begun), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, still, interval)


def _is_lost(frame: FrameType | None) -> bool:
    """Whether Python drops what is raised here: in a finalizer, or a callback of its collector."""
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while frame is not None:
        if frame.f_code.co_name == "__del__" or frame.f_code in callbacks:
            return True
        frame = frame.f_back
    return False
