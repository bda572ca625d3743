"""Base classes of entities and their keys: reading, comparing and writing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from ska_sdp_config.entity.codec import decode
from ska_sdp_config.entity.near_miss import warn_near_misses

__all__ = [
    "KEY_PART",
    "Entity",
    "EntityKey",
    "KeyPart",
    "StoredModel",
    "faults",
    "is_stored",
    "rename_keys",
    "validate_unless_stored",
]

EntityT = TypeVar("EntityT", bound="Entity")
KeyT = TypeVar("KeyT", bound="EntityKey")

_STORED = {"stored": True}
"""Validation context of stored values, which skip the rules for new ones."""

KEY_PART = "[A-Za-z0-9_.-]{1,96}"
"""Regular expression of a part of a key."""

_KEY_PART = re.compile(KEY_PART)


def validate_unless_stored(check: Callable[[str], str]) -> Callable[[str, ValidationInfo], str]:
    """Return a pydantic validator that skips values that are read from the database.

    A program must be able to read and correct invalid values that another program wrote.
    ``check`` returns the value, or raises ValueError.
    """

    def validator(value: str, info: ValidationInfo) -> str:
        return value if is_stored(info) else check(value)

    return validator


def is_stored(info: ValidationInfo) -> bool:
    """Return whether the validated value was read from the database."""
    return info.context is _STORED


class StoredModel(BaseModel):
    """Model that keeps unknown fields and writes no fields that were neither read nor set."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    _positional: ClassVar[tuple[str, ...]] = ()
    """Fields that the constructor also takes by position, as in release 0.5.0."""

    _complete: ClassVar[bool] = True
    """Whether a model that a program creates is written with all its fields."""

    def __init__(self, /, *args: Any, **fields: Any) -> None:
        if len(args) > len(self._positional):
            raise TypeError(
                f"{type(self).__name__} takes {len(self._positional)} positional arguments, "
                f"not {len(args)}: give the fields by name."
            )
        for name, value in zip(self._positional, args, strict=False):
            if name in fields:
                raise TypeError(f"{type(self).__name__} was given {name!r} twice.")
            fields[name] = value
        warn_near_misses(type(self), fields, stacklevel=2)
        super().__init__(**fields)
        if self._complete:
            self.model_fields_set.update(type(self).model_fields)
        self.mark_unset()

    # Pydantic then skips this constructor for models that it reads from JSON. Without this, a
    # listing would take 1.5 times as long.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def mark_unset(self) -> None:
        """Mark as unset the fields that a new model is stored without."""

    def to_dict(self) -> dict[str, Any]:
        """Return the stored form, JSON values without fields that were neither given nor set.

        Raises:
            ValueError: a value in the model cannot be converted to JSON.
        """
        _mark_changed_defaults(self)
        return self.model_dump(mode="json", exclude_unset=True)


