"""One attempt at a transaction: what it read, what it will write, and its one commit.

Software transactional memory after the seed's chapter 2. The first read pins a revision and
every later one is of that revision; writes are kept back until the commit, which takes effect
only if everything that was read still stands (spec 2.2).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from ska_sdp_config.engine.read_set import Reads
from ska_sdp_config.engine.write_set import Pending
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import (
    ConfigCollision,
    ConfigConnectionError,
    ConfigVanished,
    FutureRevision,
    HasLeaseId,
    check_value,
    depth_of_path,
    lease_id_of,
)
from ska_sdp_config.store.interface import (
    Compacted,
    Conflict,
    Entry,
    Guard,
    Put,
    Query,
    Reply,
    Write,
)
from ska_sdp_config.store.keys import (
    Span,
    depth_digits,
    key_of_path,
    spans_below,
    spans_of_listing,
)

__all__ = ["Txn"]

LOGGER = logging.getLogger(__name__)

MAX_DEPTH = 16
"""How deep below a path a recursive delete reaches, in slashes of the whole path."""

MANY = 100
"""So many members of a listing are rather read with the whole of it."""

Read = Callable[[Sequence[Query], int], Reply]
"""Reads queries at a revision (0 for the newest)."""

CommitCall = Callable[[Sequence[Guard], Sequence[Write], Sequence[Query]], int | Conflict]
"""Commits; gives the revision, or the conflict."""


class Txn:
    """A transaction on whole paths and text values, as a body sees it.

    Made by the loop in :mod:`~ska_sdp_config.engine.runner`, which commits it when the body is
    through.

    Args:
        read: reads from the store, at a revision.
        deadline: when it must be through.
        known: what is known already, at ``known.revision``: prefetched, or brought back by
            the conflict that ended the previous attempt.
        queries: the queries that ``known`` answers.

    Attributes:
        deadline: when it must be through.
        reads: what it has read.
        doomed: whether it cannot commit any more, and its body is run again.
        was_cut_short: whether a call within the body failed, so that ``reads`` lacks what the
            body would have read.
    """

    def __init__(
        self,
        read: Read,
        deadline: Deadline,
        known: Reply | None = None,
        queries: Sequence[Query] = (),
    ) -> None:
        self._read_store = read
        self.deadline = deadline
        self._revision = 0
        self._values: dict[str, Entry | None] = {}
        self._listed: dict[Span, list[Entry]] = {}
        self._covered: list[Span] = []
        # Of paths that were listed, so that to read them all does not mean to make all anew.
        self._keys: dict[str, str] = {}
        self.reads = Reads()
        self._pending = Pending()
        self._has_ended = False
        self.doomed = False
        self.was_cut_short = False
        if known is not None:
            self._learn(queries, known)

    # What the body calls

    @property
    def revision(self) -> int:
        """The revision that every read of this transaction is of."""
        if not self._revision:
            self._fetch([])
        return self._revision

    def get(self, path: str) -> str | None:
        """Get the text at a path, or None if nothing is there.

        Raises:
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        self._check_not_ended()
        return self._get(key_of_path(path))

    def get_many(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Get the texts at several paths, in one round trip for all that is not yet known.

        Raises:
            ValueError: one of them is not a path.
            ConfigConnectionError: the database does not answer.
        """
        self._check_not_ended()
        listed = self._keys
        keys = {path: listed.get(path) or key_of_path(path) for path in paths}
        if unknown := self._unknown(keys.values()):
            self._fetch(self._queries_for(unknown))
        return self._get_all(keys)

    def list_keys(self, path: str, recurse: int | Iterable[int] = 0) -> list[str]:
        """List paths, sorted.

        Args:
            path: ``/pb/`` for the children of ``/pb``; ``/pb/pb-a`` for the paths of that level
                that begin so.
            recurse: how many levels more, or exactly which ones.

        Raises:
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        self._check_not_ended()
        return sorted(self._list(spans_of_listing(path, recurse), guarded=True))

    def peek_keys(self, path: str, recurse: int | Iterable[int] = 0) -> list[str]:
        """List as ``list_keys`` does, but leave others free to change what is listed."""
        self._check_not_ended()
        return sorted(self._list(spans_of_listing(path, recurse), guarded=False))

    def list_values(self, path: str, recurse: int | Iterable[int] = 0) -> list[tuple[str, str]]:
        """List paths with their values, sorted; each of them counts as read.

        Raises:
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        self._check_not_ended()
        spans = spans_of_listing(path, recurse)
        self._fetch([Query(span) for span in spans if span not in self._covered])
        found = self._get_all(self._list(spans, guarded=True))
        return sorted((path, value) for path, value in found.items() if value is not None)

    def lease_of(self, path: str) -> int:
        """Get the id of the lease that a path lives by; 0 if it lives by none, or is not there.

        Raises:
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        self._check_not_ended()
        key = key_of_path(path)
        if self._get(key) is None:
            return 0
        lease, entry = self._pending.lease(key), self._values.get(key)
        if lease is not None:
            return lease
        return entry.lease if entry else 0

    def create(self, path: str, value: str, lease: HasLeaseId | int | None = None) -> None:
        """Create a path.

        Args:
            path: the path.
            value: its text.
            lease: the lease that it shall live by, or its ID.

        Raises:
            ConfigCollision: it exists already; the transaction stays usable.
            TypeError: the value is not a ``str``.
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        self._check_not_ended()
        key = key_of_path(path)
        check_value(path, value)
        lease_id = lease_id_of(lease)
        if self._get(key) is not None:
            raise ConfigCollision(path, f"Cannot create {path}, as it already exists.")
        self._pending.put(Put(key, value, lease_id))

    def update(self, path: str, value: str) -> None:
        """Change the text at a path, which keeps its lease.

        Raises:
            ConfigVanished: it does not exist; the transaction stays usable.
            TypeError: the value is not a ``str``.
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        self._check_not_ended()
        key = key_of_path(path)
        check_value(path, value)
        if self._get(key) is None:
            raise ConfigVanished(path, f"Cannot update {path}, as it does not exist.")
        self._pending.put(Put(key, value, self._pending.lease(key)))

    def delete(
        self,
        path: str,
        must_exist: bool = True,
        recursive: bool = False,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        """Delete a path.

        Args:
            path: the path.
            must_exist: whether its absence is an error.
            recursive: whether all below it goes too: any number of keys, none of them read.
            max_depth: the depth down to which a recursive delete reaches.

        Raises:
            ConfigVanished: it must exist, and does not; the transaction stays usable.
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        self._check_not_ended()
        key = key_of_path(path)
        if must_exist and self._get(key) is None:
            raise ConfigVanished(path, f"Cannot delete {path}, as it does not exist.")
        if recursive:
            self._pending.erase([Span(key), *spans_below(path, max_depth)])
        else:
            self._pending.delete(key)

    def delete_prefix(
        self,
        path: str,
        must_exist: bool = True,
        recursive: bool = False,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        """Delete all paths of one level that begin alike: any number, and at most one is read.

        Args:
            path: how they begin, as for ``list_keys``.
            must_exist: whether it is an error that there are none.
            recursive: whether all deeper paths that begin so go too.
            max_depth: the depth down to which a recursive delete reaches.

        Raises:
            ConfigVanished: there must be some, and are none; the transaction stays usable.
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        self._check_not_ended()
        levels = range(1 + max(0, max_depth - depth_of_path(path))) if recursive else 0
        spans = spans_of_listing(path, levels)
        if must_exist:
            found = self.peek_keys(path)
            if not found:
                # Now it counts as read.
                self.list_keys(path)
                raise ConfigVanished(path, f"Cannot delete {path}*, as there is none.")
            # Whether others come or go does not matter, while this one stands.
            self._get(key_of_path(found[0]))
        self._pending.erase(spans)

    # What the loop calls

    def end(self) -> None:
        """Reject all further calls: a write after the body would be lost without notice."""
        self._has_ended = True

    def commit(self, commit: CommitCall) -> int | Conflict | None:
        """Commit, if there is anything to write. The body is through.

        Returns:
            The revision of the commit; None if there was nothing to write; or the conflict.
        """
        writes = list(self._pending.writes(self.reads.keys))
        if not writes:
            return None
        return commit(list(self.reads.guards()), writes, self.reads.queries())

    def _check_not_ended(self) -> None:
        """Check that the body is still running.

        Raises:
            RuntimeError: it is not.
        """
        if self._has_ended:
            raise RuntimeError(
                "This transaction has ended: make its calls within the body of its loop."
            )

    # How reads are answered

    def _unknown(self, keys: Iterable[str]) -> list[str]:
        """Get those of some keys that have to be read."""
        unknown = [key for key in keys if key not in self._values]
        for span in self._covered:
            unknown = [key for key in unknown if key not in span]
        if self._pending:
            unknown = [key for key in unknown if not self._pending.decides(key)]
        return unknown

    def _get(self, key: str) -> str | None:
        if self._pending and self._pending.decides(key):
            return self._pending.text(key)
        if key not in self._values and not (
            self._covered and any(key in span for span in self._covered)
        ):
            self._fetch([Query(Span(key))])
        entry = self._values.get(key)
        if entry is None:
            self.reads.keys[key] = 0
            return None
        self.reads.keys[key] = entry.modified
        return entry.value

    def _get_all(self, keys: Mapping[str, str]) -> dict[str, str | None]:
        """Get the texts of keys by their paths; most of them are known."""
        if self._pending:
            return {path: self._get(key) for path, key in keys.items()}
        # There may be thousands, so no function of Python's is called for each.
        values, read = self._values, self.reads.keys
        found: dict[str, str | None] = {}
        for path, key in keys.items():
            entry = values.get(key)
            if entry is None:
                # It is absent, or what a compaction made forget; that moves the revision.
                found[path] = self._get(key)
                values = self._values
            else:
                _, found[path], _, read[key], _ = entry
        return found

    def _list(self, spans: Sequence[Span], *, guarded: bool) -> dict[str, str]:
        """Get the paths in some spans, each with its key, in no order."""
        missing = [span for span in spans if span not in self._listed]
        while missing:
            self._fetch([Query(span, keys_only=True) for span in missing])
            # A compaction during the read discards what was listed without a guard. All is read
            # in one call then, so that another compaction cannot discard a part of it.
            missing = [] if all(span in self._listed for span in spans) else list(spans)
        listed: dict[str, str] = {}
        for span in spans:
            entries = self._listed[span]
            if guarded:
                self.reads.spans[span] = entries
            keys = self._pending.members(span, [entry.key for entry in entries])
            begin = depth_digits(span)
            listed.update({key[begin:]: key for key in keys})
        self._keys.update(listed)
        return listed

    def _queries_for(self, keys: Sequence[str]) -> list[Query]:
        """Get queries for keys: a whole listing in place of most of its members."""
        queries: list[Query] = []
        for span, entries in self._listed.items():
            if len(keys) <= MANY:
                break
            members = {entry.key for entry in entries}
            rest = [key for key in keys if key not in members]
            wanted = len(keys) - len(rest)
            if wanted > MANY and wanted * 2 > len(members):
                queries.append(Query(span))
                keys = rest
        return queries + [Query(Span(key)) for key in keys]

    def _fetch(self, queries: Sequence[Query]) -> None:
        """Read at the pinned revision; the first read pins it."""
        if not queries and self._revision:
            return
        try:
            try:
                reply = self._read_store(queries, self._revision)
            except (Compacted, FutureRevision) as exc:
                reply = self._pin_anew(queries, exc)
        except ConfigConnectionError:
            self.was_cut_short = True
            raise
        self._learn(queries, reply)

    def _pin_anew(self, queries: Sequence[Query], why: Exception) -> Reply:
        """Read at a fresh revision, as the pinned one was compacted in mid body.

        Or the database was restored from an older copy, and has not come to that revision.

        What the body has read is read again with what it asks for now. Mostly all of it still
        stands at the fresh revision, and then nothing has happened. Else this attempt cannot
        commit and is run again: a for loop cannot be left and entered anew from inside its
        body, so the body is let run to its end, and nothing that it writes is kept.
        """
        read = self.reads.queries()
        reply = self._read_store([*read, *queries], 0)
        if self.reads.disputed(Reply(reply.revision, reply.found[: len(read)])):
            self.doomed = True
        LOGGER.info(
            "Revision %d was %s within a transaction, which %s at revision %d.",
            self._revision,
            "compacted" if isinstance(why, Compacted) else "lost by a restore",
            "runs again" if self.doomed else "goes on",
            reply.revision,
        )
        # What was prefetched, but not read, may have changed unseen.
        self._values = {k: entry for k, entry in self._values.items() if k in self.reads.keys}
        self._listed = {s: found for s, found in self._listed.items() if s in self.reads.spans}
        self._covered.clear()
        return Reply(reply.revision, reply.found[len(read) :])

    def _learn(self, queries: Sequence[Query], reply: Reply) -> None:
        self._revision = reply.revision
        # What a doomed attempt has read was there before; a watcher must hear of the change.
        if not self.doomed:
            self.reads.revision = reply.revision
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
                self._values[query.span.begin] = None
            if len(found) == 1 and not self.doomed:
                self._values[found[0].key] = found[0]
                continue
            # Reads repeat, also those of an attempt that cannot commit any more.
            fresh = {entry.key: entry for entry in found}
            for key in self.reads.keys if self.doomed else ():
                fresh.pop(key, None)
            self._values.update(fresh)
