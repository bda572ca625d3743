"""Reads of one attempt at a transaction, from the cache where possible."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ska_sdp_config.engine.cache import Cache
from ska_sdp_config.engine.view import View
from ska_sdp_config.store.errors import Compacted, FutureRevision
from ska_sdp_config.store.interface import Query, Reply, Store

__all__ = ["CachedReader"]


class CachedReader:
    """Reads from the cache, and from the store at the cache's revision on a cache miss.

    Args:
        store: read on a cache miss.
        cache: the cache.
    """

    def __init__(self, store: Store, cache: Cache) -> None:
        self._store = store
        self._cache = cache
        self._view: View | None = None
        self.address = store.address
        self.timeout = store.timeout

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        """Read; see Reader."""
        end = time.monotonic() + timeout
        if not revision:
            # The other half is left for the read.
            self._view = self._cache.view(timeout / 2)
            if self._view is None and self._cache.is_open:
                self._view = self._cache.skip_ahead(max(0.0, end - time.monotonic()))
        if self._view is not None and revision in (0, self._view.revision):
            try:
                return self._read_at(self._view, queries, end)
            except (Compacted, FutureRevision) as exc:
                self._view = None
                if isinstance(exc, FutureRevision):
                    # The database was restored, and the watch has not detected it yet.
                    self._cache.read_newest(max(0.0, end - time.monotonic()))
                if revision:
                    raise
        reply = self._store.read(queries, revision, timeout=end - time.monotonic())
        self._cache.require(reply.revision)
        return reply

    def _read_at(self, view: View, queries: Sequence[Query], end: float) -> Reply:
        found = [view.answer(query) for query in queries]
        missing = [n for n, entries in enumerate(found) if entries is None]
        if missing:
            wanted = [queries[n] for n in missing]
            reply = self._store.read(wanted, view.revision, timeout=end - time.monotonic())
            self._cache.learn(wanted, reply)
            for n, entries in zip(missing, reply.found, strict=True):
                found[n] = entries
        return Reply(view.revision, list(found))
