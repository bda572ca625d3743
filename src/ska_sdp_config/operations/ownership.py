"""Ownership of an entity: a leased key ``owner`` below its path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from ska_sdp_config.entity.base import faults
from ska_sdp_config.entity.codec import decode, encode
from ska_sdp_config.entity.owner import Owner
from ska_sdp_config.operations.context import Context, LeaseLike
from ska_sdp_config.store.errors import ConfigCollision

__all__ = ["OwnershipOperations", "read_owner"]


def read_owner(text: str, path: str) -> Owner:
    """Convert a stored text to an owner; the error names the path.

    Raises:
        ValueError: the stored value is not an owner.
    """
    try:
        return Owner.model_validate(decode(text, path))
    except ValidationError as error:
        raise ValueError(f"The value of {path} is no Owner: {faults(error)}") from error


OwnershipT = TypeVar("OwnershipT", bound="OwnershipOperations")


class OwnershipOperations:
    """Operations on the ownership of one entity or component."""

    def __init__(self, context: Context, path: str) -> None:
        self._context = context
        self.path = path

    def __call__(self: OwnershipT) -> OwnershipT:
        """Return these operations: ``.ownership`` and ``.ownership()`` are the same."""
        return self

    def get(self) -> Owner | None:
        """Return the owner, or None if there is none.

        Raises:
            ValueError: the stored value is not an owner.
        """
        text = self._context.raw.get(self.path)
        return None if text is None else read_owner(text, self.path)

    def get_dict(self) -> dict[str, Any] | None:
        """Return the owner in its stored form, or None if there is none.

        Raises:
            ValueError: the stored value is not JSON.
        """
        text = self._context.raw.get(self.path)
        if text is None:
            return None
        found: dict[str, Any] = decode(text, self.path)
        return found

    def is_owned(self) -> bool:
        """Return whether there is an owner."""
        return self._context.raw.get(self.path) is not None

    def is_owner(self) -> bool:
        """Return whether this process is the owner.

        It is from ``take`` until ``release`` or the loss of the lease. A restarted process with
        the same host name and process ID does not own what its predecessor took.
        """
        if self.get_dict() != self._context.owner:
            return False
        lease = self._recorded_lease()
        return lease is None or lease.alive()

    def take(self, lease: LeaseLike | int | None = None) -> None:
        """Take the ownership until the lease ends.

        Args:
            lease: the lease of the owner key, or its ID; by default the lease of this process.

        Raises:
            ConfigCollision: there is an owner already, this process or another.
        """
        if isinstance(lease, int):
            lease = _LeaseById(lease)
        lease = lease or self._context.lease()
        taken = self._context.taken
        before = None if taken is None else taken.get(self.path)
        if before is not None and not before.alive() and self.get_dict() == self._context.owner:
            # The key belongs to the lost lease; the database has not yet deleted it.
            self._context.raw.delete(self.path)
        try:
            self._context.raw.create(self.path, encode(self._context.owner), lease.id)
        except ConfigCollision as error:
            owner = self.get_dict() or {}
            raise ConfigCollision(
                self.path,
                f"Cannot take {self.path}: process {owner.get('pid')} on "
                f"{owner.get('hostname')} owns it, until it releases it or its lease ends.",
            ) from error
        if taken is not None:
            taken[self.path] = lease

    def release(self) -> None:
        """Delete the owner key if this process is the owner; otherwise do nothing."""
        if self.is_owner():
            self._context.raw.delete(self.path)

    def _recorded_lease(self) -> LeaseLike | None:
        taken = self._context.taken
        return None if taken is None else taken.get(self.path, _NOT_TAKEN)


@dataclass(frozen=True, slots=True)
class _LeaseById:
    """Lease with a known ID only. It counts as alive, as its expiry cannot be observed."""

    id: int

    def alive(self) -> bool:
        return True


class _NotTaken:
    """Lease of keys that this process has not taken."""

    id = 0

    def alive(self) -> bool:
        return False


_NOT_TAKEN = _NotTaken()
