"""Configuration database, shared by all devices of a server process."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone

import tango.utils

from ska_sdp_config import Config, ConfigConnectionError, ConfigRefused
from ska_sdp_config.lmc.health import Outage
from ska_sdp_lmc.observability.process import Rejection
from ska_sdp_lmc.runtime.access import Access, check

__all__ = ["NOTIFIER", "Database", "shared", "shut_down"]

LOGGER = logging.getLogger(__name__)

OUTAGE_AFTER = 5.0
"""Seconds without a response before an outage is published."""

CHECK_EVERY = 3.0
"""Seconds between checks of the access rights: a rejection is published within 6 s."""

JOIN_TIMEOUT = 2.0
"""Seconds to wait for each thread at the end of the process."""

NOTIFY_RETRY_S = 1.0
"""Seconds before a failed notification of a device is repeated."""

NOTIFIER = "database-outages"
"""Name of the thread that notifies devices of outages."""

OutageListener = Callable[[Outage | None], None]


class Database:
    """Config of all devices of a system, which notifies them of outages and rejections.

    The library calls back on a thread that must not wait for a device's monitor, so a thread of
    this object notifies the devices.

    Attributes:
        prefix: path before all paths of the system.
        config: the Config, configured by the environment.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.config = Config(global_prefix=prefix)
        # Durations use the monotonic clock: if the wall clock were set back during an outage,
        # the outage would never be published. Wall time is for display only.
        self._started, self._started_at = datetime.now(timezone.utc), time.monotonic()
        self._silent_since: datetime | None = self._started
        self._silent_from = self._started_at
        self._rejection: Rejection | None = None
        self._accesses: dict[OutageListener, Access] = {}
        self._has_connected = False
        self._connected_at: float | None = None
        self._listeners: list[OutageListener] = []
        self._being_notified: OutageListener | None = None
        self._threads: list[threading.Thread] = []
        self._change = threading.Condition()
        self._ended = False
        self.config.on_connection_state(lambda state: self._update_connection())
        self._update_connection()
        self.start_thread(NOTIFIER, self._notify_listeners)
        self.start_thread("database-access", self._check_access)

    @property
    def address(self) -> str:
        """Address of the database."""
        return self.config.backend.address

    @property
    def is_suspended(self) -> bool:
        """Whether the connection is down, so that a call would only wait."""
        return self.config.connection_state != "connected"

    @property
    def is_closed(self) -> bool:
        """Whether the Config is closed."""
        return self._ended

    @property
    def silent_since(self) -> datetime | None:
        """Time of the last response or first request while it does not respond, else None."""
        return self._silent_since

    @property
    def rejection(self) -> Rejection | None:
        """Rejection found by the last check; None if there is none."""
        return self._rejection

    def connected_for(self) -> float | None:
        """Return the seconds since the end of the last outage or rejection; None during one."""
        at = self._connected_at
        if at is None or self.is_suspended or self._rejection is not None:
            return None
        return time.monotonic() - at

    def confirmed(self) -> float:
        """Return when the database last confirmed the published values, in s since 1970.

        This is the time of its last response. An idle connection is probed every 2 s.
        """
        answered = self.config.backend.connection.last_answer
        return self._started.timestamp() if answered is None else answered

    def add_listener(self, listener: OutageListener, access: Access | None = None) -> None:
        """Notify a listener of the start of each outage, and with None of its end.

        Args:
            listener: called on a thread of this object.
            access: paths that the listener's device reads and writes, for the periodic check of
                the access rights; None for no check.
        """
        with self._change:
            self._listeners.append(listener)
            if access is not None:
                self._accesses[listener] = access
            self._change.notify_all()

    def remove_listener(self, listener: OutageListener) -> None:
        """Remove a listener; a notification in progress continues."""
        with self._change:
            if listener in self._listeners:
                self._listeners.remove(listener)
                self._accesses.pop(listener, None)

    def wait_for_notification(self, listener: OutageListener, timeout: float) -> bool:
        """Wait for the end of a notification of a removed listener.

        Args:
            listener: the listener.
            timeout: longest wait, in seconds.

        Returns:
            Whether it has ended; True if there was none.
        """
        with self._change:
            return self._change.wait_for(lambda: self._being_notified != listener, timeout)

    def start_thread(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Start a thread that can push events; ``close`` joins it."""
        thread: threading.Thread = tango.utils.PyTangoThread(name=name, target=target, daemon=True)
        # Start before listing: devices may start threads concurrently, also during close, and a
        # thread that is not started cannot be joined, and looks like one that has ended.
        thread.start()
        with self._change:
            self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        return thread

    def close(self) -> None:
        """Close the Config and end all threads; call it when no device is left."""
        with self._change:
            self._ended = True
            self._change.notify_all()
        self.config.close()
        with self._change:
            threads = list(self._threads)
        for thread in threads:
            thread.join(JOIN_TIMEOUT)

    def _update_connection(self) -> None:
        """Update the state of the connection."""
        with self._change:
            if not self.is_suspended:
                self._has_connected = True
                self._silent_since = None
                if self._connected_at is None:
                    self._connected_at = time.monotonic()
            else:
                self._connected_at = None
                if self._silent_since is None:
                    answered_at = self.config.backend.connection.answered_at
                    self._silent_since = self.config.last_answer or self._started
                    self._silent_from = self._started_at if answered_at is None else answered_at
            self._change.notify_all()

    def _outage(self) -> Outage | None:
        """Return the current outage after OUTAGE_AFTER, or a rejection at once; else None."""
        if (rejection := self._rejection) is not None:
            return Outage(self.address, rejection.since, not self._has_connected, rejection.text)
        since = self._silent_since
        if since is None or self._remaining() > 0:
            return None
        return Outage(self.address, since, before_first=not self._has_connected)

    def _remaining(self) -> float:
        """Return the seconds until missing responses become an outage."""
        return OUTAGE_AFTER - (time.monotonic() - self._silent_from)

    def _check_access(self) -> None:
        """Check the access rights periodically until closed."""
        while True:
            with self._change:
                accesses = set(self._accesses.values())
            error: Exception | None = None
            try:
                if accesses and not self._ended:
                    check(self.config.backend.store, accesses)
            except ConfigConnectionError as exc:
                error = exc
            except Exception as exc:
                # A bug. Without this thread no rejection would be published.
                LOGGER.exception("The check of the access rights failed; it is repeated.")
                error = exc
            with self._change:
                if self._ended:
                    return
                self._update_rejection(error)
                self._change.wait_for(
                    lambda: self._ended or set(self._accesses.values()) - accesses,  # noqa: B023
                    CHECK_EVERY,
                )

    def _update_rejection(self, error: Exception | None) -> None:
        """Store the result of a check; the caller holds the lock."""
        before = self._rejection
        if isinstance(error, ConfigRefused):
            text = str(error)
            if before is None or before.text != text:
                LOGGER.error("%s", text)
                since = before.since if before else datetime.now(timezone.utc)
                self._rejection = Rejection(text, since)
        elif before is not None and (error is None or self._is_silent()):
            if error is None:
                LOGGER.info("The database at %s no longer rejects requests.", self.address)
            self._rejection = None
            # A watch loop stalled by the rejection can only continue from now on: it is not stuck.
            self._connected_at = None if self.is_suspended else time.monotonic()
        self._change.notify_all()

    def _is_silent(self) -> bool:
        """Return whether missing responses have lasted long enough to be an outage."""
        return self._silent_since is not None and self._remaining() <= 0

    def _notify_listeners(self) -> None:
        notified: dict[OutageListener, Outage | None] = {}
        while True:
            with self._change:
                outage = self._outage()
                listeners = list(self._listeners)
                behind = [each for each in listeners if notified.get(each) != outage]
                if not behind and not self._ended:
                    since = self._silent_since
                    pending = since is not None and outage is None
                    self._change.wait(self._remaining() if pending else None)
                    continue
                if self._ended:
                    return
            notified = {each: notified.get(each) for each in listeners}
            for listener in behind:
                if self._notify(listener, outage):
                    notified[listener] = outage
            if any(notified[each] != outage for each in behind):
                with self._change:
                    self._change.wait_for(lambda: self._ended, NOTIFY_RETRY_S)

    def _notify(self, listener: OutageListener, outage: Outage | None) -> bool:
        """Notify a listener unless it was removed; return False if that failed."""
        with self._change:
            if listener not in self._listeners:
                return True
            self._being_notified = listener
        try:
            listener(outage)
        except Exception:
            # Retry: otherwise the device would show a wrong health until the next outage.
            LOGGER.exception("A device was not notified of the database's state; retrying.")
            return False
        finally:
            with self._change:
                self._being_notified = None
                self._change.notify_all()
        return True


_lock = threading.Lock()
_shared: dict[str, Database] = {}


def shared(prefix: str = "") -> Database:
    """Return the database of all devices with a prefix, created on first use.

    Raises:
        ValueError: an environment variable is invalid; names it.
    """
    with _lock:
        if prefix not in _shared:
            _shared[prefix] = Database(prefix)
        return _shared[prefix]


def shut_down() -> None:
    """Close all databases of the process."""
    with _lock:
        databases = list(_shared.values())
        _shared.clear()
    for database in databases:
        database.close()
