"""Listings that leave out what cannot be read."""

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
    """Yield a key with its value, or log a warning if the value cannot be read.

    Without this, one damaged value would hide all others of a listing.

    Args:
        path: where the value is stored.
        key: the key.
        read: returns the value, given its text and path, or raises ValueError.
        text: the stored text.
    """
    try:
        value = read(text, path)
    except ValueError as error:
        LOGGER.warning("Leaving %s out of a listing: %s", path, error)
    else:
        yield key, value
