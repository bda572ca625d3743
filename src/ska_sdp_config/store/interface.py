"""Interface of a store, which transactions, watchers and leases are built on.

A driver implements it. All reads and commits are linearizable. A revision identifies a state of
the whole store; every commit that writes increases it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from ska_sdp_config.store.keys import Span

__all__ = [
    "NEVER",
    "AnswerLost",
    "Change",
    "Commit",
    "Conflict",
    "Created",
    "Delete",
    "Entry",
    "GapCause",
    "Guard",
    "KeyAt",
    "NoneCreatedSince",
    "Put",
    "Query",
    "Reader",
    "Reply",
    "Sink",
    "Store",
    "Watch",
    "Write",
    "leases_of",
]


NEVER = 2**63 - 1
"""A revision that no store reaches: a guard with it never holds."""


class AnswerLost(Exception):
    """A commit was sent and its response was lost: it may or may not take effect."""


class Entry(NamedTuple):
    """Value of a key at a revision.

    Attributes:
        key: the key.
        value: the text, empty if only keys were read.
        created: revision of the creation of the key.
        modified: revision of the last write.
        lease: ID of the attached lease, or 0.
    """

    key: str
    value: str
    created: int
    modified: int
    lease: int = 0


class Query(NamedTuple):
    """A span to read.

    Attributes:
        span: the span.
        keys_only: whether to read no values.
        limit: number of entries to read at most, the first by key; 0 for all.
    """

    span: Span
    keys_only: bool = False
    limit: int = 0


class Reply(NamedTuple):
    """Result of a read.

    Attributes:
        revision: the revision of all entries.
        found: for each query its entries, sorted by key. None in a conflict means that there were
            too many to return: they have to be read.
    """

    revision: int
    found: list[list[Entry] | None]


class KeyAt(NamedTuple):
    """Holds if the last write of a key was at a revision; 0 for an absent key."""

    key: str
    modified: int


class Created(NamedTuple):
    """Holds while a key, created at a revision, is not deleted; it may be written."""

    key: str
    created: int


class NoneCreatedSince(NamedTuple):
    """Holds while no key of a span was created after a revision."""

    span: Span
    revision: int


Guard = KeyAt | Created | NoneCreatedSince


class Put(NamedTuple):
    """Write of a value.

    Attributes:
        key: the key.
        value: the text.
        lease: ID of a lease, 0 for none, or None to keep the lease of the key.
    """

    key: str
    value: str
    lease: int | None = 0


class Delete(NamedTuple):
    """Deletion of all keys of a span."""

    span: Span


Write = Put | Delete


def leases_of(writes: Sequence[Write]) -> list[int]:
    """Return the IDs of the leases that writes name, sorted and without duplicates."""
    return sorted({write.lease for write in writes if isinstance(write, Put) and write.lease})


class Commit(NamedTuple):
    """Success of a commit: all guards held, and all writes took effect at this revision."""

    revision: int


class Conflict(NamedTuple):
    """A guard did not hold and nothing was written; ``fresh`` has the current entries."""

    fresh: Reply


class Change(NamedTuple):
    """Write of a key at a revision, or its deletion if there is no entry."""

    key: str
    revision: int
    entry: Entry | None


class GapCause(Enum):
    """Cause of a gap in what a watch delivers; the value is a clause about the lost changes."""

    COMPACTED = "they were compacted before they were received, or the database was restored"
    RESTORED = "the database was restored from an older copy, or is another one"
    STALLED = "the database did not deliver them in time"


class Sink(Protocol):
    """Receiver of a watch. Both methods are called in order, by one thread, and must not block."""

    def changed(self, changes: Sequence[Change]) -> None:
        """Receive the changes of whole revisions, oldest first."""

    def gap(self, revision: int, cause: GapCause) -> None:
        """Handle the loss of changes up to a revision: everything has to be read again."""


class Watch(Protocol):
    """A watch in progress."""

    def cancel(self) -> None:
        """End the watch; changes in transit may still be delivered."""


class Reader(Protocol):
    """Source of the reads of a transaction.

    Attributes:
        address: address of the database, for messages.
        timeout: default timeout of a call, in seconds.
    """

    address: str
    timeout: float

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        """Read spans at one revision, in one round trip unless they are large.

        Args:
            queries: the spans; if empty, only the revision is read.
            revision: the revision to read at, or 0 for the newest.
            timeout: timeout in seconds.

        Raises:
            Compacted: the revision was compacted.
            ConfigConnectionError: no response within the timeout.
        """


class Store(Reader, Protocol):
    """Store of a database. Every call ends within its timeout, given in seconds."""

    @property
    def closed(self) -> bool:
        """Whether the store was closed."""

    def cluster_id(self, *, timeout: float) -> str:
        """Return the ID of the cluster in hexadecimal digits, empty if it has none.

        Raises:
            ConfigConnectionError: no response within the timeout.
        """

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query] = (),
        *,
        timeout: float,
    ) -> Commit | Conflict:
        """Apply the writes if all guards hold; otherwise return the entries of the queries.

        Raises:
            AnswerLost: the commit was sent, and no response arrived within the timeout.
            LeaseNotFound: a write names a lease that has expired or was revoked.
            TransactionTooLarge: the commit exceeds a limit of the server; nothing was written.
            QuotaExceeded: the database is full; the commit has ended, and may have been applied.
            ConfigConnectionError: the commit was not sent; nothing was written.
        """

    def check_access(
        self, reads: Sequence[Query], writes: Sequence[Put], *, timeout: float
    ) -> None:
        """Check that reads and writes would be accepted, in one call that writes nothing.

        Args:
            reads: the queries to check.
            writes: the writes to check, at most one for each key; not empty. Their keys are read
                too.
            timeout: timeout in seconds.

        Raises:
            ConfigRefused: the database rejects one of them: permission denied or quota exceeded.
            LoginRejected: the database rejects the login, or requires one.
            TransactionTooLarge: the request exceeds a limit of the server.
            ConfigConnectionError: no response within the timeout.
        """

    def watch(
        self, span: Span, from_revision: int, sink: Sink, *, is_lossless: bool = False
    ) -> Watch:
        """Deliver all changes of a span from a revision on, and resume after a loss of connection.

        If the server stops to deliver existing changes, a gap is reported, after which the sink
        can continue with the present. A lossless watch waits for these changes instead: it has
        gaps only after a compaction or a restore.

        The sink may be called before this returns, with locks of the store held. Do not call this
        while holding a lock that the sink acquires.
        """

    def grant_lease(self, ttl: int, *, timeout: float) -> int:
        """Grant a lease that expires ttl seconds after its last refresh, and return its ID."""

    def keep_lease(self, lease: int, *, timeout: float) -> bool:
        """Refresh a lease; return False if it has expired or was revoked."""

    def revoke_lease(self, lease: int, *, timeout: float) -> None:
        """Revoke a lease, which deletes its keys; no error if it has ended."""

    def close(self) -> None:
        """Release connections and threads; later calls raise ConfigConnectionError."""
