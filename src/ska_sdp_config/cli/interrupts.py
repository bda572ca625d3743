"""Ctrl-C, where a KeyboardInterrupt would come at the wrong moment or be lost."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["GRACE", "Ending", "deferred", "ending"]

GRACE = 0.3
"""Seconds that a command which holds nothing has to end in good order."""


@contextmanager
def deferred() -> Iterator[Callable[[], None]]:
    """Let Ctrl-C wait until it is asked for; a second one does not wait.

    Use it in the main thread.

    Yields:
        What asks for it: raises KeyboardInterrupt if Ctrl-C has come.
    """
    came = False
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGINT, before)

    def ask() -> None:
        if came:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield ask
    finally:
        signal.signal(signal.SIGINT, before)


class Ending:
    """Whether Ctrl-C has come.

    Attributes:
        wake: is called then, by another thread than the main one.
    """

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None
        self._came = threading.Event()

    @property
    def came(self) -> bool:
        """Whether it has come."""
        return self._came.is_set()

    def set(self) -> None:
        """Take notice that it has come."""
        self._came.set()
        self.wake()


@contextmanager
def ending(code: int = 0) -> Iterator[Ending]:
    """Let Ctrl-C end a command that waits, and holds nothing in the database.

    Args:
        code: the exit code if the process has to be ended.

    An exception in the midst of the library's doings may be lost, as in a callback of gRPC, and
    none gets through while a call to the database does not return. So a thread is told; should
    the command not end within the grace, that thread ends the process. Use it in the main thread.
    """
    come = Ending()
    over = threading.Event()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def listen() -> None:
        if os.read(reading, 1) and not over.is_set():
            come.set()
            if not over.wait(GRACE):
                os._exit(code)

    # Python tells a pipe of a signal only if it also has something to call.
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    pipe_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    thread = threading.Thread(target=listen, name="ctrl-c", daemon=True)
    thread.start()
    try:
        yield come
    finally:
        over.set()
        signal.set_wakeup_fd(pipe_before)
        signal.signal(signal.SIGINT, before)
        os.close(writing)
        thread.join()
        os.close(reading)
