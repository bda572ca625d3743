"""Watcher loops on threads of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ska_sdp_config.backend import ConfigConnectionError
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from tests.support.in_time import in_time
from tests.support.waiting import wait_until

TURNS_NO_MORE = 0.3
"""Seconds in which a loop that had cause to turn would have turned."""

SLEEPS = 20.0
"""Seconds after which a loop that sleeps through a change turns all the same, for its test."""


class Loop:
    """A watcher loop on a thread of its own, and what it saw at each turn."""

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
        """Whether it does not turn although it is given time to."""
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


@contextmanager
def awake_at_last(wake: Callable[[], None]) -> Iterator[None]:
    """Check that a loop turns by itself; it is woken, too late, if it does not."""
    timer = threading.Timer(SLEEPS, wake)
    timer.start()
    try:
        with in_time(SLEEPS):
            yield
    finally:
        timer.cancel()
