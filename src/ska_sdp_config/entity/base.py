"""What all entities have in common: how they are read, compared and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo

from ska_sdp_config.entity.codec import decode
from ska_sdp_config.entity.near_miss import warn_near_misses

__all__ = [
    "Entity",
    "EntityKey",
    "StoredModel",
    "check_key_part",
    "faults",
    "is_stored",
    "rename_keys",
    "when_made",
]

ModelT = TypeVar("ModelT", bound="StoredModel")
EntityT = TypeVar("EntityT", bound="Entity")
KeyT = TypeVar("KeyT", bound="EntityKey")

_STORED = {"stored": True}
"""Validation context of what comes from the database: rules for new things do not bind it."""

_KEY_PART = re.compile(r"[A-Za-z0-9_.-]{1,96}")


def when_made(check: Callable[[str], str]) -> Callable[[str, ValidationInfo], str]:
    """Let a check bind what a program makes, but not what is read from the database.

    What others wrote must stay readable, to be mended (spec 2.1).

    Args:
        check: gives the value back, or raises ValueError.

    Returns:
        A validator for pydantic.
    """

    def validator(value: str, info: ValidationInfo) -> str:
        return value if is_stored(info) else check(value)

    return validator


def is_stored(info: ValidationInfo) -> bool:
    """Tell whether what is validated comes from the database."""
    return info.context is _STORED


class StoredModel(BaseModel):
    """A model that keeps what it does not know, and invents nothing when it is written."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    _positional: ClassVar[tuple[str, ...]] = ()
    """Fields that the constructor takes by position too, as in the seed's time."""

    _complete: ClassVar[bool] = True
    """Whether a model that a program makes is written with all its fields."""

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

    # Tells pydantic that models within text need not go through the above, which would cost
    # a listing half of its speed.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def mark_unset(self) -> None:
        """Mark as unset the fields that a new model is stored without."""

    def to_dict(self) -> dict[str, Any]:
        """Return the stored form: fields that were neither given nor set are left out.

        Returns:
            A dict of JSON values.

        Raises:
            ValueError: a value in the model cannot be converted to JSON.
        """
        _note_changes(self)
        return self.model_dump(mode="json", exclude_unset=True)


def _note_changes(model: StoredModel) -> None:
    """Count a default that was changed in place, such as an empty list, as set."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if name not in model.model_fields_set:
            if value == field.get_default(call_default_factory=True):
                continue
            model.model_fields_set.add(name)
        for part in _models_in(value):
            _note_changes(part)


def _models_in(value: Any) -> Iterator[StoredModel]:
    if isinstance(value, StoredModel):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _models_in(item)


class EntityKey(BaseModel):
    """The identity of an entity that has several parts; usable in sets and as a dict key."""

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
        """Make a key of text, and leave anything else to pydantic."""
        return cls.from_text(value, stored=is_stored(info)) if isinstance(value, str) else value

    @classmethod
    def from_text(cls: type[KeyT], text: str, *, stored: bool = False) -> KeyT:
        """Make a key from its parts, joined by colons as they stand in a path.

        Args:
            text: the text, such as ``batch:imaging:1.0.0``.
            stored: whether it comes from the database, where rules for new keys do not bind.

        Raises:
            ValueError: the text has more or fewer parts, or one of them is not allowed.
        """
        names = list(cls.model_fields)
        parts = text.split(":")
        if len(parts) != len(names):
            raise ValueError(f"{text!r} is no key of {cls.__qualname__}: write {':'.join(names)}.")
        found = dict(zip(names, parts, strict=True))
        return cls.model_validate(found, context=_STORED if stored else None)

    @classmethod
    def of_existing(cls: type[KeyT], parts: Mapping[str, Any]) -> KeyT:
        """Make the key of an entity that exists: the rules for new keys do not apply.

        Args:
            parts: its parts by name.

        Raises:
            ValueError: a part is missing or is not text.
        """
        return cls.model_validate(dict(parts), context=_STORED)


def check_key_part(text: str) -> str:
    """Check one part of the key of a script or a flow (spec 2.1).

    Raises:
        ValueError: it has characters that are not allowed, or is too long or empty.
    """
    if not _KEY_PART.fullmatch(text):
        raise ValueError(f"{text!r} is no part of a key: use 1 to 96 of A-Z, a-z, 0-9, '_.-'.")
    return text


class Entity(StoredModel):
    """A model that is stored under its own path.

    Its identity is the field ``key``. What is stored names it only if it was given there:
    the path is what counts.
    """

    _stored_key: ClassVar[str | None] = None
    """How stored JSON spells the key; None if new entities leave it to the path."""

    def mark_unset(self) -> None:
        """Leave the key to the path, for entities whose stored form has none."""
        if self._stored_key is None:
            self.model_fields_set.discard("key")

    def to_dict(self) -> dict[str, Any]:
        """Return the stored form of the entity; see StoredModel."""
        named = "key" in self.model_fields_set
        data = super().to_dict()
        if not named:
            self.model_fields_set.discard("key")
            del data["key"]
        elif self._stored_key is not None:
            del data["key"]
            data[self._stored_key] = self.__dict__["key"]
        return data

    @classmethod
    def key_in(cls, data: Mapping[str, Any]) -> Any:
        """Return the key that stands in a dict of an entity's fields; None if there is none."""
        return data.get(cls._stored_key or "key", data.get("key"))

    @classmethod
    def from_stored(cls: type[EntityT], text: str, key: Any, path: str) -> EntityT:
        """Read an entity.

        Args:
            text: the stored text.
            key: the identity given by its path.
            path: where it is stored, for the error message.

        Raises:
            ValueError: the stored value is not such an entity.
        """
        if cls._stored_key is not None:
            try:
                model = cls.model_validate_json(text, context=_STORED)
            except ValidationError:
                # It may lack only its key. Asking first would mean parsing everything twice.
                pass
            else:
                if model.__dict__["key"] != key:
                    model.__dict__["key"] = key
                return model
        return cls.from_stored_value(decode(text, path), key, path)

    @classmethod
    def from_stored_value(cls: type[EntityT], data: Any, key: Any, path: str) -> EntityT:
        """Make an entity of a JSON value; the rules for new entities do not apply.

        Args:
            data: the value.
            key: the identity given by its path.
            path: where it is stored, for the error message.

        Raises:
            ValueError: the value is not such an entity.
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
        model.__dict__["key"] = key
        return model

    @classmethod
    def _from_old_release(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Convert the form in which an old release stored the entity to that of today."""
        return data


def faults(error: ValidationError) -> str:
    """Return what is wrong with a value, on one line as logs have it."""
    found = []
    for each in error.errors(include_url=False, include_context=False):
        where = ".".join(str(part) for part in each["loc"])
        found.append(f"{where}: {each['msg']}" if where else each["msg"])
    return "; ".join(found)


def rename_keys(data: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a dict with some of its keys renamed; a new name that is there already wins."""
    renamed = {new: data[old] for old, new in names.items() if old in data and new not in data}
    return {
        name: value for name, value in data.items() if names.get(name) not in renamed
    } | renamed
