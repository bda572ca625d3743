"""States of a connection, as a listener receives them."""

from __future__ import annotations

import threading
import time

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.connection import ConnectionState
from tests.support.waiting import wait_until


def state_of(backend: Backend) -> ConnectionState:
    return backend.connection.state


class States:
    """Records the states that a listener receives, with their times and threads."""

    def __init__(self, backend: Backend) -> None:
        self.received: list[ConnectionState] = []
        self.times: list[float] = []
        self.threads: set[str] = set()
        backend.connection.listen(self._listen)

    def _listen(self, state: ConnectionState) -> None:
        self.times.append(time.monotonic())
        self.threads.add(threading.current_thread().name)
        self.received.append(state)

    def become(self, *states: ConnectionState) -> None:
        """Wait until exactly these states were received."""
        wait_until(lambda: self.received == list(states), what=f"{states}, not {self.received}")
