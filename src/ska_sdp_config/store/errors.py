"""Errors of all backends, and checks of arguments."""

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
    "QuotaExceeded",
    "TransactionTooLarge",
    "check_path",
    "check_value",
    "closed_error",
    "depth_of_path",
    "lease_id_of",
    "quoted",
]

_MAX_QUOTED = 40
"""Number of characters of a value that a message repeats."""


class HasLeaseId(Protocol):
    """Object with the ID of a lease."""

    @property
    def id(self) -> int:
        """The ID of the lease in the database."""


@dataclass(frozen=True, slots=True)
class DbRevision:
    """Revisions of a read.

    Attributes:
        revision: revision of the database at the read.
        mod_revision: revision of the last write of the value, None if it does not exist.
    """

    revision: int
    mod_revision: int | None = None


class _PathError(RuntimeError):
    """An error about one path."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message

    def __reduce__(self) -> tuple[type[_PathError], tuple[str, str]]:
        return type(self), (self.path, self.message)


class ConfigCollision(_PathError):
    """A path to be created exists already.

    Attributes:
        path: the path.
    """


class ConfigVanished(_PathError):
    """A path to be changed or deleted does not exist.

    Attributes:
        path: the path.
    """


class ConfigConnectionError(ConnectionError):
    """No response or no connection within the timeout.

    Attributes:
        retry_after: seconds to wait before a retry, so that a server that rejects requests is not
            overloaded; None if a retry is of no use.
    """

    retry_after: float | None = 0.0


def closed_error() -> ConfigConnectionError:
    """Return the error for a call on a closed Config."""
    return ConfigConnectionError("This Config is closed: make a new one.")


class ConfigRefused(ConfigConnectionError):
    """The database rejected the request, e.g. permission denied or quota exceeded.

    Nothing was written. A watcher raises it unless ``retry_after`` is set, as for an exceeded
    quota.
    """

    retry_after: float | None = None


class QuotaExceeded(ConfigRefused):
    """The database has reached its quota.

    A transaction that raises it has written nothing. A store may also raise it for a commit that
    was applied: etcd may apply a commit and still respond with this error.
    """


class FutureRevision(ConfigRefused):
    """The requested revision is in the future, as after a restore from an older copy."""


class LoginRejected(ConfigRefused):
    """The database rejected the login, or requires one.

    Watchers raise it if the database has not responded before, or if it denies permission to a
    client without a user. Otherwise they wait, as a password may be wrong while it is changed.
    """


class CommitUnknown(ConfigConnectionError):
    """The outcome of a commit that was sent is not known."""


class Compacted(RuntimeError):
    """The requested revision was compacted."""


class LeaseNotFound(RuntimeError):
    """A write names a lease that has expired or was revoked; nothing was written.

    Attributes:
        leases: IDs of the leases that the writes name, of which at least one has ended.
    """

    def __init__(self, *leases: int) -> None:
        # In hexadecimal, as in etcdctl and in the log.
        ids = " or ".join(f"{lease:x}" for lease in leases)
        which = f"The lease {ids}" if leases else "A lease"
        super().__init__(f"{which} has ended: nothing was written; get a new lease.")
        self.leases = leases

    def __reduce__(self) -> tuple[type[LeaseNotFound], tuple[int, ...]]:
        return type(self), self.leases


class TransactionTooLarge(ValueError):
    """A transaction exceeds a limit of the server; nothing was written."""


def depth_of_path(path: str) -> int:
    """Return the depth of a path: its number of slashes.

    Args:
        path: a path, such as ``/pb/pb-x``.

    Returns:
        The number of slashes, 2 for the example.
    """
    return path.count("/")


def quoted(text: str) -> str:
    """Return a text in quotation marks for a message, only the beginning of a long one.

    Use ``quoted_redacted`` for what a user has given, which may be a URL with a password.
    """
    return repr(text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…")


def check_path(path: str) -> None:
    """Check that a path names one key.

    Args:
        path: the path to check.

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
        path: the path of the value, for the error message.
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
