"""Whether the values of the page are current, as the page shows it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Literal, NamedTuple

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_web.encoding import encode, message, when

__all__ = ["ConnectionState", "ConnectionWatch"]


MAX_DELAY_S = 5.0
"""Seconds by which the values may be late and count as current."""


class ConnectionState(NamedTuple):
    """State of the connection.

    Attributes:
        name: ``ok`` while the values that are shown are current, ``away`` while the database is
            away or was not read yet, ``behind`` while this server does not derive its changes.
        since: since when; for ``away`` the last answer of the database, before the first the start
            of this server. None while they are current.
        error: why, None while they are current.
    """

    name: Literal["ok", "away", "behind"]
    since: datetime | None
    error: str | None

    @property
    def is_current(self) -> bool:
        """Whether the values that are shown are current."""
        return self.name == "ok"

    def message(self) -> bytes:
        """Return the event of the state."""
        data = {"state": self.name, "since": when(self.since), "error": self.error}
        return message("connection", encode(data))


class ConnectionWatch:
    """Changes of the state of the connection.

    Args:
        backend: the database.

    Attributes:
        state: the last state.
        error: the error that ended the watch, kept until the next one has received; else None.
        delay: seconds from the receipt of the last changes until they were applied.
    """

    def __init__(self, backend: Backend) -> None:
        self.error: Exception | None = None
        self.delay = 0.0
        self._backend = backend
        self._started = datetime.now(timezone.utc)
        self.state = ConnectionState("away", self._started, "The database was not read yet.")

    def has_changed(self, now: datetime, *, is_read: bool) -> bool:
        """Determine the state; return whether it has changed.

        Args:
            now: the time.
            is_read: whether the database was read.
        """
        before, self.state = self.state, self._determine(now, is_read=is_read)
        return before != self.state

    def _determine(self, now: datetime, *, is_read: bool) -> ConnectionState:
        is_connected = self._backend.connection.state == "connected"
        address = self._backend.address
        text = " ".join(str(self.error or "").split())
        if not is_connected:
            # The cause, e.g. a rejected login or certificate; an error of this server is not one.
            is_cause = isinstance(self.error, ConfigConnectionError)
            return self._away(
                text if is_cause else f"The database at {address} does not respond.", now
            )
        if self.error is not None:
            return self._behind(text, now)
        if not is_read:
            return self._away(f"The database at {address} is being read.", now)
        if self.delay > MAX_DELAY_S:
            return self._behind(
                "The database changes faster than the server of this page can follow.", now
            )
        return ConnectionState("ok", None, None)

    def _away(self, error: str, now: datetime) -> ConnectionState:
        if self.state.name == "away":
            return self.state._replace(error=error)
        last = self._backend.connection.last_answer
        answered = now if last is None else datetime.fromtimestamp(last, timezone.utc)
        return ConnectionState("away", answered, error)

    def _behind(self, error: str, now: datetime) -> ConnectionState:
        return ConnectionState("behind", self.state.since or now, error)
