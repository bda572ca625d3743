"""Commands before the watcher: what a device does first when both have something to do."""

from __future__ import annotations

import threading
import time
from types import TracebackType

__all__ = ["AtWork"]


class AtWork:
    """The commands that are at work on a device.

    A command's commit wakes the device's follower, which would then compete with that command
    for the interpreter, to find out what the command is about to publish itself.
    """

    def __init__(self) -> None:
        self._began: list[tuple[int, float]] = []
        self._change = threading.Condition()

    def __enter__(self) -> None:
        with self._change:
            self._began.append((threading.get_ident(), time.monotonic()))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._change:
            mine = [each for each in self._began if each[0] == threading.get_ident()]
            self._began.remove(mine[-1])
            if not self._began:
                self._change.notify_all()

    def let_pass(self, timeout: float) -> None:
        """Wait until no command is at work; not under the device's monitor.

        Args:
            timeout: seconds to wait at most.
        """
        with self._change:
            self._change.wait_for(lambda: not self._began, timeout)

    def longest(self) -> float | None:
        """Seconds for which the oldest command has been at work; None while there is none."""
        with self._change:
            return time.monotonic() - self._began[0][1] if self._began else None
