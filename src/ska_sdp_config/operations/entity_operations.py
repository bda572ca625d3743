"""Operations on one entity, and on all entities of a kind."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeAlias, TypeVar

from ska_sdp_config.entity.base import Entity
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.operations.base import Collection, Operations
from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.readable import readable

__all__ = ["CollectiveEntityOperations", "EntityOperations", "Named"]

KeyT = TypeVar("KeyT")
EntityT = TypeVar("EntityT", bound=Entity)

Named: TypeAlias = KeyT | EntityT | str | dict[str, Any]
"""Identifies an entity: its key, its model, the text of its key, or a dict of a key or model."""


class EntityOperations(Operations[EntityT], Generic[KeyT, EntityT]):
    """Operations on one entity."""

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
        """Return the entity, or None if it does not exist. The absence counts as read.

        Raises:
            ValueError: the stored value is invalid.
        """
        text = self._context.raw.get(self.path)
        if text is None:
            return None
        return self._collection.MODEL_CLASS.from_stored(text, self.key, self.path)

    def exists(self) -> bool:
        """Return whether the entity exists."""
        return self._context.raw.get(self.path) is not None

    def create(self, entity: EntityT | dict[str, Any]) -> None:
        """Create the entity.

        Args:
            entity: a model, or a dict of fields, in which the key is optional.

        Raises:
            ConfigCollision: the entity exists already; the transaction stays usable.
            ValueError: the key is invalid for a new entity, or is the key of another entity.
        """
        if isinstance(entity, dict):
            entity = self._collection.MODEL_CLASS(**self._named(entity))
        text = self._text(entity)
        self._collection.check_new(self.key)
        self._context.raw.create(self.path, text)

    def update(self, entity: EntityT | dict[str, Any]) -> None:
        """Replace the entity.

        Args:
            entity: a model, or a dict in the stored form.

        Raises:
            ConfigVanished: the entity does not exist; the transaction stays usable.
            ValueError: the given entity has another key.
        """
        if isinstance(entity, dict):
            model = self._collection.MODEL_CLASS
            entity = model.from_stored_value(self._named(entity), self.key, self.path)
            entity.mark_unset()
        self._context.raw.update(self.path, self._text(entity))

    def create_or_update(self, entity: EntityT | dict[str, Any]) -> None:
        """Create or replace the entity.

        Raises:
            ValueError: the key is invalid for a new entity, or is the key of another entity.
        """
        (self.update if self.exists() else self.create)(entity)

    def delete(self, recurse: bool = False) -> None:
        """Delete the entity, its state and its owner.

        Args:
            recurse: whether to delete everything else below its path.

        Raises:
            ConfigVanished: the entity does not exist; the transaction stays usable.
        """
        self._context.raw.delete(self.path, recursive=recurse)
        if not recurse:
            self.state.delete(must_exist=False)
            self._context.raw.delete(self.ownership.path, must_exist=False)

    def _text(self, entity: EntityT) -> str:
        model = self._collection.MODEL_CLASS
        if not isinstance(entity, model):
            raise TypeError(
                f"Cannot write a {type(entity).__name__} to {self.path}: give a {model.__name__}."
            )
        self._check_is(entity)
        return encode(entity.to_dict())

    def _named(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields with the key of this entity added."""
        if self._collection.MODEL_CLASS.key_in(fields) is None:
            return {"key": self.key} | fields
        self._check_is(fields)
        return fields

    def _check_is(self, entity: EntityT | dict[str, Any]) -> None:
        path = self._collection(entity).path
        if path != self.path:
            raise ValueError(f"Cannot write the entity of {path} to {self.path}: keys differ.")


