"""Table of all objects of a kind: encoded rows, of which only the changed ones are made again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ska_sdp_config.live.system import LiveSystem
from ska_sdp_web.documents.kinds import Kind, row_of
from ska_sdp_web.encoding import encode

__all__ = ["Table"]

NO_ROW = b"null"

ROWS_PER_PART = 500
"""Number of rows in a message: a viewer with a slow connection receives one after the other."""


class Table:
    """Rows of the objects of a kind, made step by step once the table is followed.

    To make all rows of a large table takes seconds, in which other topics would wait.

    Args:
        kind: the kind.
        system: the live copy.
    """

    def __init__(self, kind: Kind, system: LiveSystem) -> None:
        self.kind = kind
        self._system = system
        self._rows: dict[str, bytes] = {}
        self._missing: dict[str, None] | None = None
        self._parts: tuple[bytes, ...] | None = None
        self._changed: dict[str, bytes] = {}

    @property
    def is_complete(self) -> bool:
        """Whether all rows are made."""
        return self._missing is not None and not self._missing

    def replace(self) -> None:
        """Make all rows again."""
        self._rows = {}
        self._missing = self._parts = None
        self._changed = {}

    def advance(self, limit: int) -> None:
        """Make some of the rows that are missing."""
        if self._missing is None:
            keys = {self.kind.key_of(path) for path in self._system.texts} - {""}
            self._missing = dict.fromkeys(sorted(keys))
        for key in list(islice(self._missing, limit)):
            del self._missing[key]
            row = self._encoded(key)
            if row is not None:
                self._rows[key] = row

    def update(self, changed: Iterable[str]) -> None:
        """Make the rows again that depend on changed paths."""
        if self._missing is None:
            return
        for key in {self.kind.key_of(path) for path in changed} - {""}:
            row = None if key in self._missing else self._encoded(key)
            if row == self._rows.get(key):
                continue
            if row is None:
                del self._rows[key]
            else:
                self._rows[key] = row
            self._changed[key] = row or NO_ROW
            self._parts = None

    def parts(self) -> tuple[bytes, ...]:
        """Return the table as JSON: columns with the first rows, then parts with further rows.

        The same object is returned until a row changes.
        """
        if self._parts is None:
            names = ("key", "title", "kind")
            columns = [dict(zip(names, each, strict=True)) for each in self.kind.columns]
            members = list(self._rows.items())
            rows = [
                _object(dict(members[begin : begin + ROWS_PER_PART]))
                for begin in range(0, len(members), ROWS_PER_PART)
            ] or [b"{}"]
            whole = b'{"columns":%b,"rows":%b}' % (encode(columns), rows[0])
            self._parts = (whole, *rows[1:])
        return self._parts

    def take_changes(self) -> bytes | None:
        """Return the rows that have changed since the last call as JSON, None without any."""
        changed, self._changed = self._changed, {}
        return _object(changed) if changed else None

    def _encoded(self, key: str) -> bytes | None:
        row = row_of(self._system, self.kind, key)
        return None if row is None else encode(row)


def _object(members: dict[str, bytes]) -> bytes:
    return b"{%b}" % b",".join(b"%b:%b" % (encode(key), row) for key, row in members.items())
