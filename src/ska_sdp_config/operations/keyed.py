"""Collections of entities whose key is an id, or has several parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ska_sdp_config.entity.base import Entity, EntityKey
from ska_sdp_config.entity.common.ids import check_path_part
from ska_sdp_config.operations.entity_operations import CollectiveEntityOperations, Named

__all__ = ["IdCollection", "KeyCollection"]

EntityT = TypeVar("EntityT", bound=Entity)
EntityKeyT = TypeVar("EntityKeyT", bound=EntityKey)


class IdCollection(CollectiveEntityOperations[str, EntityT], Generic[EntityT]):
    """Entities whose key is an id."""

    @staticmethod
    @abstractmethod
    def check_id(text: str) -> str:
        """Return the id of a new entity, or raise ValueError."""

    def check_new(self, key: str) -> None:
        """Validate the id of a new entity.

        Raises:
            ValueError: the id is invalid.
        """
        self.check_id(key)

    def _key_of_parts(self, args: tuple[str, ...], parts: dict[str, str]) -> str:
        key = self.MODEL_CLASS.key_in(parts)
        if args or len(parts) != 1 or key is None:
            raise TypeError(
                f"A {self.MODEL_CLASS.__name__} has one key: give it as the one argument."
            )
        return str(key)

    def _name(self, key: Named[str, EntityT]) -> tuple[str, str]:
        own_key: Any = key
        if isinstance(key, self.MODEL_CLASS):
            own_key = key.__dict__["key"]
        elif isinstance(key, dict):
            own_key = self.MODEL_CLASS.key_in(key)
        name = check_path_part(own_key)
        return name, name

    def _key(self, name: str) -> str:
        return name

    def _select(self, parts: dict[str, str]) -> tuple[str, None]:
        _check_names(parts, ["prefix"])
        prefix = parts.get("prefix") or ""
        if prefix:
            check_path_part(prefix)
        return prefix, None


class KeyCollection(CollectiveEntityOperations[EntityKeyT, EntityT], Generic[EntityKeyT, EntityT]):
    """Entities whose key has several parts, joined by colons in their path.

    Names with fewer or more parts are not listed.
    """

    KEY_CLASS: type[EntityKeyT]
    """Model of the keys."""

    def check_new(self, key: EntityKeyT) -> None:
        """Validate the key of a new entity.

        Raises:
            ValueError: the key is invalid.
        """
        # A key that was read from the database has not been validated as a new one.
        self.KEY_CLASS.from_text(str(key))

    def _key_of_parts(self, args: tuple[str, ...], parts: dict[str, str]) -> EntityKeyT:
        names = list(self.KEY_CLASS.model_fields)
        given = dict(zip(names, args, strict=False))
        _check_names(parts, names)
        if len(args) > len(names) or given.keys() & parts.keys():
            raise TypeError(f"Give each part of the key once: {', '.join(names)}.")
        return self.KEY_CLASS.of_existing(given | parts)

    def _name(self, key: Named[EntityKeyT, EntityT]) -> tuple[EntityKeyT, str]:
        own_key = self._to_key(key)
        return own_key, self._checked(own_key)

    def _to_key(self, key: Named[EntityKeyT, EntityT]) -> EntityKeyT:
        """Return the key of an entity."""
        own_key: Any = key
        if isinstance(key, self.MODEL_CLASS):
            own_key = key.__dict__["key"]
        elif isinstance(key, dict):
            own_key = key.get("key", key)
        if isinstance(own_key, str):
            own_key = self.KEY_CLASS.from_text(own_key, stored=True)
        elif isinstance(own_key, dict):
            own_key = self.KEY_CLASS.of_existing(own_key)
        if not isinstance(own_key, self.KEY_CLASS):
            raise TypeError(
                f"{key!r} names no {self.MODEL_CLASS.__name__}: give its key, its model, or text."
            )
        return own_key

    def _checked(self, key: EntityKeyT) -> str:
        """Return the text of a key in a path.

        Raises:
            ValueError: a part is empty, or contains a separator.
        """
        name = str(key)
        parts = name.split(":")
        if not all(parts):
            raise ValueError(f"The key {name} has an empty part: give all of it.")
        if len(parts) != len(self.KEY_CLASS.model_fields):
            raise ValueError(f"The key {name} has a part with ':' in it: use other characters.")
        for part in parts:
            check_path_part(part)
        return name

    def _key(self, name: str) -> EntityKeyT | None:
        try:
            return self.KEY_CLASS.from_text(name, stored=True)
        except ValueError:
            return None

    def _select(self, parts: dict[str, str]) -> tuple[str, Callable[[str], bool] | None]:
        names = list(self.KEY_CLASS.model_fields)
        _check_names(parts, names)
        wanted = [parts.get(name) for name in names]
        for part in wanted:
            if part is not None and ":" in check_path_part(part):
                raise ValueError(f"{part!r} is no part of a key, as it contains ':'.")
        leading = wanted[: wanted.index(None)] if None in wanted else wanted
        prefix = ":".join(part for part in leading if part is not None)
        if leading and len(leading) < len(names):
            prefix += ":"
        if all(part is None for part in wanted[len(leading) :]) and len(leading) < len(names):
            return prefix, None

        def matches(name: str) -> bool:
            found = name.split(":")
            return len(found) == len(wanted) and all(
                part is None or part == other for part, other in zip(wanted, found, strict=True)
            )

        return prefix, matches


def _check_names(parts: dict[str, str], names: list[str]) -> None:
    for name in parts:
        if name not in names:
            raise TypeError(f"Keys have no part {name!r}: filter by {', '.join(names)}.")
