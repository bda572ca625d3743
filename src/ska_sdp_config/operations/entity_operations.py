"""Operations on entities: on one, and on all of a kind (spec 2.5)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from ska_sdp_config.entity.base import Entity
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.ownership import OwnershipOperations
from ska_sdp_config.operations.readable import readable
from ska_sdp_config.operations.values import StateOperations

__all__ = ["CollectiveEntityOperations", "EntityOperations", "Named"]

KeyT = TypeVar("KeyT")
EntityT = TypeVar("EntityT", bound=Entity)

Named: TypeAlias = KeyT | EntityT | str | dict[str, Any]
"""What names an entity: its key, its model, the text of its key, or a dict of one of these."""


class EntityOperations(Generic[KeyT, EntityT]):
    """The operations on one entity.

    Args:
        collection: the collection that it belongs to.
        context: the transaction.
        key: its identity.
        path: its whole path.
    """

    def __init__(
        self,
        collection: CollectiveEntityOperations[KeyT, EntityT],
        context: Context,
        key: KeyT,
        path: str,
    ) -> None:
        self._collection = collection
        self._context = context
        self.key = key
        self.path = path

    def get(self) -> EntityT | None:
        """Get the entity, or None if it is not there: that absence counts as read.

        Raises:
            ValueError: what is stored is no such entity.
        """
        text = self._context.raw.get(self.path)
        if text is None:
            return None
        return self._collection.model.from_stored(text, self.key, self.path)

    def exists(self) -> bool:
        """Tell whether the entity is there."""
        return self._context.raw.get(self.path) is not None

    def create(self, entity: EntityT | dict[str, Any]) -> None:
        """Create the entity.

        Args:
            entity: its model, or a dict of its fields; the key may be left out of a dict.

        Raises:
            ConfigCollision: it exists already; the transaction stays usable.
            ValueError: its id is not one for a new entity, or it is another than this one.
        """
        if isinstance(entity, dict):
            entity = self._collection.model(**self._named(entity))
        text = self._text(entity)
        self._collection.check_new(self.key)
        self._context.raw.create(self.path, text)

    def update(self, entity: EntityT | dict[str, Any]) -> None:
        """Replace the entity by a changed one.

        Args:
            entity: its model, or a dict as it is stored.

        Raises:
            ConfigVanished: it is not there; the transaction stays usable.
            ValueError: it is another than this one.
        """
        if isinstance(entity, dict):
            model = self._collection.model
            entity = model.from_stored_value(self._named(entity), self.key, self.path)
            entity.mark_unset()
        self._context.raw.update(self.path, self._text(entity))

    def create_or_update(self, entity: EntityT | dict[str, Any]) -> None:
        """Create the entity, or replace the one that is there.

        Raises:
            ValueError: its id is not one for a new entity, or it is another than this one.
        """
        (self.update if self.exists() else self.create)(entity)

    def delete(self, recurse: bool = False) -> None:
        """Delete the entity, its state and its owner.

        Args:
            recurse: whether everything else below its path goes too.

        Raises:
            ConfigVanished: it is not there; the transaction stays usable.
        """
        self._context.raw.delete(self.path, recursive=recurse)
        if not recurse:
            self.state.delete(must_exist=False)
            self._context.raw.delete(self.ownership.path, must_exist=False)

    @property
    def state(self) -> StateOperations:
        """The operations on its state."""
        return StateOperations(self._context.raw, f"{self.path}/state")

    @property
    def ownership(self) -> OwnershipOperations:
        """The operations on its ownership."""
        return OwnershipOperations(self._context, f"{self.path}/owner")

    def _text(self, entity: EntityT) -> str:
        model = self._collection.model
        if not isinstance(entity, model):
            raise TypeError(
                f"Cannot write a {type(entity).__name__} to {self.path}: give a {model.__name__}."
            )
        self._check_is(entity)
        return encode(entity.to_dict())

    def _named(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of this entity, with its key."""
        if self._collection.model.key_in(fields) is None:
            return {"key": self.key} | fields
        self._check_is(fields)
        return fields

    def _check_is(self, entity: EntityT | dict[str, Any]) -> None:
        path = self._collection(entity).path
        if path != self.path:
            raise ValueError(f"Cannot write the entity of {path} to {self.path}: keys differ.")


