"""Multi-call reads presented as a single consistent read."""

from __future__ import annotations

import time
from collections.abc import Callable

from ska_sdp_config.store.errors import Compacted, ConfigConnectionError, FutureRevision
from ska_sdp_config.store.interface import Reply

__all__ = ["Left", "read_in_calls"]

Left = Callable[[], float]
"""Returns the timeout of the next call in seconds, or raises ConfigConnectionError."""


def read_in_calls(
    read: Callable[[Left], Reply], revision: int, timeout: float, address: str
) -> Reply:
    """Read in several calls, and start again if the newest revision is lost between two calls.

    A revision is lost by a compaction, or by a restore of the database from an older copy.

    Args:
        read: reads everything: the first call at the revision, the others at that of the first.
        revision: the requested revision, 0 for the newest.
        timeout: timeout of all calls together, in seconds.
        address: address of the database, for the error message.

    Raises:
        Compacted: the requested revision was compacted.
        FutureRevision: the requested revision is in the future.
        ConfigConnectionError: no response within the timeout.
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
            # A read of the newest revision may return a newer one.
            if revision:
                raise
