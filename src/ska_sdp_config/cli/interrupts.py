"""Early end of a command, by Ctrl-C or timeout.

A KeyboardInterrupt inside the library could be lost in a callback of gRPC, leave a lock of gRPC
locked forever, or be delayed until a pending call returns. Therefore, while a command uses the
database, a thread handles Ctrl-C, and kills the process if necessary. Use only in the main thread.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.terminal import one_line

__all__ = [
    "GRACE_S",
    "EndRequest",
    "defer_interrupts",
    "end_on_interrupt",
    "end_on_timeout",
    "stop_on_interrupt",
]

GRACE_S = 0.3
"""Seconds for a command to end by itself before the process is killed."""

STOPPED = "Stopped."


class EndRequest:
    """Request to end a command.

    Attributes:
        wake: callback that :meth:`set` calls, in another thread than the main one.
        error: the error to raise; None after Ctrl-C.
        exit_code: the exit code if the process must be killed after Ctrl-C.
    """

    def __init__(self, exit_code: int = 0) -> None:
        self.exit_code = exit_code
        self.wake: Callable[[], None] = lambda: None
        self.error: Failed | None = None
        self._event = threading.Event()

    @property
    def is_set(self) -> bool:
        """Whether the command must end."""
        return self._event.is_set()

    def set(self, error: Failed | None = None) -> None:
        """Request the end."""
        self.error = error
        self._event.set()
        self.wake()


@contextmanager
def end_on_interrupt(code: int = 0) -> Iterator[EndRequest]:
    """On Ctrl-C end a command that waits and writes nothing.

    Args:
        code: the exit code if the process must be killed after the grace period; the body may
            change it in the request.
    """
    end = EndRequest(code)

    def on_interrupt(count: int, over: threading.Event) -> None:
        end.set()
        if not over.wait(GRACE_S):
            _end_process(end.exit_code, STOPPED if end.exit_code else "")

    with _interrupt_thread(on_interrupt):
        yield end


@contextmanager
def stop_on_interrupt() -> Iterator[None]:
    """On Ctrl-C stop a command that only reads, at the latest after the grace period.

    Raises:
        KeyboardInterrupt: the body completed within the grace period.
    """
    with end_on_interrupt(1) as end:
        yield
    if end.is_set:
        raise KeyboardInterrupt


@contextmanager
def defer_interrupts(kept: str = "") -> Iterator[Callable[[], None]]:
    """Defer Ctrl-C until pending writes have completed; a second Ctrl-C kills the process.

    Args:
        kept: a sentence to add to the message on a second Ctrl-C.

    Yields:
        A function that raises KeyboardInterrupt after Ctrl-C. A body that does not call it is
        completed, and a message reports that.
    """
    interrupted = threading.Event()

    def on_interrupt(count: int, over: threading.Event) -> None:
        if count > 1 and not over.is_set():
            unsure = "Stopped before the database replied: check what was written."
            _end_process(1, f"{unsure} {kept}".rstrip())
        interrupted.set()
        if not over.wait(GRACE_S):
            _write_error("Waiting for the database to reply; press Ctrl-C again to stop at once.")

    def check_interrupt() -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt

    with _interrupt_thread(on_interrupt):
        yield check_interrupt
    if interrupted.is_set():
        _write_error("Ctrl-C came too late: the command was executed.")


@contextmanager
def end_on_timeout(end: EndRequest, seconds: float | None, error: Failed) -> Iterator[None]:
    """End a command after a timeout, even during a pending call to the database.

    Args:
        end: the request to set.
        seconds: the timeout, None for no limit.
        error: the error to raise; also printed if the process must be killed after the grace
            period.
    """
    over = threading.Event()

    def watch() -> None:
        if not over.wait(seconds):
            end.set(error)
            if not over.wait(GRACE_S):
                _end_process(error.exit_code, str(error))

    if seconds is not None:
        threading.Thread(target=watch, name="timeout", daemon=True).start()
    try:
        yield
    finally:
        over.set()


@contextmanager
def _interrupt_thread(on_interrupt: Callable[[int, threading.Event], None]) -> Iterator[None]:
    """Call a function in a thread on each Ctrl-C.

    Args:
        on_interrupt: receives the number of the Ctrl-C, and an event that the end of the body
            sets.
    """
    over = threading.Event()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def listen() -> None:
        # Read to the end: a Ctrl-C during the body may be processed only after it.
        count = 0
        while os.read(reading, 1):
            count += 1
            on_interrupt(count, over)

    # The wakeup file descriptor requires a Python signal handler.
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
        _write_error(text)
    os._exit(code)


def _write_error(text: str) -> None:
    # Not through sys.stderr: the main thread may hold its lock.
    with contextlib.suppress(OSError):
        os.write(2, f"ska-sdp: {one_line(text) if os.isatty(2) else text}\n".encode())