class CollectiveEntityOperations(ABC, Generic[KeyT, EntityT]):
    """The operations on all entities of a kind, in which ``key`` names one of them.

    Wherever one is named, its model serves as well as its key.

    Args:
        context: the transaction.
    """

    root: ClassVar[str]
    """The path below which they are, such as ``/pb/``."""

    model: type[EntityT]
    """Their model."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._root = context.prefix + self.root

    # What depends on the kind of key

    @abstractmethod
    def check_new(self, key: KeyT) -> None:
        """Check that a key may be that of a new entity.

        Raises:
            ValueError: it may not.
        """

    @abstractmethod
    def _name(self, key: Named[KeyT, EntityT]) -> tuple[KeyT, str]:
        """Get the key, and how it stands in a path, of whatever names an entity."""

    @abstractmethod
    def _key(self, name: str) -> KeyT | None:
        """Get the key that stands in a path, None if none does."""

    @abstractmethod
    def _select(self, parts: dict[str, str]) -> tuple[str, Callable[[str], bool] | None]:
        """Get how names begin that are asked for, and what else to ask of them, if anything."""

    @abstractmethod
    def _key_of_parts(self, args: tuple[str, ...], parts: dict[str, str]) -> KeyT:
        """Get the key whose parts are given, in order or by name."""

    def _operations(self, key: KeyT, name: str) -> EntityOperations[KeyT, EntityT]:
        """Make the operations on one entity, from its key and how that stands in a path."""
        return EntityOperations(self, self._context, key, self._root + name)

    # One entity

    def __call__(
        self, *args: Named[KeyT, EntityT], **parts: str
    ) -> EntityOperations[KeyT, EntityT]:
        """Get the operations on one entity.

        Args:
            *args: its key, its model or a dict of either; or the parts of its key in order.
            **parts: the parts of its key by name.

        Raises:
            TypeError: keys have no such part.
            ValueError: not a key, or a part is missing.
        """
        key: Named[KeyT, EntityT]
        if len(args) == 1 and not parts:
            (key,) = args
        else:
            key = self._key_of_parts(tuple(map(str, args)), parts)
        return self._operations(*self._name(key))

    def get(self, key: Named[KeyT, EntityT]) -> EntityT | None:
        """Get an entity, or None if it is not there: that absence counts as read.

        Raises:
            ValueError: not a key, or what is stored is no such entity.
        """
        return self(key).get()

    def exists(self, key: Named[KeyT, EntityT]) -> bool:
        """Tell whether an entity is there.

        Raises:
            ValueError: not a key.
        """
        return self(key).exists()

    def create(self, entity: EntityT | dict[str, Any]) -> None:
        """Create an entity, from its model or a dict of its fields.

        Raises:
            ConfigCollision: it exists already; the transaction stays usable.
            ValueError: its key is not one for a new entity.
        """
        if isinstance(entity, dict):
            entity = self.model(**entity)
        self(entity).create(entity)

    def update(self, entity: EntityT | dict[str, Any]) -> None:
        """Replace an entity by a changed one, a model or a dict as it is stored.

        Raises:
            ConfigVanished: it is not there; the transaction stays usable.
            ValueError: not a key.
        """
        self(entity).update(entity)

    def create_or_update(self, entity: EntityT | dict[str, Any]) -> None:
        """Create an entity, or replace the one that is there.

        Raises:
            ValueError: its key is not one for a new entity.
        """
        self(entity).create_or_update(entity)

    def delete(self, key: Named[KeyT, EntityT], recurse: bool = False) -> None:
        """Delete an entity, its state and its owner.

        Args:
            key: which one.
            recurse: whether everything else below its path goes too.

        Raises:
            ConfigVanished: it is not there; the transaction stays usable.
            ValueError: not a key.
        """
        self(key).delete(recurse=recurse)

    def state(self, key: Named[KeyT, EntityT]) -> StateOperations:
        """Get the operations on the state of an entity.

        Raises:
            ValueError: not a key.
        """
        return self(key).state

    def ownership(self, key: Named[KeyT, EntityT]) -> OwnershipOperations:
        """Get the operations on the ownership of an entity.

        Raises:
            ValueError: not a key.
        """
        return self(key).ownership

    # All of them

    def list_keys(self, **parts: str) -> list[KeyT]:
        """List the keys of all entities, sorted; gaining or losing one is a conflict.

        Args:
            **parts: what parts of the key must be; ``prefix`` for how an id begins.

        Raises:
            TypeError: keys have no such part.
            ValueError: a part can be that of no key.
        """
        return [key for _, key in self._list(parts)]

    def query_keys(self, **parts: str) -> Iterator[KeyT]:
        """Get the keys one by one; see list_keys. Nothing is read before the first."""
        prefix, matches = self._select(parts)
        return (key for _, key in self._list_names(prefix, matches))

    def list_values(self, **parts: str) -> list[tuple[KeyT, EntityT]]:
        """List all entities with their keys, sorted, in one round trip, or two for a filter.

        An entity that cannot be read is left out, with a warning in the log that names its path
        and the fault; ``get`` raises for it.

        Args:
            **parts: what parts of the key must be; ``prefix`` for how an id begins.

        Raises:
            TypeError: keys have no such part.
            ValueError: a part can be that of no key.
        """
        return list(self.query_values(**parts))

    def query_values(self, **parts: str) -> Iterator[tuple[KeyT, EntityT]]:
        """Get the entities one by one; see list_values. Nothing is read before the first."""
        prefix, matches = self._select(parts)
        return self._query_values(prefix, matches)

    def query_unreadable(self) -> Iterator[tuple[str, str]]:
        """Get the path of each entity that ``query_values`` leaves out, with the fault."""
        for path, text in self._context.raw.list_values(self._root):
            key = self._key(path[len(self._root) :])
            if key is None:
                continue
            try:
                self.model.from_stored(text, key, path)
            except ValueError as error:
                yield path, str(error)

    def _list(self, parts: dict[str, str]) -> list[tuple[str, KeyT]]:
        return list(self._list_names(*self._select(parts)))

    def _list_names(
        self, prefix: str, matches: Callable[[str], bool] | None
    ) -> Iterator[tuple[str, KeyT]]:
        for path in self._context.raw.list_keys(self._root + prefix):
            name = path[len(self._root) :]
            key = self._key(name) if matches is None or matches(name) else None
            if key is not None:
                yield path, key

    def _query_values(
        self, prefix: str, matches: Callable[[str], bool] | None
    ) -> Iterator[tuple[KeyT, EntityT]]:
        raw = self._context.raw
        if matches is None:
            for path, text in raw.list_values(self._root + prefix):
                key = self._key(path[len(self._root) :])
                if key is not None:
                    yield from self._readable(path, key, text)
            return
        # Only what is asked for counts as read, at the price of a second round trip.
        keys = dict(self._list_names(prefix, matches))
        for path, found in raw.get_many(keys).items():
            if found is not None:
                yield from self._readable(path, keys[path], found)

    def _readable(self, path: str, key: KeyT, text: str) -> Iterator[tuple[KeyT, EntityT]]:
        def read(text: str, path: str) -> EntityT:
            return self.model.from_stored(text, key, path)

        return readable(path, key, read, text)
