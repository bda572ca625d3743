"""Assertions of durations on a machine that may be busy.

A fault causes a delay each time, a busy machine does not. So a test that fails with TooLate is
repeated up to twice, by pytest's options in pyproject.toml; other failures are final.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class TooLate(AssertionError):
    """A deadline was missed, possibly because the machine is busy."""


def on_time(is_so: bool, what: str) -> None:
    """Assert a condition that only a fault or a busy machine makes false."""
    if not is_so:
        raise TooLate(what)


@contextmanager
def in_time(most: float, least: float = 0.0) -> Iterator[None]:
    """Assert that the body takes at least ``least`` and less than ``most`` seconds."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    # The clock of another program may be slightly ahead.
    on_time(least - 0.01 <= took < most, f"it took {took:.2f} s, not {least:g} to {most:g} s")
