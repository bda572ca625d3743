"""Log of the last changes of the database."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator
from itertools import islice
from typing import Any

from ska_sdp_config.live.key_change import KeyChange, describe
from ska_sdp_web.encoding import encode, when

__all__ = ["MAX_ROWS", "Log"]

MAX_ROWS = 1000
"""Number of changes that the log keeps."""


class Log:
    """The last changes, numbered from 1 as they were received."""

    def __init__(self) -> None:
        self._rows: deque[tuple[int, dict[str, Any]]] = deque()
        self._changed: dict[str, dict[str, Any] | None] = {}
        self._number = 0

    def add(self, changes: Iterable[KeyChange]) -> None:
        """Add changes, oldest first."""
        for change in changes:
            self._number += 1
            row = {
                "time": when(change.time),
                "revision": change.revision,
                "path": change.path,
                "text": describe(change),
            }
            self._rows.append((self._number, row))
            self._changed[str(self._number)] = row
            if len(self._rows) > MAX_ROWS:
                oldest, _ = self._rows.popleft()
                # A viewer never had a row that was added since.
                if self._changed.pop(str(oldest), None) is None:
                    self._changed[str(oldest)] = None

    def parts(self) -> tuple[bytes, ...]:
        """Return the whole log as JSON, in one part."""
        return (encode({"rows": {str(number): row for number, row in self._rows}}),)

    def take_changes(self) -> bytes | None:
        """Return the rows that have changed since the last call as JSON, None without any."""
        changed, self._changed = self._changed, {}
        return encode(changed) if changed else None

    def of(self, paths: Container[str], limit: int) -> list[dict[str, Any]]:
        """Return the last changes of some paths, the newest first."""

        def matching() -> Iterator[dict[str, Any]]:
            return (row for _, row in reversed(self._rows) if row["path"] in paths)

        return list(islice(matching(), limit))
