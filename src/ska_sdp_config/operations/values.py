"""Operations on the JSON value of one path, e.g. a state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.entity.codec import decode, encode

if TYPE_CHECKING:
    from typing_extensions import Self, TypeVar

    from ska_sdp_config.entity.base import StoredModel

    # "StateOperations" alone means those of a state with any status.
    StatusT = TypeVar("StatusT", bound=str, default=Any)
else:
    from typing import TypeVar

    StatusT = TypeVar("StatusT")

__all__ = ["Fields", "StateOperations", "ValueOperations"]

Fields: TypeAlias = "dict[str, Any] | StoredModel"
"""JSON object: a dict, or a model in its stored form."""

_UNCHANGED: Any = object()
"""Default of a field that may be set to None."""


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


class StateOperations(ValueOperations, Generic[StatusT]):
    """Operations on the state of one entity, a dict that is not validated.

    Type checkers reject an unknown status in ``patch``, if the operations are those of a
    collection, such as ``txn.processing_block.state(key)``.
    """

    def __call__(self) -> Self:
        """Return these operations: ``txn.flow(key).state`` and ``.state()`` are the same."""
        return self

    def patch(self, /, *, status: StatusT | None = _UNCHANGED, **fields: Any) -> dict[str, Any]:
        """Set some fields of the state and keep the others, in this transaction.

        Args:
            status: the new status, like any other field.
            **fields: the new values of fields. A value replaces the whole field, also if both are
                dicts; None is stored as null.

        Returns:
            The new state.

        Raises:
            ConfigVanished: there is no state; create it first. The transaction stays usable.
            ValueError: the stored state is not a JSON object, or a value is NaN or infinite.
            TypeError: a value cannot be converted to JSON.
        """
        if status is not _UNCHANGED:
            fields["status"] = status
        # A missing state is reported by the update.
        state = self.get() if self.exists() else {}
        if not isinstance(state, dict):
            raise ValueError(  # noqa: TRY004  the stored value is wrong, not the call
                f"Cannot patch {self.path}: its value {state!r} is not a JSON object; replace it "
                "with update."
            )
        state.update(fields)
        self.update(state)
        return state