class CollectiveEntityOperations(
    Collection[Named[KeyT, EntityT], EntityT], Generic[KeyT, EntityT]
):
    """Operations on all entities of a kind. A model is accepted in place of a key."""

    MODEL_CLASS: type[EntityT]
    """Model of the entities."""

    # Specific to the kind of key

    @abstractmethod
    def check_new(self, key: KeyT) -> None:
        """Validate the key of a new entity."""

    @abstractmethod
    def _name(self, key: Named[KeyT, EntityT]) -> tuple[KeyT, str]:
        """Return the key of an entity, and its text in a path."""

    @abstractmethod
    def _key(self, name: str) -> KeyT | None:
        """Return the key of a name in a path, or None if the name is invalid."""

    @abstractmethod
    def _select(self, parts: dict[str, str]) -> tuple[str, Callable[[str], bool] | None]:
        """Return the prefix of the requested names, and a filter if the prefix is not enough."""

    @abstractmethod
    def _key_of_parts(self, args: tuple[str, ...], parts: dict[str, str]) -> KeyT:
        """Return the key of parts given in order or by name."""

    def _operations(self, key: KeyT, name: str) -> EntityOperations[KeyT, EntityT]:
        """Create the operations on one entity, from its key and the text of it in a path."""
        return EntityOperations(self, self._context, key, self._root + name)

    # One entity

    def __call__(
        self, *args: Named[KeyT, EntityT], **parts: str
    ) -> EntityOperations[KeyT, EntityT]:
        """Return the operations on one entity.

        Args:
            *args: its key, its model or a dict of either; or the parts of its key in order.
            **parts: the parts of its key by name.

        Raises:
            TypeError: a part is unknown.
            ValueError: the key is invalid, or a part is missing.
        """
        key: Named[KeyT, EntityT]
        if len(args) == 1 and not parts:
            (key,) = args
        else:
            key = self._key_of_parts(tuple(map(str, args)), parts)
        return self._operations(*self._name(key))

    def index_by_key_parts(
        self, *args: Named[KeyT, EntityT], **parts: str
    ) -> EntityOperations[KeyT, EntityT]:
        """Return the operations on one entity; a call of the collection does the same."""
        return self(*args, **parts)

    def create(self, value: EntityT | dict[str, Any]) -> None:
        """Create an entity from a model or a dict of fields.

        Raises:
            ConfigCollision: the entity exists already; the transaction stays usable.
            ValueError: the key is invalid for a new entity.
        """
        if isinstance(value, dict):
            value = self.MODEL_CLASS(**value)
        self(value).create(value)

    def update(self, value: EntityT | dict[str, Any]) -> None:
        """Replace an entity by a model or by a dict in the stored form.

        Raises:
            ConfigVanished: the entity does not exist; the transaction stays usable.
        """
        self(value).update(value)

    def create_or_update(self, value: EntityT | dict[str, Any]) -> None:
        """Create or replace an entity.

        Raises:
            ValueError: the key is invalid for a new entity.
        """
        self(value).create_or_update(value)

    def delete(self, index: Named[KeyT, EntityT], recurse: bool = False) -> None:
        """Delete an entity, its state and its owner.

        Args:
            index: its key or its model.
            recurse: whether to delete everything else below its path.

        Raises:
            ConfigVanished: the entity does not exist; the transaction stays usable.
        """
        super().delete(index, recurse)

    # All entities

    def list_keys(self, **parts: str) -> list[KeyT]:
        """Return the keys, sorted. An added or removed key is a conflict.

        Args:
            **parts: required values of key parts; ``prefix`` for the start of an id.

        Raises:
            TypeError: a part is unknown.
            ValueError: a part is invalid.
        """
        return list(self.query_keys(**parts))

    def query_keys(self, **parts: str) -> Iterator[KeyT]:
        """Iterate over the keys. The database is read at the first one; see list_keys."""
        prefix, matches = self._select(parts)
        return (key for _, key in self._list_names(prefix, matches))

    def list_values(self, **parts: str) -> list[tuple[KeyT, EntityT]]:
        """Return the keys and entities, sorted by key, in one round trip, or two for a filter.

        Invalid entities are left out, with a warning in the log that has the path and the
        error; ``get`` raises ValueError for them.

        Args:
            **parts: required values of key parts; ``prefix`` for the start of an id.

        Raises:
            TypeError: a part is unknown.
            ValueError: a part is invalid.
        """
        return list(self.query_values(**parts))

    def query_values(self, **parts: str) -> Iterator[tuple[KeyT, EntityT]]:
        """Iterate over keys and entities. The database is read at the first; see list_values."""
        prefix, matches = self._select(parts)
        return self._query_values(prefix, matches)

    def query_unreadable(self) -> Iterator[tuple[str, str]]:
        """Iterate over path and error of each entity that ``query_values`` leaves out.

        It reads in pages, and what it reads causes no conflict.
        """
        for path, text in self._context.raw.peek_values(self._root):
            key = self._key(path[len(self._root) :])
            if key is None:
                continue
            try:
                self.MODEL_CLASS.from_stored(text, key, path)
            except ValueError as error:
                yield path, str(error)

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
        # The second round trip limits what counts as read to the entities that match.
        keys = dict(self._list_names(prefix, matches))
        for path, found in raw.get_many(keys).items():
            if found is not None:
                yield from self._readable(path, keys[path], found)

    def _readable(self, path: str, key: KeyT, text: str) -> Iterator[tuple[KeyT, EntityT]]:
        def read(text: str, path: str) -> EntityT:
            return self.MODEL_CLASS.from_stored(text, key, path)

        return readable(self._context, path, key, read, text)
