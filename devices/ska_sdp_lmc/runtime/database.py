"""The configuration database as all devices of a server process share it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

import tango.utils

from ska_sdp_config import Config, ConfigConnectionError, ConfigRefused
from ska_sdp_config.lmc.health import Outage
from ska_sdp_lmc.runtime.access import Access, check

__all__ = ["Database", "Rejection", "shared", "shut_down"]

LOGGER = logging.getLogger(__name__)

OUTAGE_AFTER = 5.0
"""Seconds without an answer that make an outage."""

CHECK_EVERY = 3.0
"""Seconds between checks of what the database accepts: a rejection is shown within 6 s."""

JOIN_TIMEOUT = 2.0
"""Seconds given to each thread to end with the process."""

TELL_AGAIN = 1.0
"""Seconds before a device is told again of what it could not take."""

OutageListener = Callable[[Outage | None], None]


@dataclass(frozen=True, slots=True)
class Rejection:
    """The database answers, and rejects what a device reads or writes.

    Attributes:
        text: its own words and what to do, a sentence.
        since: when it was first found.
    """

    text: str
    since: datetime


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
        # Wall time is for people to read; spans are measured by the monotonic clock, as the
        # wall clock may be set back during an outage, which would then never be noticed.
        self._started, self._started_at = datetime.now(timezone.utc), time.monotonic()
        self._silent_since: datetime | None = self._started
        self._silent_from = self._started_at
        self._rejection: Rejection | None = None
        self._accesses: dict[OutageListener, Access] = {}
        self._seen = False
        self._connected_at: float | None = None
        self._listeners: list[OutageListener] = []
        self._threads: list[threading.Thread] = []
        self._change = threading.Condition()
        self._ended = False
        self.config.on_connection_state(lambda state: self._note())
        self._note()
        self.start_thread("database-outages", self._tell_outages)
        self.start_thread("database-access", self._check_access)

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

    @property
    def rejection(self) -> Rejection | None:
        """What it rejects, as of the last check; None while it accepts everything."""
        return self._rejection

    def connected_for(self) -> float | None:
        """Seconds for which it has served without a break; None while it does not."""
        at = self._connected_at
        if at is None or self.is_suspended or self._rejection is not None:
            return None
        return time.monotonic() - at

    def confirmed(self) -> float:
        """When the database last stood behind what is shown, in s since 1970.

        That is its last answer: where it says nothing, it is asked every two seconds.
        """
        answered = self.config.backend.connection.last_answer
        return self._started.timestamp() if answered is None else answered

    def listen(self, listener: OutageListener, access: Access | None = None) -> None:
        """Call a listener with each outage that begins, and with None when it is over.

        Args:
            listener: called by a thread of this object.
            access: what the listener's device reads and writes, which is checked every few
                seconds; None for nothing.
        """
        with self._change:
            self._listeners.append(listener)
            if access is not None:
                self._accesses[listener] = access
            self._change.notify_all()

    def forget(self, listener: OutageListener) -> None:
        """Tell a listener nothing more."""
        with self._change:
            if listener in self._listeners:
                self._listeners.remove(listener)
                self._accesses.pop(listener, None)

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
                    answered_at = self.config.backend.connection.answered_at
                    self._silent_since = self.config.last_answer or self._started
                    self._silent_from = self._started_at if answered_at is None else answered_at
            self._change.notify_all()

    def _outage(self) -> Outage | None:
        """The outage of now, once it has lasted long enough to be one; a rejection is at once."""
        if (rejection := self._rejection) is not None:
            return Outage(self.address, rejection.since, not self._seen, rejection.text)
        since = self._silent_since
        if since is None or self._left() > 0:
            return None
        return Outage(self.address, since, before_first=not self._seen)

    def _left(self) -> float:
        """Seconds until silence becomes an outage."""
        return OUTAGE_AFTER - (time.monotonic() - self._silent_from)

    def _check_access(self) -> None:
        """Check every few seconds what the database accepts, until this is closed."""
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
                # A fault of the program: without this thread no rejection would be shown.
                LOGGER.exception("The check of what the database accepts failed.")
                error = exc
            with self._change:
                if self._ended:
                    return
                self._note_check(error)
                self._change.wait_for(
                    lambda: self._ended or set(self._accesses.values()) - accesses,  # noqa: B023
                    CHECK_EVERY,
                )

    def _note_check(self, error: Exception | None) -> None:
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
            # A turn that was held up by the rejection has only now a chance to end.
            self._connected_at = None if self.is_suspended else time.monotonic()
        self._change.notify_all()

    def _is_silent(self) -> bool:
        """Whether it has not answered for long enough to be an outage."""
        return self._silent_since is not None and self._left() <= 0

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
                    self._change.wait(self._left() if pending else None)
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
