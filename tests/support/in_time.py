"""Bounds on how long something takes, on a machine that may be busy with something else.

A fault makes it late each time, a busy machine does not. So a test that was late is run again,
twice at most, and what fails otherwise is not: see pytest's options in pyproject.toml.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["TooLate", "in_time", "on_time"]


class TooLate(AssertionError):
    """Something did not happen when it should have; on a busy machine that can be."""


def on_time(is_so: bool, what: str) -> None:
    """Check something that is so unless the machine was held up."""
    if not is_so:
        raise TooLate(what)


@contextmanager
def in_time(most: float, least: float = 0.0) -> Iterator[None]:
    """Check that what is done takes less than so many seconds, and not less than so many."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    # Other programs' clocks may be a moment ahead of ours.
    on_time(least - 0.01 <= took < most, f"it took {took:.2f} s, not {least:g} to {most:g} s")
