"""Reads of the newest revision that take several calls."""

from __future__ import annotations

from collections.abc import Callable

from .store import Compacted, Reply

__all__ = ["read_again_if_compacted"]


def read_again_if_compacted(read: Callable[[], Reply], revision: int) -> Reply:
    """Read, and once more whenever what was the newest revision is compacted between two calls.

    Args:
        read: reads all of it, the first call at the revision, the others at that of the first.
        revision: the revision that was asked for, 0 for the newest.

    Raises:
        Compacted: the revision asked for is no longer kept.
        ConfigConnectionError: no answer within the time-out.
    """
    while True:
        try:
            return read()
        except Compacted:
            # Who asked for the newest revision is given a newer one.
            if revision:
                raise
