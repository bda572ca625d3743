"""Watcher loops on their own threads."""

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
"""Seconds within which a loop would have run its body again if it had a reason."""

SLEEPS = 20.0
"""Seconds after which a loop that missed a change is woken by its test."""


class Loop:
    """Watcher loop on its own thread, with the result of its body at each turn."""

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
        """Wait until the newest result is this one."""
        wait_until(lambda: self.turns and self.turns[-1] == view, what=f"{view} in {self.turns}")

    def rests(self) -> bool:
        """Return whether it does not turn within a while."""
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
    """Run a watcher loop within the context."""
    loop = Loop(backend, body, timeout)
    try:
        yield loop
    finally:
        loop.stop()


@contextmanager
def awake_at_last(wake: Callable[[], None]) -> Iterator[None]:
    """Assert that a loop turns by itself; otherwise it is woken, too late."""
    timer = threading.Timer(SLEEPS, wake)
    timer.start()
    try:
        with in_time(SLEEPS):
            yield
    finally:
        timer.cancel()
