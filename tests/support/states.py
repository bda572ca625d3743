"""What a listener to the connection's state is told."""

from __future__ import annotations

import threading
import time

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.connection import ConnectionState
from tests.support.waiting import wait_until


def state_of(backend: Backend) -> ConnectionState:
    """The state now."""
    return backend.connection.state


class States:
    """The states that a listener is told of, when, and on which threads."""

    def __init__(self, backend: Backend) -> None:
        self.told: list[ConnectionState] = []
        self.times: list[float] = []
        self.threads: set[str] = set()
        backend.connection.listen(self._listen)

    def _listen(self, state: ConnectionState) -> None:
        self.times.append(time.monotonic())
        self.threads.add(threading.current_thread().name)
        self.told.append(state)

    def become(self, *states: ConnectionState) -> None:
        """Wait until exactly these were told."""
        wait_until(lambda: self.told == list(states), what=f"{states}, not {self.told}")
