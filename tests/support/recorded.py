"""Body of a transaction that is recorded for the checker of serializability."""

from __future__ import annotations

from contextlib import suppress

from ska_sdp_config.backend import ConfigCollision, ConfigVanished
from ska_sdp_config.engine.transaction import Txn
from tests.support.listing import Listing
from tests.support.serializability import Record

__all__ = ["Body"]


class Body:
    """Attempt that records what it writes, and what it reads and has not written itself."""

    def __init__(self, txn: Txn, record: Record, mark: str) -> None:
        self._txn = txn
        self._record = record
        self._mark = mark
        record.mark, record.values, record.lists, record.writes = None, {}, {}, {}
        record.attempts += 1

    def read(self, path: str) -> str | None:
        value = self._txn.get(path)
        self._note(path, value)
        return value

    def read_many(self, paths: list[str]) -> dict[str, str | None]:
        values = self._txn.get_many(paths)
        for path, value in values.items():
            self._note(path, value)
        return values

    def list(self, start: str) -> list[str]:
        paths = self._txn.list_keys(start)
        if not self._record.writes:
            self._record.lists[Listing(start)] = paths
        return paths

    def list_values(self, start: str) -> None:
        pairs = self._txn.list_values(start)
        if not self._record.writes:
            self._record.lists[Listing(start)] = [path for path, _ in pairs]
        for path, value in pairs:
            self._note(path, value)

    def change(self, path: str) -> None:
        """Create or update a key with a value of its own."""
        self.write(path, self._value())

    def write(self, path: str, value: str) -> None:
        """Create or update a key."""
        try:
            self._txn.create(path, value)
            self._note(path, None)
        except ConfigCollision:
            self.read(path)
            self._txn.update(path, value)
        self._record.writes[path] = value

    def remove(self, path: str) -> None:
        with suppress(ConfigVanished):
            self._txn.delete(path)
            self._record.writes[path] = None
            return
        self._note(path, None)

    def put_blindly(self, path: str) -> None:
        value = self._value()
        self._txn.delete(path, must_exist=False)
        self._txn.create(path, value)
        self._record.writes[path] = value

    def finish(self, client: str) -> None:
        """Write a mark, if it writes at all."""
        if self._record.writes:
            path = f"/mark/{client}"
            self._txn.delete(path, must_exist=False)
            self._txn.create(path, self._mark)
            self._record.writes[path] = self._record.mark = self._mark

    def _note(self, path: str, value: str | None) -> None:
        if path not in self._record.writes:
            self._record.values[path] = value

    def _value(self) -> str:
        return f"{self._mark} {len(self._record.writes)}"
