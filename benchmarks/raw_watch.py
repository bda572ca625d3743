"""A bare watch on the stubs: the floor of what reacts to a change."""

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
    """A thread that hears of the changes of one key.

    Args:
        by_hand: whose channel is used.
        key: the key.
    """

    def __init__(self, by_hand: ByHand, key: str) -> None:
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        create = etcdrpc.WatchCreateRequest(key=key.encode())
        self._requests.put(etcdrpc.WatchRequest(create_request=create))
        self._call = etcdrpc.WatchStub(by_hand.channel).Watch(iter(self._requests.get, None))
        next(self._call)
        self._told: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._listen)

    def _listen(self) -> None:
        try:
            for _ in self._call:
                self._told.put(time.perf_counter())
        except grpc.RpcError:
            return

    def told(self) -> float:
        """Wait for a change, and give the time at which it was told, by ``perf_counter``."""
        return self._told.get(timeout=60)

    def __enter__(self) -> RawWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._call.cancel()
        self._requests.put(None)
        self._thread.join()
