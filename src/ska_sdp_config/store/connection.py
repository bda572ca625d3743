"""State of the connection to the database, and its listeners."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Literal

from ska_sdp_config.store.counts import Counts
from ska_sdp_config.store.joining import join_on_close

__all__ = ["SUSPENDED_AFTER_S", "Connection", "ConnectionState", "Listener"]

LOGGER = logging.getLogger(__name__)

ConnectionState = Literal["connected", "suspended", "lost"]
Listener = Callable[[ConnectionState], None]

SUSPENDED_AFTER_S = 5.0
"""Seconds without a response to a call, after which the connection is suspended."""

CHECK_INTERVAL_S = 0.5
"""Longest interval between checks for state changes that time alone causes."""


class Connection:
    """The state of a connection: connected, suspended or lost.

    Connected while the database responds; suspended before its first response, after a failed
    call, and after five seconds without a response; lost when the lease of this process has
    expired, or after a suspension as long as the TTL of that lease.

    Args:
        lease_ttl: seconds of suspension after which the connection counts as lost.

    Attributes:
        last_answer: time of the last response, in seconds since 1970; None before the first.
        answered_at: the same time by the monotonic clock, in seconds.
        counts: counters of transactions and watches.
    """

    def __init__(self, lease_ttl: float) -> None:
        self.last_answer: float | None = None
        self.answered_at: float | None = None
        self.counts = Counts()
        self._was_connected = False
        self._lease_ttl = lease_ttl
        self._lock = threading.Lock()
        self._state: ConnectionState = "suspended"
        self._suspended_since: float | None = None
        self._asked: float | None = None
        self._listeners: list[Listener] = []
        self._queue: queue.SimpleQueue[ConnectionState | None] = queue.SimpleQueue()
        self._notifier: threading.Thread | None = None
        self._closed = False

    @property
    def state(self) -> ConnectionState:
        """The current state."""
        # Changes that time alone causes are made on reading.
        now = time.monotonic()
        asked, since = self._asked, self._suspended_since
        if self._state == "connected" and asked is not None and now - asked >= SUSPENDED_AFTER_S:
            self._enter("suspended", asked + SUSPENDED_AFTER_S, only_if="connected")
            since = self._suspended_since
        if self._state == "suspended" and since is not None and now - since >= self._lease_ttl:
            self._enter("lost", now, only_if="suspended")
        return self._state

    def listen(self, listener: Listener) -> None:
        """Add a listener, called on a separate thread for each change of state, in order."""
        with self._lock:
            if self._closed:
                # A thread started now would never end.
                return
            if self._notifier is None:
                notifier = threading.Thread(
                    target=self._notify, name="config-connection", daemon=True
                )
                notifier.start()
                self._notifier = notifier
            self._listeners.append(listener)

    def asked(self) -> None:
        """Record the start of a call."""
        if self._asked is None:
            self._asked = time.monotonic()

    def answered(self) -> None:
        """Record a response of the database."""
        self._asked = None
        self.last_answer = time.time()
        self.answered_at = now = time.monotonic()
        if self._state != "connected":
            self._enter("connected", now)

    def failed(self) -> None:
        """Record the failure of a call."""
        if self._state != "lost" and self._suspended_since is None:
            self._enter("suspended", time.monotonic())

    def lease_lost(self) -> None:
        """Record that the lease of this process has expired."""
        self._enter("lost", time.monotonic())

    def close(self) -> None:
        """Stop notifying the listeners."""
        with self._lock:
            self._closed = True
            notifier, self._notifier = self._notifier, None
        if notifier is not None:
            self._queue.put(None)
            # A listener may wait for a lock that the caller holds, so wait with a timeout.
            join_on_close(notifier)

    def _enter(
        self, state: ConnectionState, when: float, only_if: ConnectionState | None = None
    ) -> None:
        with self._lock:
            if only_if is not None and self._state != only_if:
                return
            self._suspended_since = when if state == "suspended" else None
            if state == self._state:
                return
            self._state = state
            if state == "connected":
                if self._was_connected:
                    self.counts.count("reconnects")
                self._was_connected = True
            if self._notifier is not None:
                self._queue.put(state)
        LOGGER.info("The connection to the database is %s.", state)

    def _until_due(self) -> float:
        """Return the seconds until time may change the state."""
        due, now = CHECK_INTERVAL_S, time.monotonic()
        asked, since = self._asked, self._suspended_since
        if self._state == "connected" and asked is not None:
            due = min(due, asked + SUSPENDED_AFTER_S - now)
        if self._state == "suspended" and since is not None:
            due = min(due, since + self._lease_ttl - now)
        return max(0.0, due)

    def _notify(self) -> None:
        states = self._queue
        while True:
            try:
                state = states.get(timeout=self._until_due())
            except queue.Empty:
                _ = self.state
                continue
            if state is None:
                return
            for listener in list(self._listeners):
                try:
                    listener(state)
                except Exception:
                    # An error in one listener must not keep the state from the others.
                    LOGGER.exception("A listener to the connection's state failed.")
