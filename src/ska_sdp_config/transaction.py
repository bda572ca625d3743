"""Transaction of the public API."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator

from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.operations.flat import FlatMethods
from ska_sdp_config.store.errors import HasLeaseId

__all__ = ["Transaction"]


class Transaction(FlatMethods):
    """Transaction with text at full paths, collections of entities, and flat methods.

    It is created by ``Config.txn`` and ``Watcher.txn``; docs/explanation/transactions.md describes
    its guarantees. All calls raise ValueError for an invalid path, and ConfigConnectionError if
    the database does not respond.
    """

    @property
    def raw(self) -> Txn:
        """The backend's transaction."""
        return self._context.raw

    @property
    def revision(self) -> int:
        """The database revision of all reads of this transaction."""
        return self.raw.revision

    @property
    def commit_revision(self) -> int:
        """The revision of the commit; before it, and without writes, that of the reads."""
        return self.raw.reads.revision

    def get(self, path: str) -> str | None:
        """Return the text at a path, or None if it does not exist. The absence counts as read."""
        return self.raw.get(path)

    def get_many(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Return the texts at several paths, in one round trip."""
        return self.raw.get_many(paths)

    def create(self, path: str, value: str, lease: HasLeaseId | int | None = None) -> None:
        """Create a path.

        Args:
            path: the path.
            value: its text.
            lease: the lease of the key, or its ID.

        Raises:
            ConfigCollision: the path exists already; the transaction stays usable.
            TypeError: the value is not a ``str``.
        """
        self.raw.create(path, value, lease)

    def update(self, path: str, value: str) -> None:
        """Replace the text at a path, and keep its lease.

        Raises:
            ConfigVanished: the path does not exist; the transaction stays usable.
            TypeError: the value is not a ``str``.
        """
        self.raw.update(path, value)

    def delete(self, path: str, must_exist: bool = True, recursive: bool = False) -> None:
        """Delete a path.

        Args:
            path: the path.
            must_exist: whether a missing path is an error.
            recursive: whether to delete everything below it.

        Raises:
            ConfigVanished: the path does not exist; the transaction stays usable.
        """
        self.raw.delete(path, must_exist=must_exist, recursive=recursive)

    def peek_values(
        self, path: str, recurse: int | Iterable[int] = 0
    ) -> Iterator[tuple[str, str]]:
        """Iterate over paths and texts, read in pages; they do not count as read.

        Args:
            path: start of the paths, as for ``list_keys``.
            recurse: number of further levels, or the exact levels.
        """
        return self.raw.peek_values(path, recurse)

    def list_keys(self, path: str, recurse: int | Iterable[int] = 0) -> list[str]:
        """Return paths, sorted.

        Args:
            path: ``/pb/`` for the children of ``/pb``; ``/pb/pb-a`` for the paths of that level
                that start with it.
            recurse: number of further levels, or the exact levels.
        """
        return self.raw.list_keys(path, recurse)

    def loop(self, wait: bool = False, timeout: float | None = None) -> None:
        """Run the body again, even after the commit. Deprecated: use ``Config.watcher``.

        Of several calls the shortest wait counts, so one without waiting wins. A call counts for
        one commit: the next run of the body calls it again, or is the last one.

        The wait watches all keys, so it needs the right to read them all. Changes of what the
        ``peek_`` methods have returned, and of the prefixes that a watcher follows, do not end it.

        Args:
            wait: whether to wait first, until something that the transaction has read changes. It
                waits without limit if nothing was read.
            timeout: maximum seconds to wait, None for no limit.
        """
        warnings.warn(
            "Transaction.loop is deprecated: use Config.watcher, or a loop around Config.txn.",
            DeprecationWarning,
            stacklevel=2,
        )
        self.raw.loop(wait, timeout)
