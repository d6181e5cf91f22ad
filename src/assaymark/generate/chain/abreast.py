"""Abreast: a few columns at work at once, each of which is drawn after those before it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from functools import partial
from threading import Condition
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Job", "abreast"]

T = TypeVar("T")


class Job(NamedTuple, Generic[T]):
    """What is to be done, and whether nothing else may be at work meanwhile.

    ``work`` is given a function that returns once all jobs before are finished.
    """

    work: Callable[[Callable[[], None]], T]
    alone: bool


def abreast(jobs: Iterable[Job[T]], finish: Callable[[T], None], most: int) -> None:
    """Do jobs, ``most`` at a time, and ``finish`` what each returns, one by one in their order.

    What a job waits for is there whatever else is at work, so all comes out as one by one. The
    next job is asked for when the one before has begun; after one that is alone, when that is
    finished.
    """
    turns, pending = _Turns(), deque[Future[T]]()

    def settle(left: int) -> None:
        while len(pending) > left:
            finish(pending.popleft().result())
            turns.go_on()

    with ThreadPoolExecutor(most) as pool:
        try:
            for number, job in enumerate(jobs):
                if job.alone:
                    settle(0)
                pending.append(pool.submit(job.work, partial(turns.wait, number)))
                settle(0 if job.alone else most - 1)
            settle(0)
        finally:
            turns.stop()


class _Turns:
    """How many jobs are finished."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._finished, self._stopped = 0, False

    def wait(self, number: int) -> None:
        """Return when so many jobs are finished; raise if there will not be."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._finished >= number)
            if self._finished < number:
                raise CancelledError

    def go_on(self) -> None:
        """Count one more job as finished."""
        with self._changed:
            self._finished += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
