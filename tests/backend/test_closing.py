"""Closing while threads of the library begin something."""

from __future__ import annotations

from collections.abc import Callable

from ska_sdp_config.backend.backend import Backend
from ska_sdp_config.backend.keys import EVERYTHING
from tests.backend.conftest import Connect
from tests.backend.test_store_watch import Heard

TIMES = 40


def test_close_just_after_a_watch_was_begun(connect: Connect) -> None:
    # gRPC crashes the process when a stub is made on a channel that is being closed.
    close: list[Callable[[], None]] = []
    for _ in range(TIMES):
        backend: Backend = connect()
        backend.get("/a")
        backend.store.watch(EVERYTHING, 1, Heard())
        backend.close()
        close.append(backend.close)
    for again in close:
        again()
