"""Watcher loops on their own threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from ska_sdp_config.backend import ConfigConnectionError
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from tests.support.in_time import in_time
from tests.support.waiting import wait_until

IDLE_S = 0.3
"""Seconds after which a loop that has not iterated again counts as idle."""

WAKE_UP_AFTER_S = 20.0
"""Seconds after which a test wakes a loop that has missed a change."""


class BackgroundLoop:
    """Loop on its own thread, with the result of each run of its body.

    Attributes:
        results: the results.
        error: the error that ended the loop, if any.
        thread: the thread.
    """

    def __init__(self) -> None:
        self.results: list[object] = []
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.iterate()
        except ConfigConnectionError as exc:
            self.error = exc

    def iterate(self) -> None:
        """Run the loop to its end."""
        raise NotImplementedError

    def expect(self, view: object) -> None:
        """Wait until this is the newest result."""
        wait_until(
            lambda: self.results and self.results[-1] == view, what=f"{view} in {self.results}"
        )

    def is_idle(self) -> bool:
        """Return whether the loop does not iterate for ``IDLE_S``."""
        before = len(self.results)
        self.thread.join(IDLE_S)
        return len(self.results) == before


class Loop(BackgroundLoop):
    """Watcher loop."""

    def __init__(
        self, backend: Backend, body: Callable[[Txn], object], timeout: float | None = None
    ) -> None:
        self.watcher = Watcher(backend, lambda txn: txn, timeout)
        self._body = body
        self._stop = False
        super().__init__()

    def iterate(self) -> None:
        for watcher in self.watcher:
            if self._stop:
                break
            # One result, whatever the attempts; none if the database does not respond in time.
            seen: list[object] = []
            for txn in watcher.txn():
                seen = [self._body(txn)]
            self.results += seen

    def stop(self) -> None:
        self._stop = True
        self.watcher.trigger()
        self.thread.join(30)
        assert not self.thread.is_alive()


class Repetition(BackgroundLoop):
    """Transaction that runs again with each change of what its body reads."""

    def __init__(self, backend: Backend, body: Callable[[Txn], object]) -> None:
        self._backend = backend
        self._body = body
        super().__init__()

    def iterate(self) -> None:
        for txn in self._backend.txn():
            self.results.append(self._body(txn))
            txn.loop(wait=True)


@contextmanager
def repeating(backend: Backend, body: Callable[[Txn], object]) -> Iterator[Repetition]:
    """Repeat a transaction until the end, which closes its backend."""
    loop = Repetition(backend, body)
    try:
        yield loop
    finally:
        backend.close()
        loop.thread.join(30)
        assert not loop.thread.is_alive()


@contextmanager
def looping(
    backend: Backend, body: Callable[[Txn], object], timeout: float | None = None
) -> Iterator[Loop]:
    loop = Loop(backend, body, timeout)
    try:
        yield loop
    finally:
        loop.stop()


Begin = Callable[[Backend, Callable[[Txn], object]], AbstractContextManager[BackgroundLoop]]

of_both_kinds = pytest.mark.parametrize("begin", [looping, repeating], ids=["watcher", "loop"])
"""Tests a watcher loop, and a transaction that calls ``loop`` to wait for changes."""


@contextmanager
def assert_not_woken(wake: Callable[[], None]) -> Iterator[None]:
    """Assert that the body ends in time; otherwise wake its loop, so that the test ends too."""
    timer = threading.Timer(WAKE_UP_AFTER_S, wake)
    timer.start()
    try:
        with in_time(WAKE_UP_AFTER_S):
            yield
    finally:
        timer.cancel()
