"""Components of the SDP, alive while the leased key ``/component/<name>/owner`` exists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from ska_sdp_config.entity.codec import encode
from ska_sdp_config.entity.common.ids import check_path_part
from ska_sdp_config.entity.owner import Owner
from ska_sdp_config.operations.base import NamedCollection
from ska_sdp_config.operations.entry import EntryCollection, EntryOperations
from ska_sdp_config.operations.ownership import OwnershipOperations, read_owner

__all__ = ["ComponentOperations", "Components"]

_OWNER = "/owner"


class ComponentOperations(EntryOperations):
    """Operations on one component. Its value is its owner, a process."""

    @property
    def ownership(self) -> OwnershipOperations:
        """The operations on the ownership: the owner of the name is the component."""
        # After a lost lease the Config writes the key of its component again, without
        # recording it among the keys that transactions have taken.
        return OwnershipOperations(replace(self._context, taken=None), self.path + _OWNER)

    def get(self) -> Owner | None:
        """Return the process, or None if the component is not alive.

        Raises:
            ValueError: the stored value is not an owner.
        """
        return self.ownership.get()

    def exists(self) -> bool:
        """Return whether the component is alive."""
        return self.ownership.is_owned()

    def create(self, owner: Owner | dict[str, Any]) -> None:
        """Create the owner, under the lease of this process.

        Raises:
            ConfigCollision: the component is alive already.
        """
        lease = self._context.lease()
        self._context.raw.create(self.path + _OWNER, encode(owner), lease)

    def update(self, owner: Owner | dict[str, Any]) -> None:
        """Replace the owner, and keep its lease.

        Raises:
            ConfigVanished: the component is not alive.
        """
        self._context.raw.update(self.path + _OWNER, encode(owner))

    def create_or_update(self, owner: Owner | dict[str, Any]) -> None:
        """Create or replace the owner."""
        super().create_or_update(owner)

    def delete(self, recurse: bool = False) -> None:  # type: ignore[override]  # as entities
        """Delete the owner and the state.

        Args:
            recurse: whether to delete everything else below the path of the component.

        Raises:
            ConfigVanished: the component is not alive.
        """
        self._context.raw.delete(self.path + _OWNER)
        self.state.delete(must_exist=False)
        if recurse:
            self._context.raw.delete(self.path, must_exist=False, recursive=True)


class Components(NamedCollection[Owner], EntryCollection[Owner, Owner | dict[str, Any]]):
    """Components that are alive: names, and the processes that own them."""

    PREFIX = "/component"
    KEY_PARTS: ClassVar[dict[str, str]] = Owner.key_patterns()
    HAS_OWNER = True
    MODEL_CLASS = Owner
    suffix = _OWNER
    recurse = (1,)
    _read = staticmethod(read_owner)

    def __call__(self, *args: str, **parts: str) -> ComponentOperations:
        """Return the operations on one component; see EntryCollection."""
        key = check_path_part(self._key_of(args, parts))
        return ComponentOperations(self._context, self._root + key)

    # The base class names the argument "value"; callers may give it as "owner".

    def create(self, key: str, owner: Owner | dict[str, Any]) -> None:
        """Create the owner of a component, under the lease of this process.

        Raises:
            ConfigCollision: the component is alive already.
        """
        super().create(key, owner)

    def update(self, key: str, owner: Owner | dict[str, Any]) -> None:
        """Replace the owner of a component, and keep its lease.

        Raises:
            ConfigVanished: the component is not alive.
        """
        super().update(key, owner)

    def create_or_update(self, key: str, owner: Owner | dict[str, Any]) -> None:
        """Create or replace the owner of a component."""
        super().create_or_update(key, owner)
