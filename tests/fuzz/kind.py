"""A kind of input: how to draw one, and what must hold for each."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from hypothesis import strategies as st

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.store.interface import Put
from ska_sdp_config.store.keys import key_of_path

__all__ = ["Kind", "contents", "database_with", "shared_database"]

MAX_CPU_S = 5.0
"""Processor time that an input may take: a thousand times that of a usual one."""

MAX_WAIT_S = 60.0
"""Seconds after which an input that waits is ended."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of input.

    Attributes:
        name: its name, also that of its file in the corpus.
        cases: strategy of inputs, which are JSON values.
        check: checks an input, and raises AssertionError, or what the product raises.
    """

    name: str
    cases: st.SearchStrategy[Any]
    check: Callable[[Any], None]

    def check_in_time(self, case: Any) -> None:
        """Check an input, within limits of time.

        Raises:
            AssertionError: something does not hold, or it takes too long.
        """
        began = time.thread_time()
        with _alarm():
            self.check(case)
        taken = time.thread_time() - began
        assert taken < MAX_CPU_S, f"it takes {taken:.1f} s of processor time"


class _TooLong(BaseException):
    """The input waits. Not an Exception, which a program would report as its own."""


@contextmanager
def _alarm() -> Iterator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, MAX_WAIT_S)
    try:
        yield
    except _TooLong as error:
        raise AssertionError(f"it has not ended after {MAX_WAIT_S:g} s") from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def database_with(texts: dict[str, str]) -> Database:
    """Return a database in memory with texts at paths."""
    database = Database()
    database.apply([Put(key_of_path(path), text) for path, text in texts.items()])
    return database


@contextmanager
def shared_database(texts: dict[str, str]) -> Iterator[Database]:
    """Make a database with texts the one that programs on the backend ``memory`` use."""
    before, MemoryBackend.shared = MemoryBackend.shared, database_with(texts)
    try:
        yield MemoryBackend.shared
    finally:
        MemoryBackend.shared = before


def contents(database: Database) -> dict[str, str]:
    """Return all stored texts by key."""
    return {key: entry.value for key, entry in database.entries.items()}
