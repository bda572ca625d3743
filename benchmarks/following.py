"""Iterations of watchers after one change among many blocks, against a watch on the stubs."""

from __future__ import annotations

import queue
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

from ska_sdp_config import Config

from .by_hand import ByHand
from .raw_watch import RawWatch

__all__ = ["iterations"]

LATENCIES = 40
WARM_UP = 5
PATH = "/pb/pb-followed-20260101-00000"
ITERATION_TIMEOUT_S = 60.0

Body = Callable[[Any, Any], object]
"""Body of a watcher, with the watcher and the transaction as arguments."""


def iterations(config: Config, by_hand: ByHand) -> dict[str, float]:
    """Return the median seconds from a change to the end of an iteration, by its body.

    The last one is that of a watch on the stubs for the same changes.
    """
    index: dict[str, str] = {}

    def update_index(watcher: Any, txn: Any) -> None:
        changed = watcher.changed
        if changed is None:
            index.update(txn.peek_values("/pb/", recurse=[1]))
        else:
            index.update((path, txn.get(path) or "") for path in changed)

    def list_keys(_: object, txn: Any) -> None:
        txn.get(f"{PATH}/state")
        txn.processing_block.list_keys()

    def list_values(_: object, txn: Any) -> None:
        txn.get(f"{PATH}/state")
        txn.processing_block.list_values()

    found = {}
    for name, follow, body in (
        ("an iteration that uses changed", ["/pb/"], update_index),
        ("an iteration that lists all keys", [], list_keys),
        ("an iteration that lists all values", [], list_values),
    ):
        found[name], raw = _latencies(config, by_hand, follow, body)
    return {**found, "a watch on the stubs": raw}


def _latencies(
    config: Config, by_hand: ByHand, follow: list[str], body: Body
) -> tuple[float, float]:
    ended: queue.SimpleQueue[float] = queue.SimpleQueue()
    watchers = config.watcher(follow=follow)
    is_over = threading.Event()

    def run() -> None:
        for watcher in watchers:
            if is_over.is_set():
                return
            for txn in watcher.txn():
                body(watcher, txn)
            ended.put(time.perf_counter())

    thread = threading.Thread(target=run)
    thread.start()
    ended.get(timeout=ITERATION_TIMEOUT_S)
    ours, raw = [], []
    key = f"3{PATH}/state"
    with RawWatch(by_hand, key) as watch:
        for number in range(WARM_UP + LATENCIES):
            began = time.perf_counter()
            by_hand.commit([], {key: str(number)})
            raw.append(watch.next_time() - began)
            ours.append(ended.get(timeout=ITERATION_TIMEOUT_S) - began)
    is_over.set()
    watchers.trigger()
    thread.join()
    return statistics.median(ours[WARM_UP:]), statistics.median(raw[WARM_UP:])