def _mark_changed_defaults(model: StoredModel) -> None:
    """Mark defaults that were changed in place, such as an empty list, as set."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if name not in model.model_fields_set:
            if value == field.get_default(call_default_factory=True):
                continue
            model.model_fields_set.add(name)
        for part in _nested_models(value):
            _mark_changed_defaults(part)


def _nested_models(value: Any) -> Iterator[StoredModel]:
    if isinstance(value, StoredModel):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _nested_models(item)


class EntityKey(BaseModel):
    """Key of an entity that has several parts; hashable."""

    model_config = ConfigDict(frozen=True)

    def __init__(self, /, **parts: Any) -> None:
        warn_near_misses(type(self), parts, stacklevel=2)
        super().__init__(**parts)

    # See StoredModel.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def to_dict(self) -> dict[str, Any]:
        """Return the parts of the key by name."""
        return self.model_dump(mode="json")

    def __str__(self) -> str:
        return ":".join(getattr(self, name) or "" for name in type(self).model_fields)

    def __lt__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return str(self) < str(other)

    def __repr_name__(self) -> str:
        return type(self).__qualname__

    @classmethod
    def read_text(cls, value: Any, info: ValidationInfo) -> Any:
        """Convert text to a key, and leave other values to pydantic."""
        return cls.from_text(value, stored=is_stored(info)) if isinstance(value, str) else value

    @classmethod
    def from_text(cls: type[KeyT], text: str, *, stored: bool = False) -> KeyT:
        """Create a key from its parts, joined by colons as in a path.

        Args:
            text: the text, such as ``batch:imaging:1.0.0``.
            stored: whether the text was read from the database, so that the rules for new keys
                are skipped.

        Raises:
            ValueError: the text has more or fewer parts, or a part is invalid.
        """
        names = list(cls.model_fields)
        parts = text.split(":")
        if len(parts) != len(names):
            raise ValueError(f"{text!r} is no key of {cls.__qualname__}: write {':'.join(names)}.")
        found = dict(zip(names, parts, strict=True))
        return cls.model_validate(found, context=_STORED if stored else None)

    @classmethod
    def of_existing(cls: type[KeyT], parts: Mapping[str, Any]) -> KeyT:
        """Create the key of an existing entity, without the rules for new keys.

        Raises:
            ValueError: a part is missing or is not a string.
        """
        return cls.model_validate(dict(parts), context=_STORED)


def _check_key_part(text: str) -> str:
    """Return one part of the key of an entity, if it is valid.

    Raises:
        ValueError: the part has invalid characters, is too long or is empty.
    """
    if not _KEY_PART.fullmatch(text):
        raise ValueError(f"{text!r} is no part of a key: use 1 to 96 of A-Z, a-z, 0-9, '_.-'.")
    return text


KeyPart = Annotated[str, AfterValidator(validate_unless_stored(_check_key_part))]
"""Part of the key of an entity."""


class Entity(StoredModel):
    """Model that is stored at a path of its own.

    Its key is the field ``key``. The path defines the key; a key within the stored value is kept
    but otherwise ignored.
    """

    _stored_key: ClassVar[str | None] = None
    """Older name of the key, stored beside ``key``; None if new entities are stored without their
    key.

    The set of fields has ``key`` if both names are written, only the older name if the entity was
    stored with that alone, and neither if it was stored without its key.
    """

    _key_patterns: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def key_patterns(cls) -> dict[str, str]:
        """Return the regular expressions of the parts of the key, for new entities, in order."""
        return dict(cls._key_patterns)

    @model_validator(mode="after")
    def _read_both_names(self: EntityT) -> EntityT:
        # Pydantic reads the older name, and takes the other for a field that it does not know.
        extra = self.__pydantic_extra__
        if extra and self._stored_key is not None and extra.pop("key", None) is not None:
            self.model_fields_set.add(self._stored_key)
        return self

    def mark_unset(self) -> None:
        """Mark the key as unset for entities that are stored without it."""
        if self._stored_key is None:
            self.model_fields_set.discard("key")

    def to_dict(self) -> dict[str, Any]:
        """Return the stored form of the entity; see StoredModel."""
        named = "key" in self.model_fields_set
        data = super().to_dict()
        if self._stored_key is not None and (named or self._stored_key in self.model_fields_set):
            data[self._stored_key] = data["key"]
        if not named:
            self.model_fields_set.discard("key")
            del data["key"]
        return data

    @classmethod
    def key_in(cls, data: Mapping[str, Any]) -> Any:
        """Return the key in a dict of the fields of an entity, or None."""
        return data.get(cls._stored_key or "key", data.get("key"))

    @classmethod
    def from_stored(cls: type[EntityT], text: str, key: Any, path: str) -> EntityT:
        """Create an entity from a stored text, without the rules for new entities.

        Its key is the one that its path defines. The error names the path.

        Raises:
            ValueError: the stored value is invalid.
        """
        if cls._stored_key is not None:
            try:
                model = cls.model_validate_json(text, context=_STORED)
            except ValidationError:
                # Possibly only the key is missing. Checking first would parse every value twice.
                pass
            else:
                model.__dict__["key"] = key
                older = cls._stored_key
                if older not in model.model_fields_set and _has_only(older, text, path):
                    model.mark_older_name()
                return model
        return cls.from_stored_value(decode(text, path), key, path)

    @classmethod
    def from_stored_value(cls: type[EntityT], data: Any, key: Any, path: str) -> EntityT:
        """Create an entity from a JSON value; see from_stored.

        Raises:
            ValueError: the value is invalid.
        """
        named = False
        if isinstance(data, dict):
            data = cls._from_old_release(data)
            named = not data.keys().isdisjoint(("key", cls._stored_key))
            if cls._stored_key is None or not named:
                data = data | {"key": key}
        try:
            model = cls.model_validate(data, context=_STORED)
        except ValidationError as error:
            raise ValueError(
                f"The value of {path} is no {cls.__name__}: {faults(error)}"
            ) from error
        if not named:
            model.model_fields_set.discard("key")
        elif cls._stored_key in data and "key" not in data:
            model.mark_older_name()
        model.__dict__["key"] = key
        return model

    def mark_older_name(self) -> None:
        """Record that the entity was stored with only the older name of its key."""
        if self._stored_key is not None:
            self.model_fields_set.discard("key")
            self.model_fields_set.add(self._stored_key)

    @classmethod
    def _from_old_release(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Convert the stored form of an old release to the current one."""
        return data


def _has_only(older_name: str, text: str, path: str) -> bool:
    """Return whether a stored entity has its key under the older name only."""
    # The plain text settles it for nearly all entities, which would be parsed twice otherwise.
    return f'"{older_name}"' in text and ('"key"' not in text or "key" not in decode(text, path))


def faults(error: ValidationError) -> str:
    """Return the messages of a validation error on one line."""
    found = []
    for each in error.errors(include_url=False, include_context=False):
        where = ".".join(str(part) for part in each["loc"])
        found.append(f"{where}: {each['msg']}" if where else each["msg"])
    return "; ".join(found)


def rename_keys(data: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a dict with keys renamed, except where the new name exists already."""
    renamed = {new: data[old] for old, new in names.items() if old in data and new not in data}
    return {
        name: value for name, value in data.items() if names.get(name) not in renamed
    } | renamed
