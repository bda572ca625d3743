"""Who owns an entity: a leased key below it (schema 3.2.2 of the seed)."""

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
    """Read a stored owner.

    Args:
        text: the stored text.
        path: where it is stored, for the error message.

    Raises:
        ValueError: the stored value is not an owner.
    """
    try:
        return Owner.model_validate(decode(text, path))
    except ValidationError as error:
        raise ValueError(f"The value of {path} is no Owner: {faults(error)}") from error


OwnershipT = TypeVar("OwnershipT", bound="OwnershipOperations")


class OwnershipOperations:
    """The ownership of one entity, or of a component's name.

    Args:
        context: the transaction, and this process.
        path: whole path of the owner key.
    """

    def __init__(self, context: Context, path: str) -> None:
        self._context = context
        self.path = path

    def __call__(self: OwnershipT) -> OwnershipT:
        """Get these operations: ``txn.flow(key).ownership`` and ``.ownership()`` are the same."""
        return self

    def get(self) -> Owner | None:
        """Get the owner, or None if there is none.

        Raises:
            ValueError: what is stored is no owner.
        """
        text = self._context.raw.get(self.path)
        return None if text is None else read_owner(text, self.path)

    def get_dict(self) -> dict[str, Any] | None:
        """Get the owner as it is stored, or None if there is none.

        Raises:
            ValueError: what is stored is no JSON.
        """
        text = self._context.raw.get(self.path)
        if text is None:
            return None
        found: dict[str, Any] = decode(text, self.path)
        return found

    def is_owned(self) -> bool:
        """Tell whether anybody owns it."""
        return self._context.raw.get(self.path) is not None

    def is_owner(self) -> bool:
        """Tell whether this process owns it.

        That is so from ``take`` until it is released or the lease is lost. A process that
        was started anew in the place of another, with the same name and number, is not the
        owner of what that other one took.
        """
        if self.get_dict() != self._context.owner:
            return False
        lease = self._lease_taken()
        return lease is None or lease.alive()

    def take(self, lease: LeaseLike | int | None = None) -> None:
        """Take ownership, until the lease ends.

        Args:
            lease: the lease to live by, or its ID; this process's own if none is given.

        Raises:
            ConfigCollision: it is owned already, by this process or another.
        """
        if isinstance(lease, int):
            lease = _LeaseById(lease)
        lease = lease or self._context.lease()
        taken = self._context.taken
        before = None if taken is None else taken.get(self.path)
        if before is not None and not before.alive() and self.get_dict() == self._context.owner:
            # What the lost lease has left behind, and the database is about to delete.
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
        """Give up the ownership, if this process has it; another's is left alone."""
        if self.is_owner():
            self._context.raw.delete(self.path)

    def _lease_taken(self) -> LeaseLike | None:
        taken = self._context.taken
        return None if taken is None else taken.get(self.path, _NEVER_TAKEN)


@dataclass(frozen=True, slots=True)
class _LeaseById:
    """A lease of which only the ID is known: its end shows only by the end of its keys."""

    id: int

    def alive(self) -> bool:
        return True


class _NeverTaken:
    """The lease of what this process never took."""

    id = 0

    def alive(self) -> bool:
        return False


_NEVER_TAKEN = _NeverTaken()
