"""Concurrent increments by several processes, and the time of the import."""

from __future__ import annotations

import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from ska_sdp_config import Config

from .by_hand import ByHand
from .measure import Row
from .transactions import number_at

__all__ = ["rows"]

PROCESSES = 8
INCREMENTS = 500
STARTS = 15

IMPORT = "from ska_sdp_config import Config; Config()"
BARE_IMPORT = "import grpc, pyetcd, pydantic"


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows on processes."""
    yield _counter(config)
    yield _start()


def _counter(config: Config) -> Row:
    """Compare eight processes with a single client, in seconds per increment."""
    for txn in config.txn():
        txn.delete("/bench/counter", must_exist=False)
        txn.create("/bench/counter", "0")
    began = time.perf_counter()
    _increment(config)
    alone = (time.perf_counter() - began) / INCREMENTS
    (endpoint,) = config.backend.address.split(",")
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(PROCESSES + 1)
    results: multiprocessing.Queue[int] = context.Queue()
    workers = [
        context.Process(target=_work, args=(endpoint, ready, results)) for _ in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    ready.wait()
    began = time.perf_counter()
    worst = max(results.get() for _ in workers)
    together = (time.perf_counter() - began) / (PROCESSES * INCREMENTS)
    for worker in workers:
        worker.join()
    for txn in config.txn():
        counted = number_at(txn, "/bench/counter") - INCREMENTS
    if counted != PROCESSES * INCREMENTS:
        raise AssertionError(f"{counted} increments of {PROCESSES * INCREMENTS} were counted")
    work = f"an increment, {PROCESSES} processes at once (at worst {worst} retries)"
    ratio = together / alone
    return Row(work, together, alone, ratio, (ratio, ratio), 1 / 0.4)


def _work(endpoint: str, ready: object, results: multiprocessing.Queue[int]) -> None:
    with Config(backend="etcd3", host=endpoint) as config:
        ready.wait()  # type: ignore[attr-defined]  # the barrier's class is private
        results.put(_increment(config))


def _increment(config: Config) -> int:
    """Increment repeatedly; return the highest number of retries."""
    worst = 0
    for _ in range(INCREMENTS):
        retries = -1
        for txn in config.txn():
            retries += 1
            txn.update("/bench/counter", str(number_at(txn, "/bench/counter") + 1))
        worst = max(worst, retries)
    return worst


def _start() -> Row:
    """Compare new processes that import the library and only its dependencies."""
    ours, floor = [], []
    for _ in range(STARTS):
        ours.append(_seconds(IMPORT))
        floor.append(_seconds(BARE_IMPORT))
    ratios = sorted(a / b for a, b in zip(ours, floor, strict=True))
    return Row(
        "from ska_sdp_config import Config; Config()",
        statistics.median(ours),
        statistics.median(floor),
        statistics.median(ratios),
        (ratios[0], ratios[-1]),
        1.3,
    )


def _seconds(program: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - began
