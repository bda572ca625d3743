"""Operations on values that have a state and an owner, and are written with their key."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, TypeVar

from ska_sdp_config.operations.base import Collection, Operations
from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.values import ValueOperations

__all__ = ["EntryCollection", "EntryOperations"]

ValueT = TypeVar("ValueT")
WrittenT = TypeVar("WrittenT")


class EntryOperations(ValueOperations, Operations[Any]):
    """Operations on the JSON value at one path, its state and its owner."""

    def __init__(self, context: Context, path: str) -> None:
        super().__init__(context.raw, path)
        self._context = context


class EntryCollection(Collection[str, ValueT], Generic[ValueT, WrittenT]):
    """Values that are written with their key."""

    @abstractmethod
    def __call__(self, *args: str, **parts: str) -> EntryOperations:
        """Return the operations on one value.

        Args:
            *args: its key.
            **parts: its key under the name of its one part, or as ``key``.

        Raises:
            TypeError: not one key is given, or the name is unknown.
            ValueError: the key is invalid.
        """

    def index_by_key_parts(self, *args: str, **parts: str) -> EntryOperations:
        """Return the operations on one value; a call of the collection does the same."""
        return self(*args, **parts)

    def _key_of(self, args: tuple[str, ...], parts: dict[str, str]) -> str:
        """Return the key that a call is given."""
        names = [*self.KEY_PARTS, "key"]
        keys = (*args, *parts.values())
        if len(keys) != 1 or not parts.keys() <= {*names}:
            raise TypeError(f"Give one key, by position or as {' or '.join(names)}.")
        return keys[0]

    def create(self, key: str, value: WrittenT) -> None:
        """Create a value.

        Raises:
            ConfigCollision: the value exists already.
            TypeError: the value cannot be converted to JSON.
        """
        self(key).create(value)

    def update(self, key: str, value: WrittenT) -> None:
        """Replace a value.

        Raises:
            ConfigVanished: the value does not exist.
            TypeError: the value cannot be converted to JSON.
        """
        self(key).update(value)

    def create_or_update(self, key: str, value: WrittenT) -> None:
        """Create or replace a value.

        Raises:
            TypeError: the value cannot be converted to JSON.
        """
        self(key).create_or_update(value)
