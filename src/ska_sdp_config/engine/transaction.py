"""One attempt at a transaction: its reads, its pending writes and its commit.

Optimistic concurrency: the first read pins a revision, and all later reads are of that revision.
Writes are kept until the commit, which takes effect only if nothing that was read has changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from ska_sdp_config.engine.predicted_reads import PredictedReads
from ska_sdp_config.engine.read_set import Reads
from ska_sdp_config.engine.snapshot import ReadCall, Snapshot
from ska_sdp_config.engine.write_set import Pending
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import (
    ConfigCollision,
    ConfigVanished,
    HasLeaseId,
    check_value,
    depth_of_path,
    lease_id_of,
)
from ska_sdp_config.store.interface import Conflict, Guard, Put, Query, Reply, Write
from ska_sdp_config.store.keys import (
    Span,
    depth_digits,
    key_of_path,
    path_of_key,
    readable_path_of,
    spans_below,
    spans_of_listing,
)

__all__ = ["Txn"]

MAX_DEPTH = 16
"""Depth, in slashes of the whole path, down to which a recursive delete reaches by default."""

CommitCall = Callable[[Sequence[Guard], Sequence[Write], Sequence[Query]], int | Conflict]
"""Commits; returns the revision, or the conflict."""


class Txn:
    """A transaction on paths and text values.

    Created by :mod:`~ska_sdp_config.engine.runner`, which commits it after the body has run. Its
    calls raise ValueError for an invalid path, RuntimeError after it has ended, and
    ConfigConnectionError if the database does not respond.

    Args:
        read: reads from the store, at a revision.
        deadline: time limit of the transaction.
        known: entries read earlier, at ``known.revision``: prefetched, or returned by the conflict
            that ended the previous attempt.
        queries: the queries of which ``known`` is the result.
        predicted: extends the first read, unless there are known entries.

    Attributes:
        deadline: time limit of the transaction.
        repeat_within: seconds after the commit within which the body runs again; None for never.
    """

    def __init__(
        self,
        read: ReadCall,
        deadline: Deadline,
        known: Reply | None = None,
        queries: Sequence[Query] = (),
        predicted: PredictedReads | None = None,
    ) -> None:
        self.deadline = deadline
        self.repeat_within: float | None = None
        self._snapshot = Snapshot(read, known, queries, predicted)
        self._pending = Pending()
        self._has_ended = False

    @property
    def reads(self) -> Reads:
        """The read set."""
        return self._snapshot.reads

    @property
    def must_retry(self) -> bool:
        """Whether it cannot commit, because a value that it read has changed."""
        return self._snapshot.must_retry

    @property
    def is_incomplete(self) -> bool:
        """Whether a call within the body failed, so that ``reads`` is incomplete."""
        return self._snapshot.is_incomplete

    @is_incomplete.setter
    def is_incomplete(self, value: bool) -> None:
        self._snapshot.is_incomplete = value

    @property
    def revision(self) -> int:
        """The revision of all reads of this transaction."""
        return self._snapshot.pin()

    def revision_or_rerun(self) -> int:
        """Return the revision of all reads; if it is lost later, the body runs again."""
        return self._snapshot.pin_or_rerun()

    def get(self, path: str) -> str | None:
        """Return the text at a path, or None if the path does not exist."""
        self._check_not_ended()
        return self._get(key_of_path(path))

    def get_many(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Return the texts at several paths, read in one round trip."""
        self._check_not_ended()
        keys = {path: key_of_path(path) for path in paths}
        wanted = list(keys.values())
        if self._pending:
            wanted = [key for key in wanted if not self._pending.decides(key)]
        self._snapshot.fetch_keys(wanted)
        return self._texts(keys)

    def peek_many(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Return texts as ``get_many`` does, without a conflict when one of them changes."""
        self._check_not_ended()
        keys = {path: key_of_path(path) for path in paths}
        found = self._snapshot.peek(
            [key for key in keys.values() if not self._pending.decides(key)]
        )
        return {
            path: found[key] if key in found else self._pending.text(key)
            for path, key in keys.items()
        }

    def list_keys(self, path: str, recurse: int | Iterable[int] = 0) -> list[str]:
        """List paths, sorted.

        Args:
            path: ``/pb/`` for the children of ``/pb``; ``/pb/pb-a`` for the paths of that level
                that begin with it.
            recurse: number of further levels, or the exact levels (0 is that of the path).
        """
        self._check_not_ended()
        return sorted(self._list(spans_of_listing(path, recurse), guarded=True))

    def list_many(self, paths: Iterable[str]) -> list[str]:
        """List the paths of several listings, sorted, in one round trip; see ``list_keys``."""
        self._check_not_ended()
        spans = [span for path in paths for span in spans_of_listing(path)]
        return sorted(self._list(spans, guarded=True))

    def peek_keys(self, path: str, recurse: int | Iterable[int] = 0) -> list[str]:
        """List paths as ``list_keys`` does, without a conflict when the listing changes."""
        self._check_not_ended()
        return sorted(self._list(spans_of_listing(path, recurse), guarded=False))

    def list_values(self, path: str, recurse: int | Iterable[int] = 0) -> list[tuple[str, str]]:
        """List paths with their values, sorted; each value counts as read."""
        self._check_not_ended()
        spans = spans_of_listing(path, recurse)
        self._snapshot.fetch_spans(spans)
        found = self._texts(self._list(spans, guarded=True))
        return sorted((path, value) for path, value in found.items() if value is not None)

    def peek_values(
        self, path: str, recurse: int | Iterable[int] = 0
    ) -> Iterator[tuple[str, str]]:
        """Iterate over paths with their values, read in pages; they do not count as read.

        For a listing that is too large to keep. Each level is sorted, except that what this
        transaction has written before comes last in it. Writes during the iteration are not in it.

        Args:
            path: start of the paths, as for ``list_keys``. Keys that no path has, which other
                programs may write, are left out here.
            recurse: number of further levels, or the exact levels.
        """
        self._check_not_ended()
        return self._peek_values(spans_of_listing(path, recurse), self._pending.copy())

    def _peek_values(self, spans: Sequence[Span], pending: Pending) -> Iterator[tuple[str, str]]:
        self._check_not_ended()
        for span in spans:
            for entry in self._snapshot.scan(span):
                self._check_not_ended()
                path = readable_path_of(entry.key)
                if path is not None and not pending.decides(entry.key):
                    yield path, entry.value
            for key in pending.members(span, []):
                yield path_of_key(key), pending.text(key) or ""

    def lease_of(self, path: str) -> int:
        """Return the ID of the lease of a path, 0 if it has none or does not exist."""
        self._check_not_ended()
        key = key_of_path(path)
        if self._get(key) is None:
            return 0
        lease = self._pending.lease(key)
        return self._snapshot.lease(key) if lease is None else lease

    def create(self, path: str, value: str, lease: HasLeaseId | int | None = None) -> None:
        """Create a path.

        Args:
            path: the path.
            value: its text.
            lease: the lease to attach, or its ID.

        Raises:
            ConfigCollision: the path exists; the transaction stays usable.
            TypeError: the value is not a ``str``.
        """
        self._check_not_ended()
        key = key_of_path(path)
        check_value(path, value)
        lease_id = lease_id_of(lease)
        if self._get(key) is not None:
            raise ConfigCollision(path, f"Cannot create {path}, as it already exists.")
        self._pending.put(Put(key, value, lease_id))

    def update(self, path: str, value: str) -> None:
        """Change the text at a path and keep its lease.

        Raises:
            ConfigVanished: the path does not exist; the transaction stays usable.
            TypeError: the value is not a ``str``.
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
            must_exist: whether to raise an error if the path does not exist.
            recursive: whether to delete all paths below it too, without reading them.
            max_depth: depth down to which a recursive delete reaches.

        Raises:
            ConfigVanished: the path must exist and does not; the transaction stays usable.
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
        """Delete all paths of one level that begin with a prefix, reading at most one of them.

        Args:
            path: the prefix, as for ``list_keys``.
            must_exist: whether to raise an error if there is no such path.
            recursive: whether to delete all deeper paths that begin with it too.
            max_depth: depth down to which a recursive delete reaches.

        Raises:
            ConfigVanished: one must exist and none does; the transaction stays usable.
        """
        self._check_not_ended()
        levels = range(1 + max(0, max_depth - depth_of_path(path))) if recursive else 0
        spans = spans_of_listing(path, levels)
        if must_exist:
            found = self.peek_keys(path)
            if not found:
                # The error depends on the listing, so it has to be in the read set.
                self.list_keys(path)
                raise ConfigVanished(path, f"Cannot delete {path}*, as there is none.")
            # One existing path is enough: a change of the others is no conflict.
            self._get(key_of_path(found[0]))
        self._pending.erase(spans)

    def loop(self, wait: bool = False, timeout: float | None = None) -> None:
        """Run the body again after the commit; see Transaction.loop."""
        self._check_not_ended()
        pause = 0.0
        if wait:
            pause = math.inf if timeout is None else timeout
        # Of several calls the shortest wait counts, so a call without waiting wins.
        self.repeat_within = (
            pause if self.repeat_within is None else min(self.repeat_within, pause)
        )

    def end(self) -> None:
        """Reject all further calls, whose writes would be lost silently, and record the reads."""
        self._has_ended = True
        self._snapshot.record_reads()

    def commit(self, commit: CommitCall) -> int | Conflict | None:
        """Commit the pending writes.

        Returns:
            The revision of the commit, the conflict, or None if there was nothing to write.
        """
        writes = list(self._pending.writes(self.reads.keys))
        if not writes:
            return None
        return commit(list(self.reads.guards()), writes, self.reads.queries())

    def _check_not_ended(self) -> None:
        if self._has_ended:
            raise RuntimeError(
                "This transaction has ended: make its calls within the body of its loop."
            )

    def _get(self, key: str) -> str | None:
        if self._pending.decides(key):
            return self._pending.text(key)
        entry = self._snapshot.entry(key)
        return entry.value if entry else None

    def _texts(self, keys: dict[str, str]) -> dict[str, str | None]:
        """Return the texts of keys by their paths."""
        if self._pending:
            return {path: self._get(key) for path, key in keys.items()}
        return self._snapshot.texts(keys)

    def _list(self, spans: Sequence[Span], *, guarded: bool) -> dict[str, str]:
        """Return the paths in some spans, unsorted, each with its key."""
        listed: dict[str, str] = {}
        for span, entries in self._snapshot.members(spans, guarded=guarded).items():
            keys = self._pending.members(span, [entry.key for entry in entries])
            begin = depth_digits(span)
            listed.update({key[begin:]: key for key in keys})
        return listed
