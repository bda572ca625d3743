"""Counters of a Config, for monitoring."""

from __future__ import annotations

import threading
import time
from typing import Literal, NamedTuple, get_args

__all__ = ["Counted", "Counts", "WatchLag"]

Counted = Literal[
    "transactions", "committed", "conflicts", "retries", "reconnects", "watches_resumed"
]
"""Names of the counters.

``transactions`` that were started; of them, those ``committed``; ``conflicts`` of commits;
``retries`` of bodies, for any reason; ``reconnects`` of a connection that was suspended or lost;
``watches_resumed`` after a break.
"""


class WatchLag(NamedTuple):
    """Lag of the watch behind the newest revision that this process has read or committed.

    A change has a revision, but no time. Revisions that other clients have written, and that this
    process has not read, show only as a growing ``quiet``.

    Attributes:
        revisions: number of known revisions that the watch has not delivered.
        seconds: seconds for which the watch has lagged; 0 while it does not.
        quiet: seconds since the last message of the watch, or since a read showed that it lacks
            nothing; None before the first one.
    """

    revisions: int
    seconds: float
    quiet: float | None


class Counts:
    """Counters, and the time of the last message of a watch. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[Counted, int] = dict.fromkeys(get_args(Counted), 0)
        self._last_message: float | None = None

    def count(self, what: Counted) -> None:
        """Increment a counter."""
        with self._lock:
            self._counters[what] += 1

    def read(self) -> dict[Counted, int]:
        """Return all counters."""
        with self._lock:
            return self._counters.copy()

    def watch_received(self) -> None:
        """Record a message of a watch, or that it lacks nothing."""
        self._last_message = time.monotonic()

    @property
    def quiet(self) -> float | None:
        """Seconds since the last message of a watch; None before the first one."""
        last = self._last_message
        return None if last is None else max(0.0, time.monotonic() - last)
