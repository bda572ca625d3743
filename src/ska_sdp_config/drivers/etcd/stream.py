"""Watch stream: one call that delivers all changes of the store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from enum import Enum
from typing import Any

from ska_sdp_config.drivers.etcd.channel import WatchCall

__all__ = ["Ending", "Stream"]


class Ending(Enum):
    """Reason why a stream ended, if the client ended it or if its failure is no outage."""

    UNUSED = "there are no watches left"
    REPLACED = "its connection was replaced"
    REWOUND = "a watch needs earlier changes"
    COMPACTED = "its changes were compacted"
    RESTORED = "the database has other changes than those that it delivered"
    SILENT = "it timed out"
    STALLED = "it does not deliver existing changes"
    TOO_LARGE = "a response is too large to be sent or received whole"
    REGRESSED = "the database is older than the changes that it delivered"
    UNCHECKED = "its check failed"


class Stream:
    """One watch call, until it ends or fails.

    Attributes:
        last_received: time of the last response, on the monotonic clock.
        has_received: whether there was a response.
        was_complete: whether it has delivered all changes that the database had at some time.
        revision_at_start: revision of the database when the stream was opened, 0 until a response.
        next_revision: first revision not yet delivered. Only events advance it.
        may_be_regressed: whether the member has not reached the revision to resume from. Either
            it lags behind the other members, or the database was restored.
        ended: reason for which the client ended it, if it did.
    """

    def __init__(self, call: WatchCall, next_revision: int) -> None:
        self.last_received = time.monotonic()
        self.has_received = False
        self.was_complete = False
        self.revision_at_start = 0
        self.next_revision = next_revision
        self.may_be_regressed = False
        self.ended: Ending | None = None
        self._call = call

    def __iter__(self) -> Iterator[Any]:
        for response in self._call:
            self.last_received = time.monotonic()
            self.has_received = True
            yield response

    def end(self, why: Ending) -> None:
        """End the stream."""
        self.ended = self.ended or why
        self._call.cancel()

    def close(self) -> None:
        """Release the call after the stream has ended."""
        self._call.cancel()
