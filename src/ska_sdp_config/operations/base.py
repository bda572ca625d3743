"""Operations that all collections share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Generic, TypeVar

from ska_sdp_config.entity.common.ids import check_path_part
from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.ownership import OwnershipOperations
from ska_sdp_config.operations.readable import readable
from ska_sdp_config.operations.values import StateOperations

__all__ = ["Collection", "NamedCollection", "Operations"]

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")
ReadT_co = TypeVar("ReadT_co", covariant=True)


class Operations(ABC, Generic[ReadT_co]):
    """Operations on one member of a collection, with access to its state and its owner."""

    _context: Context
    path: str

    @property
    def state(self) -> StateOperations:
        """The operations on the state."""
        return StateOperations(self._context.raw, f"{self.path}/state")

    @property
    def ownership(self) -> OwnershipOperations:
        """The operations on the ownership."""
        return OwnershipOperations(self._context, f"{self.path}/owner")

    @abstractmethod
    def get(self) -> ReadT_co | None:
        """Return the value, or None if it does not exist."""

    @abstractmethod
    def exists(self) -> bool:
        """Return whether the value exists."""

    @abstractmethod
    def delete(self, *, recurse: bool = False) -> None:
        """Delete the value."""


class Collection(ABC, Generic[KeyT, ValueT]):
    """Values of one kind, each with a key, a state and an owner.

    Operations raise ValueError for an invalid key, prefix or path.
    """

    PREFIX: ClassVar[str] = ""
    """Path above the values, such as ``/pb``."""

    KEY_PARTS: ClassVar[dict[str, str]] = {}
    """Regular expression of each part of the key of a new value, in the order of the key."""

    HAS_STATE: ClassVar[bool] = False
    """Whether programs store a state of the values."""

    HAS_OWNER: ClassVar[bool] = False
    """Whether programs take the ownership of the values."""

    MODEL_CLASS: type[Any] = dict
    """Class of the values."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._root = f"{context.prefix}{self.PREFIX}/"

    @abstractmethod
    def __call__(self, key: KeyT, /) -> Operations[ValueT]:
        """Return the operations on one member."""

    def get(self, key: KeyT) -> ValueT | None:
        """Return a value, or None if it does not exist. The absence counts as read.

        Raises:
            ValueError: the key or the stored value is invalid.
        """
        return self(key).get()

    def exists(self, key: KeyT) -> bool:
        """Return whether a value exists."""
        return self(key).exists()

    def delete(self, key: KeyT, recurse: bool = False) -> None:
        """Delete a value. Its state and owner are deleted too, except in ``arbitrary``.

        Args:
            key: the key.
            recurse: whether to delete everything below its path.

        Raises:
            ConfigVanished: the value does not exist; the transaction stays usable.
        """
        self(key).delete(recurse=recurse)

    def state(self, key: KeyT) -> StateOperations:
        """Return the operations on the state of a value."""
        return self(key).state

    def ownership(self, key: KeyT) -> OwnershipOperations:
        """Return the operations on the ownership of a value."""
        return self(key).ownership


class NamedCollection(Collection[str, ValueT]):
    """Values whose key is a name, listed by the start of the name."""

    suffix: ClassVar[str] = ""
    """Path of the value below its name, such as ``/owner``."""

    recurse: ClassVar[int | Iterable[int]] = 0
    """Levels below the names at which values are stored."""

    @staticmethod
    @abstractmethod
    def _read(text: str, path: str) -> ValueT:
        """Convert a stored text, or raise ValueError."""

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the names, sorted.

        Args:
            prefix: start of the names.
        """
        return list(self.query_keys(prefix))

    def query_keys(self, prefix: str = "") -> Iterator[str]:
        """Iterate over the names. The database is read at the first one; see list_keys."""
        return self._query_keys(self._listing(prefix))

    def list_values(self, prefix: str = "") -> list[tuple[str, ValueT]]:
        """Return the names and values, sorted by name, in one round trip.

        Invalid values are left out, with a warning in the log.

        Args:
            prefix: start of the names.
        """
        return list(self.query_values(prefix))

    def query_values(self, prefix: str = "") -> Iterator[tuple[str, ValueT]]:
        """Iterate over names and values. The database is read at the first; see list_values."""
        return self._query_values(self._listing(prefix))

    def _query_keys(self, listing: str) -> Iterator[str]:
        for path in self._context.raw.list_keys(listing, self.recurse):
            if path.endswith(self.suffix):
                yield self._name(path)

    def _query_values(self, listing: str) -> Iterator[tuple[str, ValueT]]:
        for path, text in self._context.raw.list_values(listing, self.recurse):
            if path.endswith(self.suffix):
                yield from readable(self._context, path, self._name(path), self._read, text)

    def _listing(self, prefix: str) -> str:
        return self._root + (check_path_part(prefix) if prefix else "")

    def _name(self, path: str) -> str:
        return path.removeprefix(self._root).removesuffix(self.suffix)
