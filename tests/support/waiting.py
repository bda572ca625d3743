"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["LATE", "wait_until"]

LATE = 2.5
"""Seconds by which a busy machine may be late; half of what a call may take by default."""


def wait_until(holds: Callable[[], object], within: float = 30.0, what: str = "") -> None:
    """Look again and again until something holds.

    Raises:
        AssertionError: it did not hold in time.
    """
    end = time.monotonic() + within
    pause = threading.Event()
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"within {within:g} s it did not come to be: {what or holds}")
        pause.wait(0.01)
