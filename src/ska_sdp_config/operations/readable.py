"""Listings without invalid values."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from ska_sdp_config.operations.context import Context
from ska_sdp_config.store.keys import key_of_path

__all__ = ["readable"]

LOGGER = logging.getLogger(__name__)

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


def readable(
    context: Context, path: str, key: KeyT, read: Callable[[str, str], ValueT], text: str
) -> Iterator[tuple[KeyT, ValueT]]:
    """Yield a key with its value, or log a warning if the value is invalid.

    Without this, one corrupt value would make the whole listing fail. Each written value is
    logged once for a Config: its watchers may list it after every change. ``read`` converts text
    and path to the value, or raises ValueError.
    """
    try:
        value = read(text, path)
    except ValueError as error:
        revision = context.raw.reads.keys.get(key_of_path(path), 0)
        if context.unreadable.get(path) != revision:
            context.unreadable[path] = revision
            LOGGER.warning("Leaving %s out of a listing: %s", path, error)
    else:
        yield key, value
