"""What a Config has done so far, counted for whoever watches over the process.

Nothing here knows who reads the counts: they stand there, as the odometer of a car does.
"""

from __future__ import annotations

import threading
import time
from typing import Literal, NamedTuple, get_args

__all__ = ["Counted", "Counts", "WatchLag"]

Counted = Literal[
    "transactions", "committed", "conflicts", "retries", "reconnects", "watches_resumed"
]
"""What is counted.

``transactions`` that were begun; of them those ``committed``; ``conflicts``, commits that others
forestalled; ``retries``, bodies that were run again, for whatever reason; ``reconnects``, how
often the connection was connected again after it was suspended or lost; ``watches_resumed``, how
often a watch broke and was begun anew.
"""


class WatchLag(NamedTuple):
    """How far the watch is behind what this process knows, by what can be known.

    A database tells with a change its revision, not its time. So the measure is the newest
    revision that this process has read or committed, which the watch still owes; what others have
    written, and nobody here has seen, shows only by the watch's silence.

    Attributes:
        revisions: revisions between the last one that the watch told of and the newest one known.
        seconds: s for which the watch has owed a revision; 0 while it owes none.
        quiet: s since anything was heard of the watch, its answers to being asked included; None
            if nothing was yet.
    """

    revisions: int
    seconds: float
    quiet: float | None


class Counts:
    """Counts, and when the watch was last heard; any thread may count and read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: dict[Counted, int] = dict.fromkeys(get_args(Counted), 0)
        self._heard: float | None = None

    def count(self, what: Counted) -> None:
        """Count one."""
        with self._lock:
            self._counted[what] += 1

    def read(self) -> dict[Counted, int]:
        """Get what was counted so far."""
        with self._lock:
            return self._counted.copy()

    def watch_heard(self) -> None:
        """Take notice that something was heard of a watch."""
        self._heard = time.monotonic()

    @property
    def quiet(self) -> float | None:
        """Seconds since something was heard of a watch; None if nothing was yet."""
        heard = self._heard
        return None if heard is None else max(0.0, time.monotonic() - heard)

    def leave_to_parent(self) -> None:
        """Begin anew in a process that was forked from another."""
        self._lock = threading.Lock()
        self._counted = dict.fromkeys(self._counted, 0)
        self._heard = None
