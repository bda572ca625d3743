"""One watch stream: its requests, which watch each of its ids belongs to, and what it tells.

The server numbers watches in the order in which they are asked for. All that it tells of one
watch comes in the order of revisions, and all of one revision at once.
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

from ska_sdp_config.drivers.etcd.grpc import codec
from ska_sdp_config.store.interface import Sink
from ska_sdp_config.store.keys import Span

__all__ = ["CancelledByServer", "Ending", "EtcdWatch", "Stream"]

LOGGER = logging.getLogger(__name__)


class CancelledByServer(Exception):
    """The server ended a watch, not the connection; says why."""


class Ending(Enum):
    """Why a stream was ended from here."""

    UNUSED = "nothing is watched any more"
    REPLACED = "its connection was replaced"
    SILENT = "it fell silent"
    HELD_UP = "it does not tell of changes that there are"
    WENT_BACK = "the database is older than what it has told"


class EtcdWatch:
    """A watch in progress; see Watch.

    Attributes:
        span: what is watched.
        next_revision: from which revision on changes have not been delivered. It is moved by
            events and by full reads only: a progress reply may overtake events.
        sink: where changes are delivered.
        cancelled: whether it was ended.
        held_up: how many streams in a row did not deliver changes that there are.
    """

    def __init__(
        self, span: Span, from_revision: int, sink: Sink, remove: Callable[[EtcdWatch], None]
    ) -> None:
        self.span = span
        self.next_revision = from_revision
        self.sink = sink
        self.cancelled = False
        self.held_up = 0
        self._remove = remove

    def cancel(self) -> None:
        """End it; see Watch."""
        self.cancelled = True
        self._remove(self)

    def skip(self, revision: int) -> None:
        """Deliver that changes up to a revision were lost, and go on after it."""
        self.next_revision = revision + 1
        self.held_up = 0
        if not self.cancelled:
            self.sink.gap(revision)


class Stream:
    """A stream, until it ends or breaks.

    Attributes:
        began: when it was made, on the monotonic clock.
        heard: when something was last heard on it.
        told: whether it told of any change.
        seems_older: whether the member has not come to what is to be told next. It may lag
            behind the others, or the database has gone back.
        ended: why it was ended from here, if it was.
    """

    def __init__(self) -> None:
        self.began = self.heard = time.monotonic()
        self.told = False
        self.seems_older = False
        self.ended: Ending | None = None
        # As that of WatchStream.
        self._lock = threading.RLock()
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._unnumbered: deque[EtcdWatch] = deque()
        self._by_id: dict[int, EtcdWatch] = {}
        self._call: Any = None
        self._newest: Callable[[Span], int] = lambda span: 0

    def create(self, watch: EtcdWatch) -> None:
        """Ask for a watch."""
        with self._lock:
            self._unnumbered.append(watch)
            # From one revision earlier, which is told again and left out: when just the next
            # one is compacted, etcd before 3.5.15 forgets a deletion (its issue 19179), and a
            # watch from there would be told neither of that nor of the gap.
            begin = max(1, watch.next_revision - 1)
            self._requests.put(codec.create_watch(watch.span, begin))

    def cancel(self, watch: EtcdWatch) -> None:
        """Ask for the end of a watch."""
        with self._lock:
            for number, known in self._by_id.items():
                if known is watch:
                    request = etcdrpc.WatchCancelRequest(watch_id=number)
                    self._requests.put(etcdrpc.WatchRequest(cancel_request=request))

    def ask(self) -> None:
        """Ask whether it is alive: the server answers with its progress."""
        request = etcdrpc.WatchProgressRequest()
        self._requests.put(etcdrpc.WatchRequest(progress_request=request))

    def watches(self) -> list[EtcdWatch]:
        """Get what is watched by it."""
        with self._lock:
            return [*self._unnumbered, *self._by_id.values()]

    def end(self, why: Ending) -> None:
        """End it."""
        with self._lock:
            self.ended = self.ended or why
            call = self._call
        if call is not None:
            call.cancel()

    def listen(
        self,
        open_call: Callable[[Iterator[Any]], Any],
        heard: Callable[[], None],
        newest: Callable[[Span], int],
    ) -> None:
        """Deliver what it tells, until it ends.

        Args:
            open_call: opens the call that sends some requests.
            heard: is called when anything is heard.
            newest: gets the newest revision, from a read within a span.

        Raises:
            grpc.RpcError: it broke, or was ended.
            CancelledByServer: the server would not watch.
        """
        self._newest = newest
        call = open_call(iter(self._requests.get, None))
        try:
            with self._lock:
                self._call = call
                if self.ended:
                    call.cancel()
            for response in call:
                self.heard = time.monotonic()
                heard()
                self._take(response)
        finally:
            call.cancel()
            self._requests.put(None)

    def _take(self, response: Any) -> None:
        if response.created:
            with self._lock:
                watch = self._unnumbered.popleft()
                # One that is refused may come with the number of another.
                if not response.canceled:
                    self._by_id[response.watch_id] = watch
            if response.header.revision + 1 < watch.next_revision:
                self.seems_older = True
            if watch.cancelled:
                self.cancel(watch)
        if response.canceled:
            self._cancelled(response)
        elif response.events:
            self._changed(response)

    def _changed(self, response: Any) -> None:
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
        self.told = True
        watch.held_up = 0
        watch.next_revision = changes[-1].revision + 1
        if not watch.cancelled:
            watch.sink.changed(changes)

    def _cancelled(self, response: Any) -> None:
        if response.created:
            raise CancelledByServer(response.cancel_reason)
        with self._lock:
            watch = self._by_id.pop(response.watch_id, None)
        if watch is None or watch.cancelled:
            return
        if not response.compact_revision:
            raise CancelledByServer(response.cancel_reason or "for no reason that it gave")
        # The response says from which revision on changes are kept; they may be gone by now.
        revision = self._newest(watch.span)
        LOGGER.warning(
            "Changes up to revision %d were compacted before they were seen; looking anew.",
            revision,
        )
        watch.skip(revision)
        self.create(watch)
