"""Listings without invalid values."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

__all__ = ["readable"]

LOGGER = logging.getLogger(__name__)

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


def readable(
    path: str, key: KeyT, read: Callable[[str, str], ValueT], text: str
) -> Iterator[tuple[KeyT, ValueT]]:
    """Yield a key with its value, or log a warning if the value is invalid.

    Without this, one corrupt value would make the whole listing fail.

    Args:
        path: the path of the value.
        key: the key.
        read: converts text and path to the value, or raises ValueError.
        text: the stored text.
    """
    try:
        value = read(text, path)
    except ValueError as error:
        LOGGER.warning("Leaving %s out of a listing: %s", path, error)
    else:
        yield key, value
