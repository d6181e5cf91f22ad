"""Engines: who makes the blocks: this process, processes of this machine, or a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from assaymark.errors import InputError, UnknownNameError
from assaymark.flow.generate.block import Block, Job, make_block

__all__ = ["ENGINES", "blocks_by", "check_engine", "worker_pool"]

_AHEAD = 2  # blocks that wait for each worker
_DEATHS = 3
_RETRIES = 10

Engine = Callable[[Job, Sequence[int], int], Iterator[tuple[int, Block]]]


def blocks_by(
    engine: str, job: Job, numbers: Sequence[int], workers: int
) -> Iterator[tuple[int, Block]]:
    """Yield number and block of each of ``numbers``, in the order in which they get done.

    Raises
    ------
    UnknownNameError, InputError
        When there is no such engine, it is not installed, or its workers die again and again.
    """
    check_engine(engine)
    yield from ENGINES[engine](job, numbers, workers)


def check_engine(engine: str) -> None:
    """Raise unless this engine exists and is installed."""
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    if engine == "ray" and find_spec("ray") is None:
        raise InputError(
            "the engine 'ray' is not installed\n\nHint: pip install 'assaymark[ray]', on every "
            "machine of the cluster; --engine local needs nothing"
        )


def _local(job: Job, numbers: Sequence[int], workers: int) -> Iterator[tuple[int, Block]]:
    """Make blocks in this process, or in as many processes as ``workers``.

    What a killed process was making is made again by others; after three deaths it is an error.
    """
    if workers == 1 or len(numbers) <= 1:
        yield from ((n, make_block(job, n)) for n in numbers)
        return
    left = list(numbers)
    for _ in range(_DEATHS):
        done = set()
        try:
            for n, block in _pooled(job, left, workers):
                done.add(n)
                yield n, block
        except BrokenProcessPool:
            left = [n for n in left if n not in done]
        else:
            return
    raise InputError(
        f"worker processes were killed {_DEATHS} times, perhaps for want of memory; the blocks "
        "that are done stay\n\nHint: start the same command again with --workers 1"
    )


def _pooled(job: Job, numbers: Sequence[int], workers: int) -> Iterator[tuple[int, Block]]:
    waiting, running = iter(numbers), dict[Future[Block], int]()
    with _one_thread_each(), worker_pool(min(workers, len(numbers))) as pool:
        try:
            for n in waiting:
                running[pool.submit(make_block, job, n)] = n
                if len(running) < _AHEAD * workers:
                    continue
                yield from _ended(running)
            while running:
                yield from _ended(running)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of so many processes, which end when this one does, however that is."""
    return ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent)


def _end_with_parent() -> None:
    """End this worker at once when whoever started it is gone, also by a kill.

    Else it would make the blocks that wait for it, and then wait for more for ever.
    """
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=watch, daemon=True).start()


def _ended(running: dict[Future[Block], int]) -> Iterator[tuple[int, Block]]:
    ended, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in ended:
        yield running.pop(future), future.result()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start inside use one thread of polars: each core has a process."""
    before = os.environ.get("POLARS_MAX_THREADS")
    os.environ["POLARS_MAX_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["POLARS_MAX_THREADS"]
        else:
            os.environ["POLARS_MAX_THREADS"] = before


def _ray(job: Job, numbers: Sequence[int], workers: int) -> Iterator[tuple[int, Block]]:
    """Make blocks as tasks of the Ray cluster that is there (``RAY_ADDRESS``), or of a local one.

    Every machine must see the folder at the same path. Blocks of machines that die are made again
    by others: a block is the same bytes wherever and however often it is made.
    """
    import ray

    ours = not ray.is_initialized()
    if ours:
        ray.init(num_cpus=None if "RAY_ADDRESS" in os.environ else workers, log_to_driver=False)
    try:
        task = ray.remote(num_cpus=1, max_retries=_RETRIES)(make_block)
        held = ray.put(job)
        waiting, running = iter(numbers), dict[Any, int]()
        for n in waiting:
            running[task.remote(held, n)] = n
            if len(running) >= _AHEAD * workers:
                yield from _ray_ended(running)
        while running:
            yield from _ray_ended(running)
    finally:
        if ours:
            ray.shutdown()


def _ray_ended(running: dict[Any, int]) -> Iterator[tuple[int, Block]]:
    import ray

    ended, _ = ray.wait(list(running), num_returns=1)
    for reference in ended:
        try:
            block = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except ray.exceptions.RayError as error:
            raise InputError(
                f"Ray lost a block {_RETRIES} times: {error}; the blocks that are done stay\n\n"
                "Hint: start the same command again"
            ) from error
        yield running.pop(reference), block


ENGINES: dict[str, Engine] = {"local": _local, "ray": _ray}
"""Engines by name. Spark is planned: ``mapInArrow`` over the numbers of the blocks."""
