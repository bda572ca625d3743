"""Table of all objects of a kind: encoded rows, of which only the changed ones are made again."""

from __future__ import annotations

from collections.abc import Iterable

from ska_sdp_config.live.system import LiveSystem
from ska_sdp_web.documents.kinds import Kind, row_of
from ska_sdp_web.encoding import encode

__all__ = ["Table"]

NO_ROW = b"null"


class Table:
    """Rows of the objects of a kind, made once the table is first read.

    Args:
        kind: the kind.
        system: the live copy.
    """

    def __init__(self, kind: Kind, system: LiveSystem) -> None:
        self.kind = kind
        self._system = system
        self._rows: dict[str, bytes] | None = None
        self._document: bytes | None = None
        self._changed: dict[str, bytes] = {}

    def replace(self) -> None:
        """Make all rows again when they are next read."""
        self._rows = self._document = None
        self._changed = {}

    def update(self, changed: Iterable[str]) -> None:
        """Make the rows again that depend on changed paths."""
        if self._rows is None:
            return
        for key in {self.kind.key_of(path) for path in changed} - {""}:
            row = self._encoded(key)
            if row == self._rows.get(key):
                continue
            if row is None:
                del self._rows[key]
            else:
                self._rows[key] = row
            self._changed[key] = row or NO_ROW
            self._document = None

    def document(self) -> bytes:
        """Return the whole table as JSON."""
        if self._document is None:
            columns = [
                {"key": key, "title": title, "kind": kind}
                for key, title, kind in self.kind.columns
            ]
            self._document = b'{"columns":%b,"rows":%b}' % (
                encode(columns),
                _object(self._all_rows()),
            )
        return self._document

    def take_changes(self) -> bytes | None:
        """Return the rows that have changed since the last call as JSON, None without any."""
        changed, self._changed = self._changed, {}
        return _object(changed) if changed else None

    def _all_rows(self) -> dict[str, bytes]:
        if self._rows is None:
            keys = {self.kind.key_of(path) for path in self._system.texts} - {""}
            found = {key: self._encoded(key) for key in sorted(keys)}
            self._rows = {key: row for key, row in found.items() if row is not None}
        return self._rows

    def _encoded(self, key: str) -> bytes | None:
        row = row_of(self._system, self.kind, key)
        return None if row is None else encode(row)


def _object(members: dict[str, bytes]) -> bytes:
    return b"{%b}" % b",".join(b"%b:%b" % (encode(key), row) for key, row in members.items())
