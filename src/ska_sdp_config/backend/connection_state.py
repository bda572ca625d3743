"""What the connection to the database is doing, and who wants to know (spec 2.4)."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Literal

__all__ = ["Connection", "ConnectionState", "Listener"]

LOGGER = logging.getLogger(__name__)

ConnectionState = Literal["connected", "suspended", "lost"]
Listener = Callable[[ConnectionState], None]


class Connection:
    """The state of a connection: connected, suspended or lost.

    Connected after the last call or watch was answered; suspended before the first answer, and
    after a call failed or a watch fell silent; lost when it was suspended for so long that the
    leases of this process have ended.

    Args:
        lease_ttl: seconds of suspension after which it counts as lost.
    """

    def __init__(self, lease_ttl: float) -> None:
        self._lease_ttl = lease_ttl
        self._lock = threading.Lock()
        self._state: ConnectionState = "suspended"
        self._since = time.monotonic()
        self._was_connected = False
        self._listeners: list[Listener] = []
        self._news: queue.SimpleQueue[ConnectionState | None] = queue.SimpleQueue()
        self._teller: threading.Thread | None = None

    @property
    def state(self) -> ConnectionState:
        """The state now."""
        # Losing it is a matter of time alone, so it is found out by whoever looks.
        silent_for = time.monotonic() - self._since
        if self._state == "suspended" and self._was_connected and silent_for > self._lease_ttl:
            self._enter("lost")
        return self._state

    def listen(self, listener: Listener) -> None:
        """Have each change of state told, in order, on a thread of its own."""
        with self._lock:
            self._listeners.append(listener)
            if self._teller is None:
                self._teller = threading.Thread(
                    target=self._tell, name="config-connection", daemon=True
                )
                self._teller.start()

    def answered(self) -> None:
        """Take notice that the database answered."""
        if self._state != "connected":
            self._was_connected = True
            self._enter("connected")

    def failed(self) -> None:
        """Take notice that the database did not answer."""
        if self._state == "connected":
            self._enter("suspended")

    def lease_lost(self) -> None:
        """Take notice that the lease of this process has expired."""
        if self._was_connected:
            self._enter("lost")

    def close(self) -> None:
        """Stop telling."""
        with self._lock:
            teller, self._teller = self._teller, None
        if teller is not None:
            self._news.put(None)
            if teller is not threading.current_thread():
                teller.join()

    def _enter(self, state: ConnectionState) -> None:
        with self._lock:
            if state == self._state:
                return
            self._state = state
            self._since = time.monotonic()
            if self._teller is not None:
                self._news.put(state)
        LOGGER.info("The connection to the database is %s.", state)

    def _tell(self) -> None:
        while True:
            try:
                # To be suspended for too long has no cause that could report it.
                state = self._news.get(timeout=1.0)
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
