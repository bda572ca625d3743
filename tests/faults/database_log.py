"""Recorded changes of the database, one JSON list a line, independent of the library."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.logs import EtcdLog
from tests.support.serializability import Event

__all__ = ["DATABASE_LOG", "Change", "DatabaseLog", "read_log"]

DATABASE_LOG = "database.jsonl"
"""Name of the file in the directory of a run."""


class Change(NamedTuple):
    """Write, or deletion (None), of a path.

    Attributes:
        revision: revision of the commit.
        path: the path.
        value: the text written, None for a deletion.
        received: when it was received, on the monotonic clock.
        is_present: whether it is no change, but what was present when the log began.
    """

    revision: int
    path: str
    value: str | None
    received: float
    is_present: bool = False

    @property
    def event(self) -> Event:
        """The change without its time."""
        return Event(self.revision, self.path, self.value)


class DatabaseLog(EtcdLog):
    """Writes the state of etcd at its start and every change to a file. A context manager.

    Args:
        endpoints: ``host:port`` of each member, separated by commas.
        path: the file.
    """

    def __init__(self, endpoints: str, path: Path) -> None:
        self._path = path
        self._file = path.open("w", encoding="utf-8")
        super().__init__(endpoints)

    def keep_present(self, event: Event) -> None:
        """Write what is present at the start."""
        self._write(event, is_present=True)

    def keep(self, event: Event) -> None:
        """Write a change."""
        self._write(event, is_present=False)

    def _write(self, event: Event, *, is_present: bool) -> None:
        self._file.write(json.dumps([*event, time.monotonic(), is_present]) + "\n")

    def read(self) -> list[Change]:
        """Wait for all changes up to now, and return them."""
        self.finish()
        self._file.flush()
        return list(read_log(self._path))

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._file.close()


def read_log(path: Path) -> Iterator[Change]:
    """Read the changes, oldest first."""
    with path.open(encoding="utf-8") as file:
        for text in file:
            yield Change(*json.loads(text))
