"""Watcher loops on threads, and counts of what they read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from ska_sdp_config.backend import ConfigConnectionError
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.interface import Query, Reply
from tests.in_time import in_time
from tests.waiting import wait_until

TURNS_NO_MORE = 0.3
"""Seconds within which a loop with a stale read would have iterated."""


class Loop:
    """Watcher loop on a thread, with the result of the body in each iteration."""

    def __init__(
        self, backend: Backend, body: Callable[[Txn], object], timeout: float | None = None
    ) -> None:
        self.watcher = Watcher(backend, lambda txn: txn, timeout)
        self.turns: list[object] = []
        self.error: BaseException | None = None
        self._body = body
        self._stop = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            for watcher in self.watcher:
                if self._stop:
                    break
                for txn in watcher.txn():
                    seen = self._body(txn)
                self.turns.append(seen)
        except ConfigConnectionError as exc:
            self.error = exc

    def saw(self, view: object) -> None:
        wait_until(lambda: self.turns and self.turns[-1] == view, what=f"{view} in {self.turns}")

    def rests(self) -> bool:
        """Return whether there is no iteration for a while."""
        before = len(self.turns)
        self._thread.join(TURNS_NO_MORE)
        return len(self.turns) == before

    def stop(self) -> None:
        self._stop = True
        self.watcher.trigger()
        self._thread.join(30)
        assert not self._thread.is_alive()


@contextmanager
def looping(
    backend: Backend, body: Callable[[Txn], object], timeout: float | None = None
) -> Iterator[Loop]:
    loop = Loop(backend, body, timeout)
    try:
        yield loop
    finally:
        loop.stop()


SLEEPS = 20.0
"""Seconds after which a loop that missed a change is woken, to end its test."""


@contextmanager
def awake_at_last(wake: Callable[[], None]) -> Iterator[None]:
    """Check that a loop iterates by itself; if not, wake it so that the test ends."""
    timer = threading.Timer(SLEEPS, wake)
    timer.start()
    try:
        with in_time(SLEEPS):
            yield
    finally:
        timer.cancel()


class Away:
    """Outage of the reads of a backend.

    Attributes:
        on: whether reads fail.
        asked: number of reads that failed.
    """

    def __init__(self, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        self.on = True
        self.asked = 0
        self._read = backend.store.read
        monkeypatch.setattr(backend.store, "read", self.read)

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        if self.on:
            self.asked += 1
            raise ConfigConnectionError("away")
        return self._read(queries, revision, timeout=timeout)


class CountedReads:
    """Record of the read calls of a backend."""

    def __init__(self, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        self.queries: list[Sequence[Query]] = []
        self._read = backend.store.read
        monkeypatch.setattr(backend.store, "read", self.read)

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        self.queries.append(queries)
        return self._read(queries, revision, timeout=timeout)
