"""Fields whose stored form is assumed: new values are validated, stored ones are kept."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import (
    PlainSerializer,
    StrictFloat,
    StrictInt,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from ska_sdp_config.entity.base import EntityKey, is_stored

__all__ = ["AnyDict", "Quantity", "Text", "read_link", "write_link"]

KeyT = TypeVar("KeyT", bound=EntityKey)


def _keep_stored(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Validate a value, but keep a stored one of any type."""
    try:
        return handler(value)
    except ValidationError:
        if is_stored(info):
            return value
        raise


def _as_it_is(value: Any) -> Any:
    return value


Quantity = Annotated[
    StrictInt | StrictFloat,
    WrapValidator(_keep_stored),
    PlainSerializer(_as_it_is, when_used="json"),
]
"""Number; a stored value that is no number is kept."""

Text = Annotated[str, WrapValidator(_keep_stored), PlainSerializer(_as_it_is, when_used="json")]
"""Text; a stored value that is no text is kept."""

AnyDict = Annotated[
    dict[str, Any], WrapValidator(_keep_stored), PlainSerializer(_as_it_is, when_used="json")
]
"""JSON object; a stored value that is no object is kept."""


def read_link(root: str, key_class: type[KeyT]) -> WrapValidator:
    """Return the validator of a field that holds the key of another entity.

    The key is stored as the path of the entity, without the global prefix. It is also accepted as
    that path, or as the text of the key. A stored value that is no such path is kept.

    Args:
        root: start of the paths, such as ``/resource/``.
        key_class: model of the keys.
    """

    def read(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            return _keep_stored(value, handler, info)
        if not is_stored(info):
            return key_class.from_text(value.removeprefix(root))
        if not value.startswith(root):
            return value
        try:
            return key_class.from_text(value.removeprefix(root), stored=True)
        except ValueError:
            return value

    return WrapValidator(read)


def write_link(root: str, key_class: type[KeyT]) -> PlainSerializer:
    """Return the serializer of a field that holds the key of another entity; see read_link."""

    def write(key: Any) -> Any:
        return f"{root}{key}" if isinstance(key, key_class) else key

    return PlainSerializer(write, when_used="json")
