"""One watch stream for all watches of a Config, replaced when it breaks.

What is watched, and from which revision on, is kept here; the stream is only the means. A
silent stream counts as broken: it is asked for its progress, and whether it answers at all is
what matters, as a progress reply may overtake events (a known fault of etcd before 3.5.8).
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import grpc
from pyetcd import etcdrpc

from ..common import ConfigConnectionError
from ..keys import Span
from ..store import Sink
from . import codec
from .connection import Etcd

__all__ = ["WatchStream"]

LOGGER = logging.getLogger(__name__)

PROGRESS_EVERY = 1.5
"""Seconds after which a stream is asked whether it is alive."""

SILENCE = 4.5
"""Seconds of silence after which a stream is given up."""

LONGEST_PAUSE = 2.0


class EtcdWatch:
    """A watch in progress; see Watch."""

    def __init__(self, stream: WatchStream, span: Span, from_revision: int, sink: Sink) -> None:
        self._stream = stream
        self.span = span
        self.next_revision = from_revision
        self.sink = sink
        self.cancelled = False

    def cancel(self) -> None:
        """End it; see Watch."""
        self.cancelled = True
        self._stream.remove(self)


class Attempt:
    """One stream: its requests, and which watch each of its ids belongs to."""

    def __init__(self) -> None:
        self.requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.unnumbered: deque[EtcdWatch] = deque()
        self.by_id: dict[int, EtcdWatch] = {}
        self.heard = time.monotonic()
        self.call: Any = None

    def create(self, watch: EtcdWatch) -> None:
        """Ask for a watch. The server numbers watches in the order of the requests."""
        self.unnumbered.append(watch)
        self.requests.put(codec.create_watch(watch.span, watch.next_revision))

    def cancel(self, watch: EtcdWatch) -> None:
        """Ask for the end of a watch."""
        for number, known in self.by_id.items():
            if known is watch:
                self.requests.put(
                    etcdrpc.WatchRequest(
                        cancel_request=etcdrpc.WatchCancelRequest(watch_id=number)
                    )
                )

    def outgoing(self) -> Iterator[Any]:
        """Yield requests, and in quiet times ask for progress."""
        while True:
            try:
                request = self.requests.get(timeout=PROGRESS_EVERY)
            except queue.Empty:
                if time.monotonic() - self.heard > SILENCE and self.call is not None:
                    self.call.cancel()
                    return
                request = etcdrpc.WatchRequest(progress_request=etcdrpc.WatchProgressRequest())
            if request is None:
                return
            yield request


class WatchStream:
    """All watches on one connection. Its thread runs while there are any."""

    def __init__(self, etcd: Etcd) -> None:
        self._etcd = etcd
        self._lock = threading.Lock()
        self._watches: list[EtcdWatch] = []
        self._attempt: Attempt | None = None
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def add(self, span: Span, from_revision: int, sink: Sink) -> EtcdWatch:
        """Start a watch."""
        watch = EtcdWatch(self, span, from_revision, sink)
        with self._lock:
            if self._etcd.closed:
                raise ConfigConnectionError("This Config is closed: make a new one.")
            self._watches.append(watch)
            if self._attempt is not None:
                self._attempt.create(watch)
            if self._thread is None:
                self._ended.clear()
                self._thread = threading.Thread(target=self._run, name="config-watch", daemon=True)
                self._thread.start()
        return watch

    def remove(self, watch: EtcdWatch) -> None:
        """End a watch, and with the last one the stream."""
        with self._lock:
            if watch not in self._watches:
                return
            self._watches.remove(watch)
            if self._attempt is None:
                return
            if self._watches:
                self._attempt.cancel(watch)
            elif self._attempt.call is not None:
                self._attempt.call.cancel()

    def join(self) -> None:
        """Wait for the thread to end, after the connection was closed."""
        self._ended.set()
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        pause = 0.0
        while True:
            self._ended.wait(pause)
            with self._lock:
                if not self._watches or self._etcd.closed:
                    self._thread = None
                    return
                attempt = self._attempt = Attempt()
                for watch in self._watches:
                    attempt.create(watch)
            try:
                self._listen(attempt)
            except (grpc.RpcError, ConfigConnectionError) as exc:
                if self._etcd.closed or not self._watches:
                    continue
                LOGGER.warning("The watch on the database broke (%s); resuming it.", _why(exc))
                self._etcd.connection.failed()
                self._etcd.next_member()
            except ValueError:
                # gRPC's way to say that the channel was closed, or replaced, under the call.
                LOGGER.debug("The watch's channel was closed.")
            finally:
                with self._lock:
                    self._attempt = None
                attempt.requests.put(None)
            # A stream that was of use is resumed at once; one that was not, after a while.
            was_useful = bool(attempt.by_id)
            pause = 0.05 if was_useful else min(LONGEST_PAUSE, max(0.1, 2 * pause))
            pause *= 0.5 + random.random() / 2

    def _listen(self, attempt: Attempt) -> None:
        call = self._etcd.watch(attempt.outgoing())
        with self._lock:
            attempt.call = call
            if not self._watches:
                call.cancel()
        try:
            for response in call:
                attempt.heard = time.monotonic()
                self._etcd.connection.answered()
                self._take(attempt, response)
        finally:
            call.cancel()

    def _take(self, attempt: Attempt, response: Any) -> None:
        if response.created:
            with self._lock:
                watch = attempt.unnumbered.popleft()
                attempt.by_id[response.watch_id] = watch
                if watch.cancelled:
                    attempt.cancel(watch)
        if response.canceled:
            self._ended_by_server(attempt, response)
            return
        known = attempt.by_id.get(response.watch_id)
        if known is None or not response.events:
            return
        changes = codec.changes(response.events)
        known.next_revision = changes[-1].revision + 1
        if not known.cancelled:
            known.sink.changed(changes)

    def _ended_by_server(self, attempt: Attempt, response: Any) -> None:
        with self._lock:
            watch = attempt.by_id.pop(response.watch_id, None)
        if watch is None or watch.cancelled:
            return
        if not response.compact_revision:
            self._etcd.forget_login()
            raise ConfigConnectionError(response.cancel_reason or "ended by the server")
        revision = response.header.revision
        LOGGER.warning(
            "Changes up to revision %d were compacted before they were seen; looking anew.",
            revision,
        )
        watch.next_revision = revision + 1
        with self._lock:
            attempt.create(watch)
        watch.sink.gap(revision)


def _why(exc: Exception) -> str:
    return str(exc.details() or exc.code().name) if isinstance(exc, grpc.RpcError) else str(exc)
