"""What the connection to the database is doing, and who wants to know (spec 2.4)."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Literal

from ska_sdp_config.store.counts import Counts

__all__ = ["SILENCE", "Connection", "ConnectionState", "Listener"]

LOGGER = logging.getLogger(__name__)

ConnectionState = Literal["connected", "suspended", "lost"]
Listener = Callable[[ConnectionState], None]

SILENCE = 5.0
"""Seconds without an answer to anything, after which the connection is suspended."""

LOOK_EVERY = 0.5
"""Seconds after which a listener is told, at the latest, of what time alone has changed."""

LAST_WORDS = 2.0
"""Seconds that listeners have, when it is closed, to take what they are being told."""


class Connection:
    """The state of a connection: connected, suspended or lost.

    Connected after the last call or watch was answered; suspended before the first answer, and
    after a call failed or nothing was answered for five seconds; lost when the lease of this
    process has expired, or after it was suspended for as long as that lease lives.

    Args:
        lease_ttl: seconds of suspension after which it counts as lost.

    Attributes:
        last_answer: when the database answered last, in s since 1970; None if it never did.
        answered_at: the same time, in s of the monotonic clock, to measure spans by.
        counts: what was done over it so far.
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
        self._news: queue.SimpleQueue[ConnectionState | None] = queue.SimpleQueue()
        self._teller: threading.Thread | None = None
        self._closed = False

    @property
    def state(self) -> ConnectionState:
        """The state now."""
        # What time alone changes is found out by whoever looks.
        now = time.monotonic()
        asked, since = self._asked, self._suspended_since
        if self._state == "connected" and asked is not None and now - asked >= SILENCE:
            self._enter("suspended", asked + SILENCE, only_if="connected")
            since = self._suspended_since
        if self._state == "suspended" and since is not None and now - since >= self._lease_ttl:
            self._enter("lost", now, only_if="suspended")
        return self._state

    def listen(self, listener: Listener) -> None:
        """Have each change of state told, in order, on a thread of its own, until it is closed."""
        with self._lock:
            if self._closed:
                # Nobody would end the thread.
                return
            if self._teller is None:
                teller = threading.Thread(target=self._tell, name="config-connection", daemon=True)
                teller.start()
                self._teller = teller
            self._listeners.append(listener)

    def asked(self) -> None:
        """Take notice that the database was asked something."""
        if self._asked is None:
            self._asked = time.monotonic()

    def answered(self) -> None:
        """Take notice that the database answered."""
        self._asked = None
        self.last_answer = time.time()
        self.answered_at = now = time.monotonic()
        if self._state != "connected":
            self._enter("connected", now)

    def failed(self) -> None:
        """Take notice that the database did not answer."""
        if self._state != "lost" and self._suspended_since is None:
            self._enter("suspended", time.monotonic())

    def lease_lost(self) -> None:
        """Take notice that the lease of this process has expired."""
        self._enter("lost", time.monotonic())

    def close(self) -> None:
        """Stop telling."""
        with self._lock:
            self._closed = True
            teller, self._teller = self._teller, None
        if teller is not None:
            self._news.put(None)
            if teller is not threading.current_thread():
                # A listener may wait for what whoever closes this holds.
                teller.join(LAST_WORDS)

    def leave_to_parent(self) -> None:
        """Forget threads and locks of the process that this one was forked from."""
        self._lock = threading.Lock()
        self._news = queue.SimpleQueue()
        self._teller = None
        self._listeners = []
        self.counts.leave_to_parent()

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
            if self._teller is not None:
                self._news.put(state)
        LOGGER.info("The connection to the database is %s.", state)

    def _until_due(self) -> float:
        """Get the seconds until time may change the state."""
        due, now = LOOK_EVERY, time.monotonic()
        asked, since = self._asked, self._suspended_since
        if self._state == "connected" and asked is not None:
            due = min(due, asked + SILENCE - now)
        if self._state == "suspended" and since is not None:
            due = min(due, since + self._lease_ttl - now)
        return max(0.0, due)

    def _tell(self) -> None:
        news = self._news
        while True:
            try:
                state = news.get(timeout=self._until_due())
            except queue.Empty:
                _ = self.state
                continue
            if state is None:
                return
            for listener in list(self._listeners):
                try:
                    listener(state)
                except Exception:
                    # A listener's fault is its own; the others are told all the same.
                    LOGGER.exception("A listener to the connection's state failed.")
