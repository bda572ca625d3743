"""State of the connection to the database, as the page shows it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import NamedTuple

from ska_sdp_config.engine.backend import Backend
from ska_sdp_web.encoding import encode, message, when

__all__ = ["ConnectionState", "ConnectionWatch"]


MAX_DELAY_S = 5.0
"""Seconds by which the values may be late and count as current."""


class ConnectionState(NamedTuple):
    """State of the connection.

    Attributes:
        is_away: whether the values that are shown may be old, or there are none.
        since: since when, None while they are current.
        error: why, None while they are current.
    """

    is_away: bool
    since: datetime | None
    error: str | None

    def message(self) -> bytes:
        """Return the event of the state."""
        state = "away" if self.is_away else "ok"
        data = {"state": state, "since": when(self.since), "error": self.error}
        return message("connection", encode(data))


class ConnectionWatch:
    """Changes of the state of the connection.

    Args:
        backend: the database.

    Attributes:
        state: the last state.
        error: the error that ended the watch, None while it runs.
        delay: seconds from the receipt of the last changes until they were applied.
    """

    def __init__(self, backend: Backend) -> None:
        self.error: Exception | None = None
        self.delay = 0.0
        self._backend = backend
        self._started = datetime.now(timezone.utc)
        self.state = ConnectionState(True, self._started, "The database was not read yet.")

    def has_changed(self, now: datetime, *, is_read: bool) -> bool:
        """Determine the state; return whether it has changed.

        Args:
            now: the time.
            is_read: whether the database was read.
        """
        before, self.state = self.state, self._determine(now, is_read=is_read)
        return before != self.state

    def _determine(self, now: datetime, *, is_read: bool) -> ConnectionState:
        connection = self._backend.connection
        is_connected = connection.state == "connected"
        is_late = self.delay > MAX_DELAY_S
        if is_connected and is_read and self.error is None and not is_late:
            return ConnectionState(False, None, None)
        if self.error is not None:
            error = " ".join(str(self.error).split())
        elif is_connected and is_read:
            error = "The changes are more than the server of the page can derive in time."
        elif is_connected:
            error = f"The database at {self._backend.address} is being read."
        else:
            error = f"The database at {self._backend.address} does not respond."
        since = self.state.since
        if since is None:
            last = connection.last_answer
            since = now if last is None else datetime.fromtimestamp(last, timezone.utc)
        return ConnectionState(True, since, error)
