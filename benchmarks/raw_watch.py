"""Watch on the stubs: the baseline of the reaction to a change."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

import grpc
from pyetcd import etcdrpc

from .by_hand import ByHand

__all__ = ["RawWatch"]


class RawWatch:
    """A thread that watches one key.

    Args:
        by_hand: owner of the channel.
        key: the key.
    """

    def __init__(self, by_hand: ByHand, key: str) -> None:
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        create = etcdrpc.WatchCreateRequest(key=key.encode())
        self._requests.put(etcdrpc.WatchRequest(create_request=create))
        self._call = etcdrpc.WatchStub(by_hand.channel).Watch(iter(self._requests.get, None))
        next(self._call)
        self._times: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._listen)

    def _listen(self) -> None:
        try:
            for _ in self._call:
                self._times.put(time.perf_counter())
        except grpc.RpcError:
            return

    def next_time(self) -> float:
        """Wait for a change; return the time of its receipt, by ``perf_counter``."""
        return self._times.get(timeout=60)

    def __enter__(self) -> RawWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._call.cancel()
        self._requests.put(None)
        self._thread.join()
