"""What ends a running stack: a signal, or the death of a part."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A condition may depend on the time, and the system may give a signal to another thread.
_AT_LEAST_EVERY = 1.0


class AskedToEnd(Exception):
    """A signal asked for the end.

    Attributes:
        signal: Which one.
    """

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(f"got {number.name}")
        self.signal = number


class Interrupts:
    """Signals that have arrived. Made by ``watched``."""

    def __init__(self) -> None:
        # Its put may be called in a signal handler, unlike that of other queues.
        self._turns: SimpleQueue[None] = SimpleQueue()
        self._ending: signal.Signals | None = None

    def check(self) -> None:
        """Raise if the end was asked for.

        Raises:
            AskedToEnd: it was.
        """
        if self._ending is not None:
            raise AskedToEnd(self._ending)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds.

        It is checked at each signal, at each end of a child process, and once a second.

        Raises:
            AskedToEnd: a signal came first.
        """
        while not condition():
            self.check()
            try:
                self._turns.get(timeout=_AT_LEAST_EVERY)
            except Empty:
                continue

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Take note of a signal; called by the interpreter."""
        if number != signal.SIGCHLD:
            self._ending = signal.Signals(number)
        self._turns.put(None)


@contextmanager
def watched() -> Iterator[Interrupts]:
    """Catch the signals while inside, and give them back their meaning after it.

    Works in the main thread only.
    """
    interrupts = Interrupts()
    before = {
        number: signal.signal(number, interrupts.handle) for number in (*_ENDING, signal.SIGCHLD)
    }
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
