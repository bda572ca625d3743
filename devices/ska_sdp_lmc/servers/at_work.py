"""Commands before the watcher: what a device does first when both have something to do."""

from __future__ import annotations

import threading
from types import TracebackType

__all__ = ["AtWork"]


class AtWork:
    """The commands that are at work on a device.

    A command's commit wakes the device's follower, which would then compete with that command
    for the interpreter, to find out what the command is about to publish itself.
    """

    def __init__(self) -> None:
        self._count = 0
        self._change = threading.Condition()

    def __enter__(self) -> None:
        with self._change:
            self._count += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._change:
            self._count -= 1
            if not self._count:
                self._change.notify_all()

    def let_pass(self, timeout: float) -> None:
        """Wait until no command is at work; not under the device's monitor.

        Args:
            timeout: seconds to wait at most.
        """
        with self._change:
            self._change.wait_for(lambda: not self._count, timeout)
