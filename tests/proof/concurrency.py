"""Concurrent threads, processes and faults."""

from __future__ import annotations

import itertools
import multiprocessing
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from tests.services.etcd import revive

__all__ = [
    "amid",
    "amid_faults",
    "in_processes",
    "in_threads",
    "short_watch_backoff",
]

T = TypeVar("T")

WATCH_BACKOFF_MAX_S = 0.05
"""Limit of a watch's pauses amid frequent faults; see ``short_watch_backoff``."""


@pytest.fixture
def short_watch_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the pauses of watches; with longer ones, most faults find no connection to cut."""
    backoff = "ska_sdp_config.drivers.etcd.attempts.WATCH_BACKOFF_MAX_S"
    monkeypatch.setattr(backoff, WATCH_BACKOFF_MAX_S)


def amid(trouble: Callable[[], object], every: float, work: Callable[[], T]) -> T:
    """Run work on another thread, return its result, and cause trouble at intervals meanwhile.

    The trouble is caused on this thread, because a server ends with the thread that started it.
    """
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(work)
        while not wait([doing], every).done:
            trouble()
        return doing.result()


def amid_faults(
    server: Etcd, faults: Iterable[Callable[[], object]], every: float, work: Callable[[], T]
) -> T:
    """Run work amid faults, in turn; restart a server that ends by a fault of etcd."""
    turns = itertools.cycle(faults)

    def trouble() -> None:
        next(turns)()
        revive(server)

    return amid(trouble, every, work)


def in_threads(*works: Callable[[], object]) -> None:
    """Run each on a thread, with the shortest possible switch interval."""
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
    """Run ``work(number, *args)`` in so many processes that start together; join the results."""
    # Forked processes would inherit gRPC in an undefined state.
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(count)
    with ProcessPoolExecutor(
        count, mp_context=spawn, initializer=_wait_for_all, initargs=(barrier,)
    ) as pool:
        futures = [pool.submit(_run, work, number, *args) for number in range(count)]
        return [each for future in futures for each in future.result()]
