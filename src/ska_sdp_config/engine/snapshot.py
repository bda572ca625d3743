"""Reads of one attempt at a transaction, all of one revision."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ska_sdp_config.engine.predicted_reads import PredictedReads
from ska_sdp_config.engine.read_set import Reads
from ska_sdp_config.store.errors import Compacted, ConfigConnectionError, FutureRevision
from ska_sdp_config.store.interface import Entry, Query, Reply
from ska_sdp_config.store.keys import Span

__all__ = ["ReadCall", "Snapshot"]

LOGGER = logging.getLogger(__name__)

MAX_KEYS_PER_READ = 100
"""Number of members of a listing above which the whole listing is read instead."""

ENTRIES_PER_SCAN = 5_000
"""Number of entries that a scan reads at a time. etcd counts the rest of the range for each."""

ReadCall = Callable[[Sequence[Query], int], Reply]
"""Reads queries at a revision (0 for the newest)."""


class Snapshot:
    """Entries and listings at the revision that the first read pinned.

    Calls that read raise ConfigConnectionError if the database does not respond.

    Args:
        read: reads from the store, at a revision.
        known: entries read earlier, at ``known.revision``: prefetched, or returned by the conflict
            that ended the previous attempt.
        queries: the queries of which ``known`` is the result.
        predicted: extends the first read, unless there are known entries.

    Attributes:
        revision: the pinned revision, 0 before the first read.
        reads: the read set, which the commit guards.
        must_retry: whether the attempt cannot commit, because a value that it read has changed.
        is_incomplete: whether a read failed, so that ``reads`` is incomplete.
    """

    def __init__(
        self,
        read: ReadCall,
        known: Reply | None = None,
        queries: Sequence[Query] = (),
        predicted: PredictedReads | None = None,
    ) -> None:
        self._read = read
        self._predicted = predicted
        self._first: Sequence[Query] = ()
        self._entries: dict[str, Entry | None] = {}
        self._listed: dict[Span, list[Entry]] = {}
        # Spans whose values are all in _entries.
        self._covered: list[Span] = []
        self.revision = 0
        self.reads = Reads()
        self.must_retry = False
        self.is_incomplete = False
        self._reruns_if_lost = False
        if known is not None:
            self._store_reply(queries, known)

    def record_reads(self) -> None:
        """Record which keys were read, for later predictions."""
        if self._predicted is not None:
            self._predicted.record(self._first, self.reads.keys, self._entries)

    def pin(self) -> int:
        """Return the revision, reading the newest one if nothing was read yet."""
        if not self.revision:
            self._fetch([])
        return self.revision

    def pin_or_rerun(self) -> int:
        """Return the revision; if it is lost later in the attempt, the body runs again."""
        self._reruns_if_lost = True
        return self.pin()

    def entry(self, key: str) -> Entry | None:
        """Return the entry of a key and add the key to the read set."""
        entry = self._entries.get(key)
        if entry is None and self._is_missing(key):
            self._fetch([Query(Span(key))])
            entry = self._entries.get(key)
        self.reads.keys[key] = entry.modified if entry else 0
        return entry

    def lease(self, key: str) -> int:
        """Return the ID of the lease of a key that was read, 0 for none."""
        entry = self._entries.get(key)
        return entry.lease if entry else 0

    def texts(self, keys: Mapping[str, str]) -> dict[str, str | None]:
        """Return the texts of keys by their paths, and add the keys to the read set."""
        return {
            path: entry.value if (entry := self.entry(key)) else None for path, key in keys.items()
        }

    def fetch_keys(self, keys: Iterable[str]) -> None:
        """Read those of some keys that are not known yet, in one call."""
        missing = [key for key in keys if key not in self._entries]
        for span in self._covered:
            missing = [key for key in missing if key not in span]
        if missing:
            self._fetch(self._queries_for(missing))

    def peek(self, keys: Sequence[str]) -> dict[str, str | None]:
        """Return the texts of some keys, read in one call, without guarding them."""
        self._reruns_if_lost = True
        self.fetch_keys(keys)
        # Without any key to read, nothing has pinned the revision.
        self.pin()
        entries = {key: self._entries.get(key) for key in keys}
        return {key: entry.value if entry else None for key, entry in entries.items()}

    def fetch_spans(self, spans: Sequence[Span]) -> None:
        """Read those of some spans whose values are not all known yet, in one call."""
        self._fetch([Query(span) for span in spans if span not in self._covered])

    def members(self, spans: Sequence[Span], *, guarded: bool) -> dict[Span, list[Entry]]:
        """Return the members of some spans.

        Args:
            spans: the spans.
            guarded: whether to add them to the read set.
        """
        missing = [span for span in spans if span not in self._listed]
        while missing:
            self._fetch([Query(span, keys_only=True) for span in missing])
            # A compaction during the read discards unguarded listings. Then all spans are read in
            # one call, so that another compaction cannot discard some of them.
            missing = [] if all(span in self._listed for span in spans) else [*spans]
        listed = {span: self._listed[span] for span in spans}
        if guarded:
            self.reads.spans.update(listed)
        return listed

    def scan(self, span: Span) -> Iterator[Entry]:
        """Yield the entries of a span, read in pages, without keeping them or guarding them."""
        self.pin_or_rerun()
        while True:
            query = Query(span, limit=ENTRIES_PER_SCAN)
            reply = self._reply([query])
            self._pin(reply.revision)
            page = reply.found[0] or []
            yield from page
            if len(page) < ENTRIES_PER_SCAN:
                return
            span = Span(page[-1].key + "\0", span.end)

    def _is_missing(self, key: str) -> bool:
        return key not in self._entries and not any(key in span for span in self._covered)

    def _queries_for(self, keys: Sequence[str]) -> list[Query]:
        """Return queries for keys: a whole listing in place of most of its members."""
        queries: list[Query] = []
        for span, entries in self._listed.items():
            if len(keys) <= MAX_KEYS_PER_READ:
                break
            members = {entry.key for entry in entries}
            rest = [key for key in keys if key not in members]
            wanted = len(keys) - len(rest)
            if wanted > MAX_KEYS_PER_READ and wanted * 2 > len(members):
                queries.append(Query(span))
                keys = rest
        return queries + [Query(Span(key)) for key in keys]

    def _fetch(self, queries: Sequence[Query]) -> None:
        """Read at the pinned revision; the first read pins it."""
        if not queries and self.revision:
            return
        if self._predicted is not None and not self.revision:
            self._first = queries
            queries = self._predicted.extend(queries)
        self._store_reply(queries, self._reply(queries))

    def _reply(self, queries: Sequence[Query]) -> Reply:
        """Read at the pinned revision, or at the newest if it was lost."""
        try:
            try:
                return self._read(queries, self.revision)
            except (Compacted, FutureRevision) as exc:
                return self._pin_newest(queries, exc)
        except ConfigConnectionError:
            self.is_incomplete = True
            raise

    def _pin_newest(self, queries: Sequence[Query], why: Exception) -> Reply:
        """Read at the newest revision after the pinned one was compacted, or lost by a restore.

        The read set is read again together with the new queries. If none of it has changed, and
        the revision itself was not used, the body continues at the newest revision. Otherwise the
        attempt cannot commit; the body, which is the body of a for loop, still runs to its end,
        and its writes are discarded.
        """
        read = self.reads.queries()
        reply = self._read([*read, *queries], 0)
        is_disputed = self.reads.disputed(Reply(reply.revision, reply.found[: len(read)]))
        if is_disputed or self._reruns_if_lost:
            self.must_retry = True
        LOGGER.info(
            "Revision %d was %s during a transaction, which %s at revision %d.",
            self.revision,
            "compacted" if isinstance(why, Compacted) else "lost by a restore",
            "runs again" if self.must_retry else "continues",
            reply.revision,
        )
        # Prefetched values that are not in the read set may have changed.
        self._entries = {key: e for key, e in self._entries.items() if key in self.reads.keys}
        self._listed = {s: found for s, found in self._listed.items() if s in self.reads.spans}
        self._covered.clear()
        return Reply(reply.revision, reply.found[len(read) :])

    def _pin(self, revision: int) -> None:
        self.revision = revision
        # An attempt that must be retried keeps the revision of its reads, so that a watcher is
        # notified of the change that made them stale.
        if not self.must_retry:
            self.reads.revision = revision

    def _store_reply(self, queries: Sequence[Query], reply: Reply) -> None:
        self._pin(reply.revision)
        for query, found in zip(queries, reply.found, strict=True):
            if found is None:
                continue
            if query.keys_only:
                self._listed[query.span] = found
                continue
            if query.span.end:
                self._listed[query.span] = found
                self._covered.append(query.span)
            else:
                self._entries.setdefault(query.span.begin, None)
            fresh = {entry.key: entry for entry in found}
            # Reads are repeatable, also in an attempt that must be retried.
            for key in self.reads.keys if self.must_retry else ():
                fresh.pop(key, None)
            self._entries.update(fresh)
