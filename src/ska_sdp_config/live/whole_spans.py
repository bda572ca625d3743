"""Reads of spans that may hold the whole database, in pages that each have a timeout.

With one timeout for all pages, a large database could never be read over a slow connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ska_sdp_config.store.errors import Compacted, FutureRevision
from ska_sdp_config.store.interface import Entry, Query, Store
from ska_sdp_config.store.keys import Span, readable_path_of

__all__ = ["read_texts"]

FIRST_PAGE = 8
"""Number of entries of the first page, whose sizes are not known."""

MAX_ENTRIES_PER_PAGE = 200
"""Number of entries read at a time at most: larger ones may follow in any page."""

PAGE_CHARS = 1_000_000
"""Size of the texts that a page is to have, in characters."""


def read_texts(
    store: Store, spans: Sequence[Span], revision: int = 0, *, timeout: float | None = None
) -> tuple[int, dict[str, str]]:
    """Read the texts of spans that are in the path space.

    Args:
        store: the database.
        spans: the spans.
        revision: the revision to read at, 0 for the newest.
        timeout: timeout of each page in seconds, by default that of the store.

    Returns:
        The revision, and the texts by path.

    Raises:
        Compacted: the given revision was compacted.
        ConfigConnectionError: the database does not respond.
    """
    seconds = timeout or store.timeout
    while True:
        read_at = revision or store.read([], timeout=seconds).revision
        try:
            entries = [
                entry for span in spans for entry in _entries(store, span, read_at, seconds)
            ]
        except (Compacted, FutureRevision):
            if revision:
                raise
            # Compacted or restored between two pages: begin again, at the newest revision.
            continue
        paths = ((readable_path_of(entry.key), entry.value) for entry in entries)
        return read_at, {path: text for path, text in paths if path is not None}


def _entries(store: Store, span: Span, revision: int, seconds: float) -> Iterator[Entry]:
    limit, begin = FIRST_PAGE, span.begin
    while True:
        query = Query(span._replace(begin=begin), limit=limit)
        page = store.read([query], revision, timeout=seconds).found[0] or []
        yield from page
        if not span.end or len(page) < limit:
            return
        begin = page[-1].key + "\0"
        size = sum(len(entry.value) for entry in page)
        limit = max(1, min(MAX_ENTRIES_PER_PAGE, limit * PAGE_CHARS // max(1, size)))
