"""Commands in progress on a device."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["CommandsInProgress"]


class CommandsInProgress:
    """Start times of the commands that a device executes now."""

    def __init__(self) -> None:
        self._started: dict[object, float] = {}
        self._changed = threading.Condition()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count a command as in progress within the context."""
        command = object()
        with self._changed:
            self._started[command] = time.monotonic()
        try:
            yield
        finally:
            with self._changed:
                del self._started[command]
                self._changed.notify_all()

    def wait(self, timeout: float) -> None:
        """Wait until no command is in progress, or for a timeout in s."""
        with self._changed:
            self._changed.wait_for(lambda: not self._started, timeout)

    def longest(self) -> float | None:
        """Return how long the oldest command has been running, in s; None if there is none."""
        with self._changed:
            oldest = min(self._started.values(), default=None)
        return None if oldest is None else time.monotonic() - oldest
