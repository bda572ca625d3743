"""Watches on the JSON gateway, each on a streaming response of its own.

The gateway may not report that a watch was cancelled, that its changes were compacted, or that it
has stopped. So an idle watch is compared with the store: a response that lags is replaced, and if
the next one lags too, a gap is reported.
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
from ska_sdp_config.drivers.etcd.gateway.comparison import Comparison, RevisionRegressed
from ska_sdp_config.drivers.etcd.gateway.faults import GatewayError
from ska_sdp_config.drivers.etcd.gateway.gateway import Gateway
from ska_sdp_config.drivers.etcd.gateway.sockets import Sockets
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.interface import Change, Compacted, Sink
from ska_sdp_config.store.keys import Span

__all__ = ["GatewayWatch", "Watches"]

LOGGER = logging.getLogger(__name__)

COMPARE_EVERY = 2.0
"""Idle time, in seconds, after which a watch is compared with the store."""

LAG_TIMEOUT_S = 1.0
"""Time, in seconds, within which a lagging watch must deliver."""

COMPARE_TIMEOUT_S = 5.0
"""Timeout of the reads of a comparison."""


class Watches:
    """All watches on a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        # Watches may share a sink, which must be called by one thread at a time.
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

    def remove(self, watch: GatewayWatch) -> None:
        """Remove a watch whose thread is about to end."""
        with self._lock:
            self._watches.remove(watch)

    def close(self) -> None:
        """Cancel all watches and join their threads, after the gateway was closed."""
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            watch.cancel()
        for watch in watches:
            if watch.thread is not threading.current_thread():
                watch.thread.join()


class GatewayWatch:
    """Watch on a span, with its own thread; see Watch."""

    def __init__(self, watches: Watches, span: Span, from_revision: int, sink: Sink) -> None:
        self._watches = watches
        self._gateway = watches.gateway
        self._span = span
        self._sink = sink
        self._session = self._gateway.session(Sockets(self._compare, COMPARE_EVERY))
        timeout = min(COMPARE_TIMEOUT_S, self._gateway.settings.timeout)
        read = partial(self._gateway.call, "kv/range", timeout=timeout, session=self._session)
        self._progress = Comparison(read, span, max(1, from_revision))
        self._fragments: list[Change] = []
        self._lags_since = 0
        self._lagging_responses = 0
        self._has_delivered = False
        self._ended = False
        # Not an Event, whose lock is not reentrant: garbage collection in a thread that waits
        # for it may cancel this watch.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="config-watch", daemon=True)

    def cancel(self) -> None:
        """Cancel the watch; see Watch."""
        self._ended = True
        self._wake.put(None)
        self._session.cut()

    def release(self) -> None:
        """Close the sockets of a watch whose thread could not be started."""
        self._session.close()

    def _run(self) -> None:
        pauses, pause, is_repeated = watch_pauses(), 0.0, False
        try:
            while not self._is_ended(pause):
                began, self._has_delivered = time.monotonic(), False
                try:
                    self._receive()
                except Compacted:
                    cause = "its changes were compacted"
                except RevisionRegressed:
                    cause = "it was of another database"
                except (GatewayError, ConfigConnectionError) as exc:
                    # Later calls determine the state of the connection.
                    cause = str(exc)
                if self._ended or self._gateway.closed:
                    return
                self._gateway.connection.counts.count("watches_resumed")
                if self._has_delivered or time.monotonic() - began > WATCH_PROVEN_AFTER_S:
                    pauses, is_repeated = watch_pauses(), False
                pause = next(pauses)
                level = logging.DEBUG if is_repeated else logging.WARNING
                LOGGER.log(level, "The watch on the database broke (%s); resuming it.", cause)
                is_repeated = True
        finally:
            self._session.close()
            self._watches.remove(self)

    def _is_ended(self, pause: float) -> bool:
        """Wait for the pause or the cancellation; return whether the watch was cancelled."""
        with suppress(queue.Empty):
            self._wake.get(timeout=pause)
        return self._ended

    def _receive(self) -> None:
        try:
            self._progress.begin()
        except Compacted:
            self._skip("Changes were compacted before they were received")
        except RevisionRegressed:
            self._skip(
                "The database is older than the changes it delivered: it was restored from an "
                "older backup, or is another database"
            )
        if self._lagging_responses > 1 and self._progress.is_behind():
            self._skip("Changes were not delivered")
        self._fragments = []
        self._lags_since = 0
        request = codec.create_watch(self._span, self._progress.next_revision)
        with self._gateway.stream("watch", request, self._session) as answers:
            for answer in answers:
                self._gateway.connection.counts.watch_heard()
                self._gateway.connection.answered()
                self._on_result(answer.get("result", {}))
        raise _broken("the server ended it")

    def _on_result(self, result: codec.Json) -> None:
        if result.get("canceled"):
            if result.get("compact_revision"):
                raise Compacted
            # The server gives the same reason for an expired token.
            self._gateway.discard_login()
            raise _broken(f"the server rejected the watch: {result.get('cancel_reason')}")
        self._fragments += codec.changes(result.get("events", ()))
        if result.get("fragment") or not self._fragments:
            return
        changes, self._fragments = self._fragments, []
        self._progress.take(changes)
        self._lagging_responses = 0
        self._has_delivered = True
        with self._watches.delivery:
            if not self._ended:
                self._sink.changed(changes)

    def _skip(self, why: str) -> None:
        revision = self._progress.skip()
        LOGGER.warning("%s; reloading at revision %d.", why, revision)
        with self._watches.delivery:
            if not self._ended:
                self._sink.gap(revision)

    def _compare(self) -> float:
        """Compare the watch with the store; return the seconds until the next comparison.

        Raises:
            GatewayError: the response must be replaced.
        """
        try:
            if not self._progress.is_behind():
                self._lags_since = 0
                self._gateway.connection.counts.watch_heard()
                return COMPARE_EVERY * (0.75 + random.random() / 4)
        except ConfigConnectionError as exc:
            raise _broken(str(exc)) from exc
        except RevisionRegressed as exc:
            raise _broken("it was of another database") from exc
        if self._lags_since == self._progress.next_revision:
            self._lagging_responses += 1
            raise _broken(f"it does not deliver revision {self._lags_since} or later")
        self._lags_since = self._progress.next_revision
        return LAG_TIMEOUT_S


def _broken(words: str) -> GatewayError:
    return GatewayError(grpc.StatusCode.UNAVAILABLE, words)
