"""Many at once: threads that are switched often, processes that start together, and trouble."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from typing import Any, TypeVar

__all__ = ["amid", "in_processes", "in_threads"]

T = TypeVar("T")


def amid(trouble: Callable[[], object], every: float, work: Callable[[], T]) -> T:
    """Do some work on a thread, get what it gives, and make trouble from time to time meanwhile.

    The trouble is made here, as a server ends with the thread that started it again.
    """
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(work)
        while not wait([doing], every).done:
            trouble()
        return doing.result()


def in_threads(*works: Callable[[], object]) -> None:
    """Run all at once, each on a thread, switching between them as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    errors: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as exc:
            errors.append(exc)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    assert not errors, errors


_start: threading.Barrier


def _wait_for_all(barrier: threading.Barrier) -> None:
    global _start
    _start = barrier


def _run(work: Callable[..., list[T]], *args: Any) -> list[T]:
    # Processes take a while to start, some longer than others.
    _start.wait(120)
    return work(*args)


def in_processes(count: int, work: Callable[..., list[T]], *args: Any) -> list[T]:
    """Run ``work(number, *args)`` in so many processes at once, and put the results together."""
    # Forked ones would inherit threads and gRPC in the middle of something.
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(count)
    with ProcessPoolExecutor(
        count, mp_context=spawn, initializer=_wait_for_all, initargs=(barrier,)
    ) as pool:
        futures = [pool.submit(_run, work, number, *args) for number in range(count)]
        return [each for future in futures for each in future.result()]
