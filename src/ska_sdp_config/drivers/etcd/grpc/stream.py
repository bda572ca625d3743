"""Bidirectional watch stream that carries the watches of a Config.

The server assigns watch IDs in the order of the create requests. It delivers the events of one
watch in the order of revisions, and all events of a revision in one response.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd import codec
from ska_sdp_config.store.interface import Sink
from ska_sdp_config.store.keys import Span

__all__ = ["CancelledByServer", "Ending", "EtcdWatch", "Stream"]

LOGGER = logging.getLogger(__name__)


class CancelledByServer(Exception):
    """The server cancelled a watch; the message is its reason."""


class Ending(Enum):
    """Reason for which the client ended a stream."""

    UNUSED = "there are no watches left"
    REPLACED = "its connection was replaced"
    SILENT = "it timed out"
    STALLED = "it does not deliver existing changes"
    REGRESSED = "the database is older than the changes that it delivered"


class EtcdWatch:
    """Watch on a span; see Watch.

    Attributes:
        span: the keys that are watched.
        next_revision: first revision not yet delivered. Only events and full reads advance it:
            a progress reply may overtake events.
        sink: receives the changes.
        cancelled: whether the client cancelled it.
        stalled: number of consecutive streams that did not deliver existing changes.
    """

    def __init__(
        self, span: Span, from_revision: int, sink: Sink, remove: Callable[[EtcdWatch], None]
    ) -> None:
        self.span = span
        self.next_revision = from_revision
        self.sink = sink
        self.cancelled = False
        self.stalled = 0
        self._remove = remove

    def cancel(self) -> None:
        """Cancel the watch; see Watch."""
        self.cancelled = True
        self._remove(self)

    def skip(self, revision: int) -> None:
        """Report a gap up to a revision, and resume after it."""
        self.next_revision = revision + 1
        self.stalled = 0
        if not self.cancelled:
            self.sink.gap(revision)


class Stream:
    """Watch stream, until it ends or fails.

    Attributes:
        began: time of creation, on the monotonic clock.
        last_received: time of the last response, on the monotonic clock.
        has_delivered: whether it delivered any change.
        may_be_regressed: whether the member has not reached the revision to resume from. Either
            it lags behind the other members, or the database was restored.
        ended: reason for which the client ended it, if it did.
    """

    def __init__(self) -> None:
        self.began = self.last_received = time.monotonic()
        self.has_delivered = False
        self.may_be_regressed = False
        self.ended: Ending | None = None
        # Reentrant: garbage collection while it is held may cancel a watch.
        self._lock = threading.RLock()
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._unnumbered: deque[EtcdWatch] = deque()
        self._by_id: dict[int, EtcdWatch] = {}
        self._call: Any = None
        self._newest_revision: Callable[[Span], int] = lambda span: 0

    def create(self, watch: EtcdWatch) -> None:
        """Request a watch."""
        with self._lock:
            self._unnumbered.append(watch)
            # Start one revision earlier and discard what is delivered again. If exactly the next
            # revision is compacted, etcd before 3.5.15 loses a deletion (etcd issue 19179), and
            # a watch from there would receive neither the deletion nor a compaction error.
            begin = max(1, watch.next_revision - 1)
            self._requests.put(codec.create_watch(watch.span, begin))

    def cancel(self, watch: EtcdWatch) -> None:
        """Request the cancellation of a watch."""
        with self._lock:
            for number, known in self._by_id.items():
                if known is watch:
                    request = etcdrpc.WatchCancelRequest(watch_id=number)
                    self._requests.put(etcdrpc.WatchRequest(cancel_request=request))

    def request_progress(self) -> None:
        """Request a progress notification."""
        request = etcdrpc.WatchProgressRequest()
        self._requests.put(etcdrpc.WatchRequest(progress_request=request))

    def watches(self) -> list[EtcdWatch]:
        """Return the watches of this stream."""
        with self._lock:
            return [*self._unnumbered, *self._by_id.values()]

    def end(self, why: Ending) -> None:
        """End the stream."""
        with self._lock:
            self.ended = self.ended or why
            call = self._call
        if call is not None:
            call.cancel()

    def receive(
        self,
        open_call: Callable[[Iterator[Any]], Any],
        on_response: Callable[[], None],
        newest_revision: Callable[[Span], int],
    ) -> None:
        """Deliver events to the sinks of the watches, until the stream ends.

        Args:
            open_call: opens the gRPC call that sends the given requests.
            on_response: is called on every response.
            newest_revision: reads the newest revision, with access to a span.

        Raises:
            grpc.RpcError: the stream failed, or was ended.
            CancelledByServer: the server cancelled a watch.
        """
        self._newest_revision = newest_revision
        call = open_call(iter(self._requests.get, None))
        try:
            with self._lock:
                self._call = call
                if self.ended:
                    call.cancel()
            for response in call:
                self.last_received = time.monotonic()
                on_response()
                self._on_response(response)
        finally:
            call.cancel()
            self._requests.put(None)

    def _on_response(self, response: Any) -> None:
        if response.created:
            with self._lock:
                watch = self._unnumbered.popleft()
                # The ID in the response to a rejected request may be that of another watch.
                if not response.canceled:
                    self._by_id[response.watch_id] = watch
            if response.header.revision + 1 < watch.next_revision:
                self.may_be_regressed = True
            if watch.cancelled:
                self.cancel(watch)
        if response.canceled:
            self._on_cancelled(response)
        elif response.events:
            self._on_events(response)

    def _on_events(self, response: Any) -> None:
        watch = self._by_id.get(response.watch_id)
        if watch is None:
            return
        changes = [
            change
            for change in codec.changes(response.events)
            if change.revision >= watch.next_revision
        ]
        if not changes:
            return
        self.has_delivered = True
        watch.stalled = 0
        watch.next_revision = changes[-1].revision + 1
        if not watch.cancelled:
            watch.sink.changed(changes)

    def _on_cancelled(self, response: Any) -> None:
        if response.created:
            raise CancelledByServer(response.cancel_reason)
        with self._lock:
            watch = self._by_id.pop(response.watch_id, None)
        if watch is None or watch.cancelled:
            return
        if not response.compact_revision:
            raise CancelledByServer(response.cancel_reason or "no reason given")
            # The compact revision in the response may be outdated by now.
        revision = self._newest_revision(watch.span)
        LOGGER.warning(
            "Changes up to revision %d were compacted before they were received; reloading.",
            revision,
        )
        watch.skip(revision)
        self.create(watch)
