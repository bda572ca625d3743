"""Paths, their physical keys, and the errors that every backend raises alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = [
    "CommitUnknown",
    "Compacted",
    "ConfigCollision",
    "ConfigConnectionError",
    "ConfigRefused",
    "ConfigVanished",
    "DbRevision",
    "FutureRevision",
    "HasLeaseId",
    "LeaseNotFound",
    "LoginRejected",
    "TransactionTooLarge",
    "check_path",
    "check_value",
    "closed_error",
    "depth_of_path",
    "lease_id_of",
]


class HasLeaseId(Protocol):
    """A lease, as far as writes use it."""

    @property
    def id(self) -> int:
        """The ID of the lease in the database."""


@dataclass(frozen=True, slots=True)
class DbRevision:
    """When something was read.

    Attributes:
        revision: revision of the database at the time.
        mod_revision: revision at which the value was last written, None if it is not there.
    """

    revision: int
    mod_revision: int | None = None


class ConfigCollision(RuntimeError):
    """A key that was to be created exists already.

    Attributes:
        path: the path of the key.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message

    def __reduce__(self) -> tuple[type[ConfigCollision], tuple[str, str]]:
        return type(self), (self.path, self.message)


class ConfigVanished(RuntimeError):
    """A key that was to be changed or deleted is not there.

    Attributes:
        path: the path of the key.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message

    def __reduce__(self) -> tuple[type[ConfigVanished], tuple[str, str]]:
        return type(self), (self.path, self.message)


class ConfigConnectionError(ConnectionError):
    """The database did not answer, or refused the connection, within the time-out.

    Attributes:
        retry_after: seconds to wait before another try, so that a server that rejects requests is
            not loaded with them; None if another try is of no use.
    """

    retry_after: float | None = 0.0


def closed_error(*, is_parents: bool = False) -> ConfigConnectionError:
    """Get what to raise where a Config is closed, or that of the process that forked this one."""
    if is_parents:
        return ConfigConnectionError(
            "This Config was used before its process was forked, and is the parent's: make a new "
            "one in the child."
        )
    return ConfigConnectionError("This Config is closed: make a new one.")


class ConfigRefused(ConfigConnectionError):
    """The database rejected the request, e.g. permission denied or quota exceeded.

    Nothing was written. A watcher raises it, unless ``retry_after`` is set, as for a database that
    is full.
    """

    retry_after: float | None = None


class FutureRevision(ConfigRefused):
    """The database has not come to the revision asked for: it was restored from an older copy."""


class LoginRejected(ConfigRefused):
    """The database rejected the login, or requires one.

    Watchers raise it if the database has not answered before, or if it denies permission to a
    client without a user. Otherwise they wait, as a password may be wrong while it is changed.
    """


class CommitUnknown(ConfigConnectionError):
    """A commit was sent, and no server could say whether it took effect (spec 2.2)."""


class Compacted(RuntimeError):
    """The revision asked for is no longer kept, as the database forgets old ones in time."""


class LeaseNotFound(RuntimeError):
    """A write names a lease that has ended; nothing was written.

    Attributes:
        leases: ids of the leases that the writes name, of which at least one has ended.
    """

    def __init__(self, *leases: int) -> None:
        # In hexadecimal, as etcd's own tools and the log have it.
        ids = " or ".join(f"{lease:x}" for lease in leases)
        which = f"The lease {ids}" if leases else "A lease"
        super().__init__(f"{which} has ended: nothing was written; get a new lease.")
        self.leases = leases

    def __reduce__(self) -> tuple[type[LeaseNotFound], tuple[int, ...]]:
        return type(self), self.leases


class TransactionTooLarge(ValueError):
    """A transaction is over one of the server's bounds; nothing was written."""


def depth_of_path(path: str) -> int:
    """Get the depth of a path: the number of slashes in it.

    Args:
        path: a path, such as ``/pb/pb-x``.

    Returns:
        The number of slashes, 2 for the example.
    """
    return path.count("/")


def check_path(path: str) -> None:
    """Check that a path names one key.

    Args:
        path: the path to check (spec 2.1).

    Raises:
        ValueError: the path does not begin with a slash, or ends with one.
    """
    if not path.startswith("/"):
        raise ValueError(f"Path {path!r} does not begin with '/': write '/{path}'.")
    if path.endswith("/"):
        raise ValueError(f"Path {path!r} ends with '/': leave it out to name a key.")


def check_value(path: str, value: object) -> None:
    """Check that a value is text.

    Args:
        path: where the value is to be written, for the error message.
        value: the value.

    Raises:
        TypeError: the value is not a ``str``.
    """
    if not isinstance(value, str):
        raise TypeError(
            f"Invalid value for {path}: expected a str, not {type(value).__name__}; "
            "convert it, e.g. with json.dumps."
        )


def lease_id_of(lease: HasLeaseId | int | None) -> int:
    """Return the ID of a lease that is given as an object or as its ID; 0 for none.

    Raises:
        TypeError: the argument is neither.
    """
    found = lease if isinstance(lease, int) else 0 if lease is None else getattr(lease, "id", None)
    if not isinstance(found, int):
        raise TypeError(f"Invalid lease {lease!r}: expected a lease object or its ID.")
    return found
