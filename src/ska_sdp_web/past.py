"""Past of a subarray, from etcd's history: bounded in revisions and in memory."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ska_sdp_config.live.key_change import own_time
from ska_sdp_config.live.revisions import Gap, oldest_revision, stream
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.observe import read_snapshot
from ska_sdp_config.store.errors import Compacted, ConfigConnectionError
from ska_sdp_config.store.interface import Query, Store
from ska_sdp_config.store.keys import Span, key_of_path
from ska_sdp_web.documents.timeline import (
    MAX_ITEMS,
    Begin,
    Item,
    Observed,
    items_between,
    observed,
)

__all__ = ["Past", "read_past"]

MAX_REVISIONS = 20_000
"""Number of revisions that are read at most, the newest."""

MAX_SECONDS = 30.0
"""Time within which the past has to be read, in seconds."""

MAX_ATTEMPTS = 3
"""Number of compactions during the read, after which it is given up."""

_ROOTS = ("/eb/", "/pb/", "/component/")


class Past(NamedTuple):
    """Past of a subarray.

    Attributes:
        begin: where it begins.
        items: its items, oldest first.
    """

    begin: Begin
    items: list[Item]


def read_past(store: Store, prefix: str, subarray_id: str, last: int) -> Past:
    """Read the past of a subarray up to a revision.

    Args:
        store: the database.
        prefix: prefix of all paths.
        subarray_id: the subarray.
        last: the last revision.

    Raises:
        ConfigConnectionError: the database does not respond, or did not deliver it in time.
    """
    end = time.monotonic() + MAX_SECONDS
    first = max(1, last - MAX_REVISIONS)
    for _ in range(MAX_ATTEMPTS):
        oldest = oldest_revision(store)
        try:
            return _Reader(store, prefix, subarray_id, max(first, oldest), end).read(
                last, is_compacted=oldest > 1 and oldest >= first, is_cut=first > oldest
            )
        except Compacted:
            continue
    raise ConfigConnectionError(
        f"The database at {store.address} was compacted each time its history was read."
    )


class _Reader:
    """Reader that keeps only the texts on which the subarray depends."""

    def __init__(
        self, store: Store, prefix: str, subarray_id: str, first: int, end: float
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._id = subarray_id
        self._first = first
        self._end = end
        self._texts: dict[str, str | None] = {}
        self._required: set[str] = set()
        self._items: deque[Item] = deque(maxlen=MAX_ITEMS + 1)

    def read(self, last: int, *, is_compacted: bool, is_cut: bool) -> Past:
        """Read up to a revision.

        Raises:
            Compacted: the database was compacted, or restored, meanwhile.
            ConfigConnectionError: see ``read_past``.
        """
        last_seen = self._observe(self._first)
        entry = self._texts.get(paths.subarray(self._id))
        written = own_time(entry)
        # Before a later revision, the entry may have been written long ago.
        begin_time = None if is_compacted or is_cut else written
        begin = Begin(self._first, begin_time, is_compacted, is_cut)
        self._items += items_between(None, last_seen, self._first, written)
        if self._first >= last:
            return self._past(begin)
        for each in stream(self._store, self._first + 1, self._includes, last=last):
            if isinstance(each, Gap):
                raise Compacted(f"revision {each.revision}")
            if time.monotonic() > self._end:
                raise ConfigConnectionError("The history was not delivered in time.")
            texts = {path[len(self._prefix) :]: text for path, text in each.texts.items()}
            when = self._apply(texts)
            if self._required.isdisjoint(texts):
                continue
            before, last_seen = last_seen, self._observe(each.revision)
            self._items += items_between(before, last_seen, each.revision, when)
        return self._past(begin)

    def _past(self, begin: Begin) -> Past:
        if len(self._items) > MAX_ITEMS:
            self._items.popleft()
            begin = begin.cut_before(self._items[0])
        return Past(begin, list(self._items))

    def _includes(self, path: str) -> bool:
        path = path[len(self._prefix) :] if path.startswith(f"{self._prefix}/") else ""
        return path == paths.subarray(self._id) or path.startswith(_ROOTS)

    def _apply(self, texts: dict[str, str | None]) -> datetime | None:
        """Apply the writes of a revision; return its time, None if no value has one."""
        times = []
        for path, text in texts.items():
            if path in self._texts:
                times.append(own_time(text, self._texts[path]))
                self._texts[path] = text
        return max(filter(None, times), default=None)

    def _observe(self, revision: int) -> Observed | None:
        required: set[str] = set()

        def read(wanted: Iterable[str]) -> dict[str, str | None]:
            found = {path: self._read_text(path, revision) for path in wanted}
            required.update(found)
            return found

        snapshot = read_snapshot(self._id, revision, read)
        self._required = required
        # Others may be required again, and are then read again.
        self._texts = {path: self._texts[path] for path in required}
        exists = self._texts.get(paths.subarray(self._id)) is not None
        return observed(snapshot) if exists else None

    def _read_text(self, path: str, revision: int) -> str | None:
        if path not in self._texts:
            try:
                key = key_of_path(f"{self._prefix}{path}")
                query = Query(Span(key))
                found = self._store.read([query], revision, timeout=self._store.timeout).found[0]
            except ValueError:
                # A document names a path that cannot exist.
                found = None
            self._texts[path] = found[0].value if found else None
        return self._texts[path]
