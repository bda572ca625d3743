"""Signal handling of a running stack."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A condition may depend on the time, and the system may deliver a signal to another thread.
_MAX_WAIT_S = 1.0


class StopRequested(Exception):
    """A signal requested the stop."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(f"got {number.name}")
        self.signal = number


class Interrupts:
    """Received signals; created by ``catch_signals``."""

    def __init__(self) -> None:
        # Unlike other queues, its put() is safe in a signal handler.
        self._wakeups: SimpleQueue[None] = SimpleQueue()
        self._received: signal.Signals | None = None

    def check(self) -> None:
        """Raise ``StopRequested`` if a signal has requested the stop."""
        if self._received is not None:
            raise StopRequested(self._received)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds.

        It is checked after each signal, after each end of a child process, and once a second.

        Raises:
            StopRequested: a signal was received first.
        """
        while not condition():
            self.check()
            try:
                self._wakeups.get(timeout=_MAX_WAIT_S)
            except Empty:
                continue

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Record a signal; called by the interpreter."""
        if number != signal.SIGCHLD:
            self._received = signal.Signals(number)
        self._wakeups.put(None)


@contextmanager
def catch_signals() -> Iterator[Interrupts]:
    """Catch signals inside the context and restore the previous handlers on exit.

    Use it in the main thread only.
    """
    interrupts = Interrupts()
    before = {
        number: signal.signal(number, interrupts.handle)
        for number in (*_STOP_SIGNALS, signal.SIGCHLD)
    }
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
