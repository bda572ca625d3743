"""Watch loops, against a watch on the stubs."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ska_sdp_config import Config
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.store.interface import Put, Store

from .by_hand import ByHand
from .measure import Row, of_samples
from .raw_watch import RawWatch
from .round_trips import counted, kv_calls

__all__ = ["rows"]

BLOCKS = 10_000
LATENCIES = 200
TURNS = 40

NextTime = Callable[[], float]
"""Waits for a change and returns the time of its receipt."""


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows on watching."""
    for txn in config.txn():
        txn.delete("/bench/watched", must_exist=False)
        txn.create("/bench/watched", "0")
    with _Loop(config, lambda txn: txn.get("/bench/watched")) as loop:
        turn, floor = _latencies(by_hand, loop.turned, "2/bench/watched", LATENCIES)
    yield of_samples("put to watcher loop turning", turn, floor, 1.4)
    yield _foreign(config, by_hand)
    yield from _ten_thousand(config, by_hand)


def _foreign(config: Config, by_hand: ByHand) -> Row:
    """Measure the CPU time of a watching process per change of an entry that it does not read."""
    with _Loop(config, lambda txn: txn.get("/bench/watched")):
        times = []
        for _ in range(5):
            before = time.process_time()
            for _ in range(500):
                by_hand.commit([], {"2/bench/foreign": "x" * 200})
            times.append((time.process_time() - before) / 500)
    alone = []
    for _ in range(5):
        before = time.process_time()
        for _ in range(500):
            by_hand.commit([], {"2/bench/foreign": "x" * 200})
        alone.append((time.process_time() - before) / 500)
    return of_samples(
        "processor time of a put, with a loop that does not read it", times, alone, None
    )


def _ten_thousand(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Measure a loop over the states of 10,000 blocks after a change of one state."""
    database = Database()
    memory = Config(backend=MemoryBackend(database))
    for store in (config.backend.store, memory.backend.store):
        _fill(store)

    def body_alone() -> None:
        for txn in memory.txn():
            _body(txn)

    with memory, _Loop(config, _body) as loop:
        key = f"3/pb/{_id(BLOCKS // 2)}/state"
        turn, floor = _latencies(by_hand, loop.ended, key, TURNS, body_alone)
        trips = []
        for number in range(TURNS):
            before = kv_calls(config.backend.address)
            by_hand.commit([], {key: str(number) * 20})
            loop.ended()
            # The change itself is one of them.
            trips.append(float(kv_calls(config.backend.address) - before - 1))
    for path in ("/pb", "/bench"):
        config.backend.delete(path, must_exist=False, recursive=True)
    yield of_samples("one of 10,000 states changes: to the end of the turn", turn, floor, 1.5)
    yield counted("one of 10,000 states changes: what the turn asks for", trips, 2)


def _body(txn: Any) -> int:
    return sum(len(txn.get(f"{path}/state")) for path in txn.list_keys("/pb/"))


def _id(number: int) -> str:
    return f"pb-bench-20260101-{number:05}"


def _fill(store: Store) -> None:
    for begin in range(0, BLOCKS, 1_000):
        numbers = range(begin, begin + 1_000)
        puts = [Put(f"2/pb/{_id(number)}", "{}") for number in numbers]
        puts += [Put(f"3/pb/{_id(number)}/state", "x" * 100) for number in numbers]
        store.commit([], puts, timeout=30)


def _latencies(
    by_hand: ByHand,
    next_time: NextTime,
    key: str,
    times: int,
    body: Callable[[], object] = lambda: None,
) -> tuple[list[float], list[float]]:
    """Time the loop, and a watch followed by the body, with the same changes."""
    ours, raw = [], []
    with RawWatch(by_hand, key) as watch:
        for number in range(times + 10):
            began = time.perf_counter()
            by_hand.commit([], {key: str(number) * 20})
            received, turned = watch.next_time(), next_time()
            body_began = time.perf_counter()
            body()
            body_took = time.perf_counter() - body_began
            if number >= 10:
                raw.append(received - began + body_took)
                ours.append(turned - began)
    return ours, raw


class _Loop:
    """A watch loop in a thread, with the times at which its body started and ended."""

    def __init__(self, config: Config, body: Callable[[Any], object]) -> None:
        self._config = config
        self._body = body
        self._turned: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._watcher = config.watcher()
        self._stop = False
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        for watcher in self._watcher:
            self._turned.put(time.perf_counter())
            if self._stop:
                break
            for txn in watcher.txn():
                self._body(txn)
            self._ended.put(time.perf_counter())

    def turned(self) -> float:
        self._ended.get(timeout=60)
        return self._turned.get(timeout=60)

    def ended(self) -> float:
        self._turned.get(timeout=60)
        return self._ended.get(timeout=60)

    def __enter__(self) -> _Loop:
        self._thread.start()
        self.ended()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._watcher.trigger()
        self._thread.join()
