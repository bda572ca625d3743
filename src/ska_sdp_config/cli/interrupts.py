"""How a command ends early: by Ctrl-C, or as its time is up.

Ctrl-C, as a KeyboardInterrupt, would come at the wrong moment: in the midst of the library's
doings it may be lost, as in a callback of gRPC, may leave a lock of gRPC held for good, and does
not get through while a call does not return. So while a command uses the database, a thread is
told of it, and ends the process if it has to. All this is for the main thread.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ska_sdp_config.cli.terminal import one_line

__all__ = ["GRACE", "Ending", "deferred", "ending", "stopping", "timed"]

GRACE = 0.3
"""Seconds that a command which holds nothing has to end in good order."""

STOPPED = "Stopped."


class Ending:
    """Whether a command is to end.

    Attributes:
        wake: is called then, by another thread than the main one.
    """

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None
        self._came = threading.Event()

    @property
    def came(self) -> bool:
        """Whether it is."""
        return self._came.is_set()

    def set(self) -> None:
        """Take notice that it is."""
        self._came.set()
        self.wake()


@contextmanager
def ending(code: int = 0) -> Iterator[Ending]:
    """Let Ctrl-C end a command that waits, and holds nothing in the database.

    Args:
        code: the exit code if the process has to be ended, as it does not end within the grace.
    """
    come = Ending()

    def told(count: int, over: threading.Event) -> None:
        come.set()
        if not over.wait(GRACE):
            _end_process(code, STOPPED if code else "")

    with _listening(told):
        yield come


@contextmanager
def stopping() -> Iterator[None]:
    """Let Ctrl-C stop a command that only reads: at once, or else after the grace.

    Raises:
        KeyboardInterrupt: it has come, and the body was through.
    """
    with ending(1) as come:
        yield
    if come.came:
        raise KeyboardInterrupt


@contextmanager
def deferred(kept: str = "") -> Iterator[Callable[[], None]]:
    """Let Ctrl-C wait until what a command writes is answered; a second one does not wait.

    Args:
        kept: what else to say at the second one, as a sentence.

    Yields:
        What asks for it: raises KeyboardInterrupt if Ctrl-C has come. A body that does not ask
        is carried out, and the user is told that it was.
    """
    came = threading.Event()

    def told(count: int, over: threading.Event) -> None:
        if count > 1 and not over.is_set():
            unsure = "Stopped before the database has answered: look what was done."
            _end_process(1, f"{unsure} {kept}".rstrip())
        came.set()
        if not over.wait(GRACE):
            _say("The database has yet to answer; Ctrl-C again does not wait for it.")

    def ask() -> None:
        if came.is_set():
            raise KeyboardInterrupt

    with _listening(told):
        yield ask
    if came.is_set():
        _say("Ctrl-C came too late: the command was carried out.")


@contextmanager
def timed(seconds: float | None, code: int, text: str) -> Iterator[Ending]:
    """Let a command end when its time is up, also while a call to the database does not return.

    Args:
        seconds: how long it may take, None for ever.
        code: the exit code if the process has to be ended, as it does not end within the grace.
        text: what to say then.
    """
    up = Ending()
    over = threading.Event()

    def watch() -> None:
        if not over.wait(seconds):
            up.set()
            if not over.wait(GRACE):
                _end_process(code, text)

    if seconds is not None:
        threading.Thread(target=watch, name="time-out", daemon=True).start()
    try:
        yield up
    finally:
        over.set()


@contextmanager
def _listening(told: Callable[[int, threading.Event], None]) -> Iterator[None]:
    """Have a thread told of each Ctrl-C: the how manieth it is, and when the body is over."""
    over = threading.Event()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def listen() -> None:
        # To the end: what came while the body ran may be heard of only when that is over.
        count = 0
        while os.read(reading, 1):
            count += 1
            told(count, over)

    # Python tells a pipe of a signal only if it also has something to call.
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    pipe_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    thread = threading.Thread(target=listen, name="ctrl-c", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(pipe_before)
        signal.signal(signal.SIGINT, before)
        os.close(writing)
        thread.join()
        os.close(reading)


def _end_process(code: int, text: str) -> None:
    if text:
        _say(text)
    os._exit(code)


def _say(text: str) -> None:
    # Not by sys.stderr: the main thread may hold its lock.
    with contextlib.suppress(OSError):
        os.write(2, f"ska-sdp: {one_line(text) if os.isatty(2) else text}\n".encode())
