"""Operations on JSON that has a state and an owner, but no model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.ownership import OwnershipOperations
from ska_sdp_config.operations.values import StateOperations, ValueOperations

__all__ = ["EntryCollection", "EntryOperations"]


class EntryOperations(ValueOperations):
    """The JSON value at one path, with what belongs to it just below.

    Args:
        context: the transaction.
        path: the whole path.
    """

    def __init__(self, context: Context, path: str) -> None:
        super().__init__(context.raw, path)
        self._context = context

    @property
    def state(self) -> StateOperations:
        """The operations on its state."""
        return StateOperations(self._raw, f"{self.path}/state")

    @property
    def ownership(self) -> OwnershipOperations:
        """The operations on its ownership."""
        return OwnershipOperations(self._context, f"{self.path}/owner")


class EntryCollection(ABC):
    """Values that have no model, each under a key, each with a state and an owner."""

    @abstractmethod
    def __call__(self, key: str) -> EntryOperations:
        """Get the operations on one value.

        Raises:
            ValueError: not a key.
        """

    def get(self, key: str) -> Any:
        """Get a value, or None if there is none.

        Raises:
            ValueError: not a key, or what is stored is no JSON.
        """
        return self(key).get()

    def exists(self, key: str) -> bool:
        """Tell whether there is a value.

        Raises:
            ValueError: not a key.
        """
        return self(key).exists()

    def create(self, key: str, value: Any) -> None:
        """Create a value.

        Raises:
            ConfigCollision: there is one already.
            ValueError: not a key.
            TypeError: JSON has no word for the value.
        """
        self(key).create(value)

    def update(self, key: str, value: Any) -> None:
        """Replace a value.

        Raises:
            ConfigVanished: there is none.
            ValueError: not a key.
            TypeError: JSON has no word for the value.
        """
        self(key).update(value)

    def create_or_update(self, key: str, value: Any) -> None:
        """Create a value, or replace the one that is there.

        Raises:
            ValueError: not a key.
            TypeError: JSON has no word for the value.
        """
        self(key).create_or_update(value)

    def delete(self, key: str, recurse: bool = False) -> None:
        """Delete a value.

        Args:
            key: which one.
            recurse: whether everything below its path goes too.

        Raises:
            ConfigVanished: there is none.
            ValueError: not a key.
        """
        self(key).delete(recurse=recurse)

    def state(self, key: str) -> StateOperations:
        """Get the operations on the state of a value.

        Raises:
            ValueError: not a key.
        """
        return self(key).state

    def ownership(self, key: str) -> OwnershipOperations:
        """Get the operations on the ownership of a value.

        Raises:
            ValueError: not a key.
        """
        return self(key).ownership
