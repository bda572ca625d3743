"""The transaction that users of the library see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.operations.context import Context, LeaseLike
from ska_sdp_config.operations.flat_deployment import DeploymentMethods
from ska_sdp_config.operations.flat_device import DeviceMethods
from ska_sdp_config.operations.flat_execution_block import ExecutionBlockMethods
from ska_sdp_config.operations.flat_processing_block import ProcessingBlockMethods
from ska_sdp_config.operations.flat_script import ScriptMethods
from ska_sdp_config.store.errors import HasLeaseId

__all__ = ["Transaction"]


class Transaction(
    ProcessingBlockMethods,
    ExecutionBlockMethods,
    DeploymentMethods,
    ScriptMethods,
    DeviceMethods,
):
    """A transaction: text at whole paths, collections of entities, and the seed's methods.

    ``Config.txn`` and ``Watcher.txn`` make it; see spec 2.2 for what it guarantees.

    Args:
        raw: the backend's transaction.
        owner: this process, as it is stored where it owns something.
        prefix: what stands before the paths of entities, but not before whole paths.
        lease: gives the lease by which this process owns what it takes.
        taken: kept from transaction to transaction: the paths of owner keys that were taken,
            each with its lease.
    """

    def __init__(
        self,
        raw: Txn,
        owner: dict[str, Any],
        prefix: str,
        lease: Callable[[], LeaseLike],
        taken: MutableMapping[str, LeaseLike] | None = None,
    ) -> None:
        super().__init__(Context(raw, prefix, owner, lease, taken))

    @property
    def raw(self) -> Txn:
        """The backend's transaction."""
        return self._context.raw

    @property
    def revision(self) -> int:
        """The revision of the database that every read of this transaction is of."""
        return self.raw.revision

    def get(self, path: str) -> str | None:
        """Get the text at a path, or None if nothing is there: that absence counts as read.

        Raises:
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        return self.raw.get(path)

    def get_many(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Get the texts at several paths, in one round trip.

        Raises:
            ValueError: one of them is not a path.
            ConfigConnectionError: the database does not answer.
        """
        return self.raw.get_many(paths)

    def create(self, path: str, value: str, lease: HasLeaseId | int | None = None) -> None:
        """Create a path.

        Args:
            path: the path.
            value: its text, any.
            lease: the lease by which it shall live, or its ID.

        Raises:
            ConfigCollision: it exists already; the transaction stays usable.
            TypeError: the value is not a ``str``.
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        self.raw.create(path, value, lease)

    def update(self, path: str, value: str) -> None:
        """Change the text at a path, which keeps its lease.

        Raises:
            ConfigVanished: it is not there; the transaction stays usable.
            TypeError: the value is not a ``str``.
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        self.raw.update(path, value)

    def delete(self, path: str, must_exist: bool = True, recursive: bool = False) -> None:
        """Delete a path.

        Args:
            path: the path.
            must_exist: whether its absence is an error.
            recursive: whether everything below it goes too.

        Raises:
            ConfigVanished: it is not there; the transaction stays usable.
            ValueError: not a path.
            ConfigConnectionError: the database does not answer.
        """
        self.raw.delete(path, must_exist=must_exist, recursive=recursive)

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
        return self.raw.list_keys(path, recurse)
