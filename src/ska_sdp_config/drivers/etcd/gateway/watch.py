"""Watches, each on a response of its own without an end.

The gateway may not say that a watch was cancelled, that what it should tell was compacted, or
that it has stopped. So what has been told is compared, in quiet times, with what the store
holds: a response that owes something is given up for another one, and where that owes it too,
the changes are announced as lost (spec 2.6).
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from contextlib import suppress
from functools import partial

import grpc

from ska_sdp_config.drivers.etcd.attempts import WATCH_PROVEN_AFTER_S, watch_pauses
from ska_sdp_config.drivers.etcd.gateway import codec
from ska_sdp_config.drivers.etcd.gateway.comparison import Comparison, WentBack
from ska_sdp_config.drivers.etcd.gateway.faults import GatewayError
from ska_sdp_config.drivers.etcd.gateway.gateway import Gateway
from ska_sdp_config.drivers.etcd.gateway.sockets import Sockets
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.interface import Change, Compacted, Sink
from ska_sdp_config.store.keys import Span

__all__ = ["GatewayWatch", "Watches"]

LOGGER = logging.getLogger(__name__)

COMPARE_EVERY = 2.0
"""Seconds of quiet after which it is compared with the store."""

OWED_FOR = 1.0
"""Seconds in which what the store holds has to be told."""

COMPARE_WITHIN = 5.0
"""Seconds that the store may take to answer then."""


class Watches:
    """All watches on one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        # A sink of several watches is called by one thread at a time.
        self.delivery = threading.Lock()
        self._lock = threading.Lock()
        self._watches: list[GatewayWatch] = []

    def add(self, span: Span, from_revision: int, sink: Sink) -> GatewayWatch:
        """Start a watch.

        Raises:
            ConfigConnectionError: the gateway was closed.
        """
        watch = GatewayWatch(self, span, from_revision, sink)
        with self._lock:
            if self.gateway.closed:
                raise self.gateway.closed_error()
            try:
                watch.thread.start()
            except RuntimeError:
                watch.release()
                raise
            self._watches.append(watch)
        return watch

    def ended(self, watch: GatewayWatch) -> None:
        """Take notice that a watch's thread is about to end."""
        with self._lock:
            self._watches.remove(watch)

    def leave_to_parent(self) -> None:
        """Forget watches and locks of the process that this one was forked from."""
        self._lock = threading.Lock()
        for watch in self._watches:
            watch.leave_to_parent()
        self._watches = []

    def close(self) -> None:
        """End all watches and wait for their threads, after the gateway was closed."""
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            watch.cancel()
        for watch in watches:
            if watch.thread is not threading.current_thread():
                watch.thread.join()


class GatewayWatch:
    """A watch in progress, on a thread of its own; see Watch."""

    def __init__(self, watches: Watches, span: Span, from_revision: int, sink: Sink) -> None:
        self._watches = watches
        self._gateway = watches.gateway
        self._span = span
        self._sink = sink
        self._session = self._gateway.session(Sockets(self._compare, COMPARE_EVERY))
        timeout = min(COMPARE_WITHIN, self._gateway.settings.timeout)
        read = partial(self._gateway.call, "kv/range", timeout=timeout, session=self._session)
        self._progress = Comparison(read, span, max(1, from_revision))
        self._pieces: list[Change] = []
        self._owes_since = 0
        self._in_vain = 0
        self._was_of_use = False
        self._ended = False
        # Not an Event: who waits for one, with its lock, may be made to collect garbage, and so
        # to end this watch. A queue may be put to even then.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="config-watch", daemon=True)

    def cancel(self) -> None:
        """End it; see Watch."""
        self._ended = True
        self._wake.put(None)
        self._session.cut()

    def release(self) -> None:
        """Free the sockets of a watch whose thread could not be started."""
        self._session.close()

    def leave_to_parent(self) -> None:
        """Let go of the sockets, and be over; see Watches."""
        self._ended = True
        self._session.leave_to_parent()

    def _run(self) -> None:
        pauses, pause, is_trouble = watch_pauses(), 0.0, False
        try:
            while not self._is_ended(pause):
                began, self._was_of_use = time.monotonic(), False
                try:
                    self._listen()
                except Compacted:
                    broke = "what it should tell was compacted"
                except WentBack:
                    broke = "it was of another database"
                except (GatewayError, ConfigConnectionError) as exc:
                    # Whether the connection failed is told by the calls that come next.
                    broke = str(exc)
                if self._ended or self._gateway.closed:
                    return
                self._gateway.connection.counts.count("watches_resumed")
                if self._was_of_use or time.monotonic() - began > WATCH_PROVEN_AFTER_S:
                    pauses, is_trouble = watch_pauses(), False
                pause = next(pauses)
                level = logging.DEBUG if is_trouble else logging.WARNING
                LOGGER.log(level, "The watch on the database broke (%s); resuming it.", broke)
                is_trouble = True
        finally:
            self._session.close()
            self._watches.ended(self)

    def _is_ended(self, pause: float) -> bool:
        """Wait for a while, or for the end; tell whether it has come."""
        with suppress(queue.Empty):
            self._wake.get(timeout=pause)
        return self._ended

    def _listen(self) -> None:
        try:
            self._progress.begin()
        except Compacted:
            self._skip("Changes were compacted before they were seen")
        except WentBack:
            self._skip(
                "The database is before what it has told: it was restored from an older copy, or "
                "is another one"
            )
        if self._in_vain > 1 and self._progress.is_behind():
            self._skip("Changes were not told by a watch that should have")
        self._pieces = []
        self._owes_since = 0
        request = codec.create_watch(self._span, self._progress.next_revision)
        with self._gateway.stream("watch", request, self._session) as answers:
            for answer in answers:
                self._gateway.connection.counts.watch_heard()
                self._gateway.connection.answered()
                self._gateway.connection.precedence.let_pass()
                self._take(answer.get("result", {}))
        raise _broken("the server ended it")

    def _take(self, result: codec.Json) -> None:
        if result.get("canceled"):
            if result.get("compact_revision"):
                raise Compacted
            # Of a login that has expired, too, the server says no more than that it may not.
            self._gateway.forget_login()
            raise _broken(f"the server would not watch: {result.get('cancel_reason')}")
        self._pieces += codec.changes(result.get("events", ()))
        if result.get("fragment") or not self._pieces:
            return
        changes, self._pieces = self._pieces, []
        self._progress.take(changes)
        self._in_vain = 0
        self._was_of_use = True
        with self._watches.delivery:
            if not self._ended:
                self._sink.changed(changes)

    def _skip(self, why: str) -> None:
        revision = self._progress.skip()
        LOGGER.warning("%s; looking anew, at revision %d.", why, revision)
        with self._watches.delivery:
            if not self._ended:
                self._sink.gap(revision)

    def _compare(self) -> float:
        """Compare with the store, and get the seconds until the next time.

        Raises:
            GatewayError: the response is of no use any more.
        """
        try:
            if not self._progress.is_behind():
                self._owes_since = 0
                self._gateway.connection.counts.watch_heard()
                return COMPARE_EVERY * (0.75 + random.random() / 4)
        except ConfigConnectionError as exc:
            raise _broken(str(exc)) from exc
        except WentBack as exc:
            raise _broken("it was of another database") from exc
        if self._owes_since == self._progress.next_revision:
            self._in_vain += 1
            raise _broken(f"it does not tell of revision {self._owes_since} or later")
        self._owes_since = self._progress.next_revision
        return OWED_FOR


def _broken(words: str) -> GatewayError:
    return GatewayError(grpc.StatusCode.UNAVAILABLE, words)
