"""Reads of ``prune`` in pages of limited size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ska_sdp_config.store.errors import ConfigConnectionError, ConfigRefused
from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import Span

if TYPE_CHECKING:
    from ska_sdp_config.store.interface import Entry, Store

__all__ = ["Pages"]

KEYS_PER_PAGE = 5_000
BYTES_PER_PAGE = 2_000_000
"""Target size of the values of a page: a slow server sends it in less than a second."""
FIRST_VALUES_PER_PAGE = 100
MIN_VALUES_PER_PAGE = 10
MAX_VALUES_PER_PAGE = 2_000
MAX_FAILURES = 3
"""Number of consecutive calls without a response that raises the error."""


class Pages:
    """Reads of keys and values in pages, each at the newest revision.

    The pages have different revisions: at a fixed one, a compaction would fail a long search.

    Args:
        store: the store.
        before_page: called before each page; may raise an error to stop.
    """

    def __init__(self, store: Store, before_page: Callable[[], None]) -> None:
        self._store = store
        self._before_page = before_page
        self._failures = 0

    def keys(self, span: Span) -> Iterator[list[Entry]]:
        """Yield the entries of a span, without their values.

        Raises:
            ConfigConnectionError: several calls in a row had no response.
        """
        size = KEYS_PER_PAGE
        while True:
            page = self._read(Query(span, keys_only=True, limit=size))
            if page is None:
                size = max(1, size // 2)
                continue
            yield page
            if len(page) < size:
                return
            span = Span(page[-1].key + "\0", span.end)

    def values(self, keys: Sequence[str]) -> Iterator[Entry]:
        """Yield the entries of a sorted list of keys, and of other keys between them.

        Raises:
            ConfigConnectionError: several calls in a row had no response.
        """
        size = FIRST_VALUES_PER_PAGE
        begin = 0
        while begin < len(keys):
            chosen = keys[begin : begin + size]
            # etcd counts the keys of the whole range even with a limit: an end is faster.
            page = self._read(Query(Span(chosen[0], chosen[-1] + "\0")))
            if page is None:
                size = max(1, size // 2)
                continue
            yield from page
            begin += len(chosen)
            mean = sum(len(entry.value) for entry in page) // max(1, len(page)) + 1
            size = min(max(BYTES_PER_PAGE // mean, MIN_VALUES_PER_PAGE), MAX_VALUES_PER_PAGE)

    def _read(self, query: Query) -> list[Entry] | None:
        """Read entries; return None if there is no response, so that the caller reads fewer."""
        self._before_page()
        try:
            reply = self._store.read([query], 0, timeout=self._store.timeout)
        except ConfigRefused:
            raise
        except ConfigConnectionError:
            self._failures += 1
            if self._failures == MAX_FAILURES:
                raise
            return None
        self._failures = 0
        return reply.found[0] or []
