"""The configuration database as all devices of a server process share it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone

import tango.utils

from ska_sdp_config import Config
from ska_sdp_lmc.model.health import Outage

__all__ = ["Database", "shared", "shut_down"]

LOGGER = logging.getLogger(__name__)

OUTAGE_AFTER = 5.0
"""Seconds without an answer that make an outage (spec 4.5)."""

JOIN_TIMEOUT = 2.0
"""Seconds given to each thread to end with the process."""

TELL_AGAIN = 1.0
"""Seconds before a device is told again of what it could not take."""

OutageListener = Callable[[Outage | None], None]


class Database:
    """One Config for all devices of a system, and word of its outages for every device.

    The library tells of changes of the connection on a thread that must not wait for a device,
    so a thread of this object passes them on.

    Args:
        prefix: path before all paths of the system.

    Attributes:
        prefix: that path.
        config: the Config, as the environment describes it.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.config = Config(global_prefix=prefix)
        self._started = datetime.now(timezone.utc)
        self._silent_since: datetime | None = self._started
        self._seen = False
        self._connected_at: float | None = None
        self._listeners: list[OutageListener] = []
        self._threads: list[threading.Thread] = []
        self._change = threading.Condition()
        self._ended = False
        self.config.on_connection_state(lambda state: self._note())
        self._note()
        self.start_thread("database-outages", self._tell_outages)

    @property
    def address(self) -> str:
        """Where the database is."""
        return self.config.backend.address

    @property
    def is_suspended(self) -> bool:
        """Whether the connection is known to be down, so that a call would only wait."""
        return self.config.connection_state != "connected"

    @property
    def is_closed(self) -> bool:
        """Whether it is over."""
        return self._ended

    @property
    def silent_since(self) -> datetime | None:
        """When it was last heard, or first asked, if it does not answer; None while it does."""
        return self._silent_since

    def connected_for(self) -> float | None:
        """Seconds for which it has answered without a break; None while it does not."""
        at = self._connected_at
        return None if at is None or self.is_suspended else time.monotonic() - at

    def confirmed(self) -> float:
        """When the database last stood behind what is shown, in s since 1970.

        That is its last answer: where it says nothing, it is asked every two seconds.
        """
        answered = self.config.backend.connection.last_answer
        return self._started.timestamp() if answered is None else answered

    def listen(self, listener: OutageListener) -> None:
        """Have outages told: one that begins, and None when it is over."""
        with self._change:
            self._listeners.append(listener)
            self._change.notify_all()

    def forget(self, listener: OutageListener) -> None:
        """Tell a listener nothing more."""
        with self._change:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def start_thread(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Start a thread that may push events, and that ``close`` waits for."""
        thread: threading.Thread = tango.utils.PyTangoThread(name=name, target=target, daemon=True)
        # Devices may begin at once, or while this is being closed; one that has not started yet
        # can neither be waited for nor be told from one that has ended.
        thread.start()
        with self._change:
            self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        return thread

    def close(self) -> None:
        """End the Config and all threads; called when no device is left (design/pytango.md)."""
        with self._change:
            self._ended = True
            self._change.notify_all()
        self.config.close()
        with self._change:
            threads = list(self._threads)
        for thread in threads:
            thread.join(JOIN_TIMEOUT)

    def _note(self) -> None:
        """Take notice of the connection's state."""
        with self._change:
            if not self.is_suspended:
                self._seen = True
                self._silent_since = None
                if self._connected_at is None:
                    self._connected_at = time.monotonic()
            else:
                self._connected_at = None
                if self._silent_since is None:
                    self._silent_since = self.config.last_answer or self._started
            self._change.notify_all()

    def _outage(self) -> Outage | None:
        """The outage of now, once it has lasted long enough to be one."""
        since = self._silent_since
        if since is None or self._left(since) > 0:
            return None
        return Outage(self.address, since, before_first=not self._seen)

    @staticmethod
    def _left(since: datetime) -> float:
        return OUTAGE_AFTER - (datetime.now(timezone.utc) - since).total_seconds()

    def _tell_outages(self) -> None:
        told: dict[OutageListener, Outage | None] = {}
        while True:
            with self._change:
                outage = self._outage()
                listeners = list(self._listeners)
                behind = [each for each in listeners if told.get(each) != outage]
                if not behind and not self._ended:
                    since = self._silent_since
                    pending = since is not None and outage is None
                    self._change.wait(self._left(since) if pending and since else None)
                    continue
                if self._ended:
                    return
            told = {each: told.get(each) for each in listeners}
            for listener in behind:
                try:
                    listener(outage)
                except Exception:
                    # Whatever it is: a device that could not be told now is told again.
                    LOGGER.exception("A device could not be told of the database.")
                else:
                    told[listener] = outage
            if any(told[each] != outage for each in behind):
                with self._change:
                    self._change.wait_for(lambda: self._ended, TELL_AGAIN)


_lock = threading.Lock()
_shared: dict[str, Database] = {}


def shared(prefix: str = "") -> Database:
    """Get the database of all devices of the process that have a prefix, made at first use.

    Args:
        prefix: path before all paths of the system.

    Raises:
        ValueError: the environment describes no database; names the variable.
    """
    with _lock:
        if prefix not in _shared:
            _shared[prefix] = Database(prefix)
        return _shared[prefix]


def shut_down() -> None:
    """Close the databases that the process has used."""
    with _lock:
        databases = list(_shared.values())
        _shared.clear()
    for database in databases:
        database.close()
