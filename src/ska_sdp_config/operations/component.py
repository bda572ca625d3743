"""Components of the SDP, alive while their leased key ``/component/<name>/owner`` is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ska_sdp_config.entity.codec import encode
from ska_sdp_config.entity.common.ids import check_path_part
from ska_sdp_config.entity.owner import Owner
from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.ownership import OwnershipOperations, read_owner
from ska_sdp_config.operations.readable import readable
from ska_sdp_config.operations.values import StateOperations

__all__ = ["ComponentOperations", "Components"]

_OWNER = "/owner"


class ComponentOperations:
    """The operations on one component: its process, which is its owner.

    Args:
        context: the transaction.
        path: whole path of the component.
    """

    def __init__(self, context: Context, path: str) -> None:
        self._context = context
        self.path = path

    @property
    def ownership(self) -> OwnershipOperations:
        """The operations on its ownership: to take it is to be the component."""
        # The Config puts its own component's key again after a lost lease, and tells nobody.
        return OwnershipOperations(replace(self._context, taken=None), self.path + _OWNER)

    @property
    def state(self) -> StateOperations:
        """The operations on its state."""
        return StateOperations(self._context.raw, f"{self.path}/state")

    def get(self) -> Owner | None:
        """Get the process, or None if the component is not alive.

        Raises:
            ValueError: what is stored is no owner.
        """
        return self.ownership.get()

    def exists(self) -> bool:
        """Tell whether the component is alive."""
        return self.ownership.is_owned()

    def create(self, owner: Owner | dict[str, Any]) -> None:
        """Say that a process is the component, while this process's lease lasts.

        Raises:
            ConfigCollision: it is alive already.
        """
        lease = self._context.lease()
        self._context.raw.create(self.path + _OWNER, encode(owner), lease)

    def update(self, owner: Owner | dict[str, Any]) -> None:
        """Say that another process is the component, under the same lease.

        Raises:
            ConfigVanished: it is not alive.
        """
        self._context.raw.update(self.path + _OWNER, encode(owner))

    def create_or_update(self, owner: Owner | dict[str, Any]) -> None:
        """Say that a process is the component, whether or not another was."""
        (self.update if self.exists() else self.create)(owner)

    def delete(self, recurse: bool = False) -> None:
        """Delete the owner and the state.

        Args:
            recurse: whether everything else below the component's path goes too.

        Raises:
            ConfigVanished: it is not alive.
        """
        self._context.raw.delete(self.path + _OWNER)
        self.state.delete(must_exist=False)
        if recurse:
            self._context.raw.delete(self.path, must_exist=False, recursive=True)


class Components:
    """The components that are alive; a key is a component's name, a value its process.

    Args:
        context: the transaction.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._root = f"{context.prefix}/component/"

    def __call__(self, key: str) -> ComponentOperations:
        """Get the operations on one component.

        Raises:
            ValueError: not a name.
        """
        return ComponentOperations(self._context, self._root + check_path_part(key))

    def get(self, key: str) -> Owner | None:
        """Get the process of a component, or None if it is not alive.

        Raises:
            ValueError: not a name, or what is stored is no owner.
        """
        return self(key).get()

    def exists(self, key: str) -> bool:
        """Tell whether a component is alive.

        Raises:
            ValueError: not a name.
        """
        return self(key).exists()

    def create(self, key: str, owner: Owner | dict[str, Any]) -> None:
        """Say that a process is a component, while this process's lease lasts.

        Raises:
            ConfigCollision: it is alive already.
            ValueError: not a name.
        """
        self(key).create(owner)

    def update(self, key: str, owner: Owner | dict[str, Any]) -> None:
        """Say that another process is a component, under the same lease.

        Raises:
            ConfigVanished: it is not alive.
            ValueError: not a name.
        """
        self(key).update(owner)

    def create_or_update(self, key: str, owner: Owner | dict[str, Any]) -> None:
        """Say that a process is a component, whether or not another was.

        Raises:
            ValueError: not a name.
        """
        self(key).create_or_update(owner)

    def delete(self, key: str, recurse: bool = False) -> None:
        """Delete the owner and the state of a component.

        Args:
            key: its name.
            recurse: whether everything else below its path goes too.

        Raises:
            ConfigVanished: it is not alive.
            ValueError: not a name.
        """
        self(key).delete(recurse=recurse)

    def ownership(self, key: str) -> OwnershipOperations:
        """Get the operations on the ownership of a component.

        Raises:
            ValueError: not a name.
        """
        return self(key).ownership

    def state(self, key: str) -> StateOperations:
        """Get the operations on the state of a component.

        Raises:
            ValueError: not a name.
        """
        return self(key).state

    def list_keys(self, prefix: str = "") -> list[str]:
        """List the names of the components that are alive, sorted.

        Args:
            prefix: how they begin.

        Raises:
            ValueError: no name begins so.
        """
        # Owners are one level below the names, and names have no keys of their own.
        paths = self._context.raw.list_keys(self._listing(prefix), recurse=(1,))
        return [self._name(path) for path in paths if path.endswith(_OWNER)]

    def query_keys(self, prefix: str = "") -> Iterator[str]:
        """Get the names one by one; see list_keys. Nothing is read before the first."""
        self._listing(prefix)
        return self._query_keys(prefix)

    def list_values(self, prefix: str = "") -> list[tuple[str, Owner]]:
        """List the processes of the components with their names, sorted.

        What cannot be read is left out, with a warning in the log.

        Args:
            prefix: how the names begin.

        Raises:
            ValueError: no name begins so.
        """
        return list(self.query_values(prefix))

    def query_values(self, prefix: str = "") -> Iterator[tuple[str, Owner]]:
        """Get the processes one by one; see list_values. Nothing is read before the first."""
        return self._query_values(self._listing(prefix))

    def _query_keys(self, prefix: str) -> Iterator[str]:
        yield from self.list_keys(prefix)

    def _query_values(self, listing: str) -> Iterator[tuple[str, Owner]]:
        for path, text in self._context.raw.list_values(listing, recurse=(1,)):
            if path.endswith(_OWNER):
                yield from readable(path, self._name(path), read_owner, text)

    def _listing(self, prefix: str) -> str:
        return self._root + (check_path_part(prefix) if prefix else "")

    def _name(self, path: str) -> str:
        return path[len(self._root) : -len(_OWNER)]
