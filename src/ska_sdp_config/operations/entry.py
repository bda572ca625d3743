"""Operations on JSON values that have a state and an owner, but no model."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from ska_sdp_config.operations.base import Collection, HasStateAndOwner
from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.values import ValueOperations

__all__ = ["EntryCollection", "EntryOperations"]


class EntryOperations(HasStateAndOwner, ValueOperations):
    """Operations on the JSON value at one path, its state and its owner.

    Args:
        context: the transaction.
        path: the full path.
    """

    def __init__(self, context: Context, path: str) -> None:
        super().__init__(context.raw, path)
        self._context = context


class EntryCollection(Collection[str, Any]):
    """JSON values without a model."""

    @abstractmethod
    def __call__(self, key: str) -> EntryOperations:
        """Return the operations on one value.

        Raises:
            ValueError: the key is invalid.
        """

    def create(self, key: str, value: Any) -> None:
        """Create a value.

        Raises:
            ConfigCollision: the value exists already.
            ValueError: the key is invalid.
            TypeError: the value cannot be converted to JSON.
        """
        self(key).create(value)

    def update(self, key: str, value: Any) -> None:
        """Replace a value.

        Raises:
            ConfigVanished: the value does not exist.
            ValueError: the key is invalid.
            TypeError: the value cannot be converted to JSON.
        """
        self(key).update(value)

    def create_or_update(self, key: str, value: Any) -> None:
        """Create or replace a value.

        Raises:
            ValueError: the key is invalid.
            TypeError: the value cannot be converted to JSON.
        """
        self(key).create_or_update(value)
