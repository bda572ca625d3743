"""What somebody waits for goes before what a watch tells.

The interpreter does one thing at a time, and a database tells of a commit on the watch at the
very moment at which it answers it. Whoever committed would wait for the watch's thread, which
finds out what they know already.

That is for a process that has little to do. Where somebody is always at work, a watch that waited
for each word would fall behind without end, so it waits for the first after a while alone.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

__all__ = ["Precedence"]


LET_PASS = 0.01
"""Seconds to wait for work at most: changes shall come soon, however long it takes."""

AFTERWARDS = 0.002
"""Seconds to wait besides, once the work is done or has taken too long."""

QUIET = 0.05
"""Seconds without a word from the watch, after which the next one waits."""


class Precedence:
    """The work that goes first, as a context of each piece of it."""

    def __init__(self) -> None:
        self._at_work = 0
        self._last_word = -QUIET
        self._change = threading.Condition()

    def __enter__(self) -> None:
        with self._change:
            self._at_work += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._change:
            self._at_work -= 1
            if not self._at_work:
                self._change.notify_all()

    def let_pass(self) -> None:
        """Wait, before a word of the watch, until none of it is at work; a moment at most."""
        now = time.monotonic()
        was_quiet = now - self._last_word > QUIET
        self._last_word = now
        if was_quiet and self._at_work:
            with self._change:
                self._change.wait_for(lambda: not self._at_work, LET_PASS)
            # Whoever waits for it is yet to be answered, for which there may be one processor.
            time.sleep(AFTERWARDS)
