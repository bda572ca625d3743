"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

CALL = 60.0
"""Timeout of calls to the database in seconds: longer than any pause of a busy machine."""

LATE = 2.5
"""Allowance for a busy machine, in seconds: half of the default timeout of calls."""


def wait_until(
    holds: Callable[[], T], within: float = 30.0, what: str = "", interval: float = 0.01
) -> T:
    """Poll a condition until it holds; return its value.

    Args:
        holds: the condition.
        within: timeout in seconds.
        what: the condition in words, for the error.
        interval: seconds between two polls.

    Raises:
        AssertionError: it did not hold in time.
    """
    end = time.monotonic() + within
    pause = threading.Event()
    while not (value := holds()):
        if time.monotonic() > end:
            raise AssertionError(f"not so within {within:g} s: {what or holds}")
        pause.wait(interval)
    return value
