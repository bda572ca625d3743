"""Operations on the JSON value of one path, e.g. a state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.entity.codec import decode, encode

if TYPE_CHECKING:
    from ska_sdp_config.entity.base import StoredModel

__all__ = ["Fields", "StateOperations", "ValueOperations"]

Fields: TypeAlias = "dict[str, Any] | StoredModel"
"""JSON object: a dict, or a model in its stored form."""

StateT = TypeVar("StateT", bound="StateOperations")


class ValueOperations:
    """Operations on the JSON value at one full path."""

    def __init__(self, raw: Txn, path: str) -> None:
        self._raw = raw
        self.path = path

    def get(self) -> Any:
        """Return the value, or None if it does not exist; ``{}`` is a value.

        Raises:
            ValueError: the stored value is not JSON.
        """
        text = self._raw.get(self.path)
        return None if text is None else decode(text, self.path)

    def exists(self) -> bool:
        """Return whether the value exists."""
        return self._raw.get(self.path) is not None

    def create(self, value: Any) -> None:
        """Create the value.

        Raises:
            ConfigCollision: the value exists already.
            TypeError: the value cannot be converted to JSON.
        """
        self._raw.create(self.path, encode(value))

    def update(self, value: Any) -> None:
        """Replace the value.

        Raises:
            ConfigVanished: the value does not exist.
            TypeError: the value cannot be converted to JSON.
        """
        self._raw.update(self.path, encode(value))

    def create_or_update(self, value: Any) -> None:
        """Create or replace the value.

        Raises:
            TypeError: the value cannot be converted to JSON.
        """
        (self.update if self.exists() else self.create)(value)

    def delete(self, must_exist: bool = True, recurse: bool = False) -> None:
        """Delete the value.

        Args:
            must_exist: whether a missing value is an error.
            recurse: whether to delete everything below the path.

        Raises:
            ConfigVanished: ``must_exist`` is set and the value does not exist.
        """
        self._raw.delete(self.path, must_exist=must_exist, recursive=recurse)


class StateOperations(ValueOperations):
    """Operations on the state of one entity, a dict that is not validated."""

    def __call__(self: StateT) -> StateT:
        """Return these operations: ``txn.flow(key).state`` and ``.state()`` are the same."""
        return self
