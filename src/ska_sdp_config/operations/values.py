"""Operations on one path that holds JSON: states, and whatever else has no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.entity.codec import decode, encode

if TYPE_CHECKING:
    from ska_sdp_config.entity.base import StoredModel

__all__ = ["Fields", "StateOperations", "ValueOperations"]

Fields: TypeAlias = "dict[str, Any] | StoredModel"
"""A JSON object: a dict, or a model of which the stored form is taken."""

StateT = TypeVar("StateT", bound="StateOperations")


class ValueOperations:
    """The JSON value at one path.

    Args:
        raw: the transaction.
        path: the whole path.
    """

    def __init__(self, raw: Txn, path: str) -> None:
        self._raw = raw
        self.path = path

    def get(self) -> Any:
        """Get the value, or None if there is none; ``{}`` is a value like any other.

        Raises:
            ValueError: what is stored is no JSON.
        """
        text = self._raw.get(self.path)
        return None if text is None else decode(text, self.path)

    def exists(self) -> bool:
        """Tell whether there is a value."""
        return self._raw.get(self.path) is not None

    def create(self, value: Any) -> None:
        """Create the value.

        Raises:
            ConfigCollision: there is one already.
            TypeError: JSON has no word for it.
        """
        self._raw.create(self.path, encode(value))

    def update(self, value: Any) -> None:
        """Replace the value.

        Raises:
            ConfigVanished: there is none.
            TypeError: JSON has no word for it.
        """
        self._raw.update(self.path, encode(value))

    def create_or_update(self, value: Any) -> None:
        """Create the value, or replace the one that is there.

        Raises:
            TypeError: JSON has no word for it.
        """
        (self.update if self.exists() else self.create)(value)

    def delete(self, must_exist: bool = True, recurse: bool = False) -> None:
        """Delete the value.

        Args:
            must_exist: whether its absence is an error.
            recurse: whether everything below the path goes too.

        Raises:
            ConfigVanished: there is none.
        """
        self._raw.delete(self.path, must_exist=must_exist, recursive=recurse)


class StateOperations(ValueOperations):
    """The state of one entity: a dict, of which the library asks nothing (spec 2a)."""

    def __call__(self: StateT) -> StateT:
        """Get these operations: ``txn.flow(key).state`` and ``.state()`` are the same."""
        return self
