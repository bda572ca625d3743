"""Wait for the threads of a Config when it is closed."""

from __future__ import annotations

import logging
import threading

__all__ = ["join_on_close"]

LOGGER = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 2.0
"""Seconds to wait for a thread on close."""


def join_on_close(thread: threading.Thread) -> None:
    """Wait for a thread to end; log a warning if it does not end in time.

    Does nothing on the thread itself. The thread is a daemon, so it does not keep the process
    alive.
    """
    if thread is threading.current_thread():
        return
    thread.join(CLOSE_TIMEOUT_S)
    if thread.is_alive():
        LOGGER.warning(
            "Thread %s is still running %g s after its Config was closed; not waiting for it any "
            "longer.",
            thread.name,
            CLOSE_TIMEOUT_S,
        )
