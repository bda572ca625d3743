"""Reads that take several calls, and are one to whom they are for."""

from __future__ import annotations

import time
from collections.abc import Callable

from ska_sdp_config.store.errors import ConfigConnectionError, FutureRevision
from ska_sdp_config.store.interface import Compacted, Reply

__all__ = ["Left", "read_in_calls"]

Left = Callable[[], float]
"""Gives the seconds that are left for the next call, or raises ConfigConnectionError."""


def read_in_calls(
    read: Callable[[Left], Reply], revision: int, timeout: float, address: str
) -> Reply:
    """Read, and once more whenever what was the newest revision is lost between two calls.

    It is lost when it is compacted, or when the database is restored from an older copy.

    Args:
        read: reads all of it, the first call at the revision, the others at that of the first.
        revision: the revision that was asked for, 0 for the newest.
        timeout: seconds that all calls together may take.
        address: where the database is, for the message when time is up.

    Raises:
        Compacted: the revision asked for is no longer kept.
        FutureRevision: the database has not come to the revision asked for.
        ConfigConnectionError: no answer within the time-out.
    """
    end = time.monotonic() + timeout

    def left() -> float:
        seconds = end - time.monotonic()
        if seconds <= 0:
            raise ConfigConnectionError(
                f"The database at {address} did not answer all of a read within {timeout:.3g} s: "
                "read less at once, or give it more time by SDP_CONFIG_TIMEOUT."
            )
        return seconds

    while True:
        try:
            return read(left)
        except (Compacted, FutureRevision):
            # Who asked for the newest revision is given a newer one.
            if revision:
                raise
