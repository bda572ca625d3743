"""Watcher that follows a prefix, against a watch on the stubs."""

from __future__ import annotations

import queue
import statistics
import threading
import time

from ska_sdp_config import Config

from .by_hand import ByHand
from .raw_watch import RawWatch

__all__ = ["latency_of_changed"]

LATENCIES = 100
WARM_UP = 10
KEY = "3/pb/pb-followed-20260101-00000/state"


def latency_of_changed(config: Config, by_hand: ByHand) -> tuple[float, float]:
    """Return the seconds from a put to the end of an iteration that updates an index by it.

    Returns:
        The median; and that of a watch on the stubs for the same changes.
    """
    ended: queue.SimpleQueue[float] = queue.SimpleQueue()
    watchers = config.watcher(follow=["/pb/"])
    is_over = threading.Event()

    def run() -> None:
        index: dict[str, str] = {}
        for watcher in watchers:
            if is_over.is_set():
                return
            for txn in watcher.txn():
                changed = watcher.changed
                if changed is None:
                    index = dict(txn.peek_values("/pb/", recurse=[1]))
                else:
                    index.update((path, txn.get(path) or "") for path in changed)
            ended.put(time.perf_counter())

    thread = threading.Thread(target=run)
    thread.start()
    ended.get(timeout=60)
    ours, raw = [], []
    with RawWatch(by_hand, KEY) as watch:
        for number in range(WARM_UP + LATENCIES):
            began = time.perf_counter()
            by_hand.commit([], {KEY: str(number)})
            raw.append(watch.next_time() - began)
            ours.append(ended.get(timeout=60) - began)
    is_over.set()
    watchers.trigger()
    thread.join()
    return statistics.median(ours[WARM_UP:]), statistics.median(raw[WARM_UP:])
