"""What a database must do for transactions and watchers to work on it.

Transactions, watchers and leases are written once, above this interface; a backend is an
implementation of it. All reads and commits are linearisable. A revision numbers the states of
the whole store; it grows with every commit that writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ska_sdp_config.store.errors import Compacted, LeaseNotFound
from ska_sdp_config.store.keys import Span

__all__ = [
    "NEVER",
    "AnswerLost",
    "Change",
    "Commit",
    "Compacted",
    "Conflict",
    "Created",
    "Delete",
    "Entry",
    "Guard",
    "KeyAt",
    "LeaseNotFound",
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
"""A revision that no store comes to: a guard that names it never holds."""


class AnswerLost(Exception):
    """A commit was sent and its answer did not come: it may or may not take effect."""


class Entry(NamedTuple):
    """A key's value at some revision.

    Attributes:
        key: the key.
        value: the text, empty where only keys were asked for.
        created: the revision at which the key last came to be.
        modified: the revision at which the value was last written.
        lease: id of the lease that the key lives by, or 0.
    """

    key: str
    value: str
    created: int
    modified: int
    lease: int = 0


class Query(NamedTuple):
    """A span to read."""

    span: Span
    keys_only: bool = False


class Reply(NamedTuple):
    """What was read.

    Attributes:
        revision: the one revision at which everything was read.
        found: for each query its entries in the order of their keys. None means that the
            entries were too many to come with a conflict, and want reading.
    """

    revision: int
    found: list[list[Entry] | None]


class KeyAt(NamedTuple):
    """Holds while a key was last written at a revision; 0 means that the key is absent."""

    key: str
    modified: int


class Created(NamedTuple):
    """Holds while a key stays in being: it may be written, but not be deleted."""

    key: str
    created: int


class NoneCreatedSince(NamedTuple):
    """Holds while no key of a span has come to be after a revision."""

    span: Span
    revision: int


Guard = KeyAt | Created | NoneCreatedSince


class Put(NamedTuple):
    """Writes a value.

    Attributes:
        key: the key.
        value: the text.
        lease: id of a lease, 0 for none, or None to keep the lease that the key has.
    """

    key: str
    value: str
    lease: int | None = 0


class Delete(NamedTuple):
    """Deletes all keys of a span."""

    span: Span


Write = Put | Delete


def leases_of(writes: Sequence[Write]) -> list[int]:
    """Get the ids of the leases that writes name, each once, in order."""
    return sorted({write.lease for write in writes if isinstance(write, Put) and write.lease})


class Commit(NamedTuple):
    """All guards held, and all writes took effect, at this revision."""

    revision: int


class Conflict(NamedTuple):
    """A guard did not hold and nothing was written; here is what stands instead."""

    fresh: Reply


class Change(NamedTuple):
    """One key was written, or deleted (no entry), at a revision."""

    key: str
    revision: int
    entry: Entry | None


class Sink(Protocol):
    """Where a watch delivers. Both are called in order, by one thread, and must be quick."""

    def changed(self, changes: Sequence[Change]) -> None:
        """Take changes, whole revisions at a time, oldest first."""

    def gap(self, revision: int) -> None:
        """Take notice that changes up to a revision were lost: look at everything again."""


class Watch(Protocol):
    """A watch in progress."""

    def cancel(self) -> None:
        """End it; what is on its way may still be delivered."""


class Reader(Protocol):
    """What a transaction reads from.

    Attributes:
        address: where the database is, for messages.
        timeout: seconds that a call may take where nothing else is said.
    """

    address: str
    timeout: float

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        """Read spans, all at one revision, in one round trip unless they are large.

        Args:
            queries: what to read; nothing is read, but a revision is given, for none.
            revision: the revision to read at, or 0 for the newest.
            timeout: seconds that this may take.

        Raises:
            Compacted: the revision is no longer kept.
            ConfigConnectionError: no answer within the time-out.
        """


class Store(Reader, Protocol):
    """The interface. Every call ends within its time-out, given in seconds."""

    @property
    def closed(self) -> bool:
        """Whether it was closed."""

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query] = (),
        *,
        timeout: float,
    ) -> Commit | Conflict:
        """Apply the writes if all guards hold; else bring back the queries' entries.

        Raises:
            AnswerLost: it was sent, and no answer came within the time-out.
            LeaseNotFound: a write names a lease that has ended.
            TransactionTooLarge: over a bound of the server; nothing was written.
            ConfigConnectionError: it was certainly not applied, as nothing could be sent.
        """

    def check_access(
        self, reads: Sequence[Query], writes: Sequence[Put], *, timeout: float
    ) -> None:
        """Check that reads and writes would be accepted, in one call that writes nothing.

        Args:
            reads: what is to be read.
            writes: what is to be written, at most one for each key; not empty. Their keys are
                read too.
            timeout: seconds that this may take.

        Raises:
            ConfigRefused: the database rejects one of them, as it is full or by the user's rights.
            LoginRejected: it rejects the login, or requires one.
            TransactionTooLarge: they are over a bound of the server.
            ConfigConnectionError: no answer within the time-out.
        """

    def watch(self, span: Span, from_revision: int, sink: Sink) -> Watch:
        """Deliver all changes of a span from a revision on, through any loss of connection.

        The sink may be called before this returns, and with locks of the store held: do not call
        this with a lock that the sink takes.
        """

    def grant_lease(self, ttl: int, *, timeout: float) -> int:
        """Get the id of a new lease that ends ttl seconds after it was last kept alive."""

    def keep_lease(self, lease: int, *, timeout: float) -> bool:
        """Keep a lease alive; False says that it has ended."""

    def revoke_lease(self, lease: int, *, timeout: float) -> None:
        """End a lease and delete its keys; it is no error if it has ended."""

    def close(self) -> None:
        """Free all connections and threads; calls after it raise ConfigConnectionError."""
