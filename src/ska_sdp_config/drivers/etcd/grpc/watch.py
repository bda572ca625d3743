"""One watch stream for all watches of a Config, replaced when it breaks.

What is watched, and from which revision on, is kept here; the stream is only the means.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd import errors
from ska_sdp_config.drivers.etcd.attempts import WATCH_PROVEN_AFTER_S, watch_pauses
from ska_sdp_config.drivers.etcd.grpc.channel import Channel
from ska_sdp_config.drivers.etcd.grpc.codec import data_of
from ska_sdp_config.drivers.etcd.grpc.connection import Etcd
from ska_sdp_config.drivers.etcd.grpc.stream import CancelledByServer, Ending, EtcdWatch, Stream
from ska_sdp_config.drivers.etcd.grpc.stream_watchdog import StreamWatchdog
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.interface import Sink
from ska_sdp_config.store.keys import Span

__all__ = ["WatchStream"]

LOGGER = logging.getLogger(__name__)

OFTEN_HELD_UP = 2
"""After so many streams in a row that did not get through, changes are given up for lost."""


class WatchStream:
    """All watches on one connection. Its threads run while there are any."""

    def __init__(self, etcd: Etcd) -> None:
        self._etcd = etcd
        # Whoever holds it may be made to collect garbage, and so to end a watch: a watcher that
        # was left behind.
        self._lock = threading.RLock()
        self._watches: list[EtcdWatch] = []
        self._stream: Stream | None = None
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def add(self, span: Span, from_revision: int, sink: Sink) -> EtcdWatch:
        """Start a watch.

        Raises:
            ConfigConnectionError: the connection is closed.
        """
        watch = EtcdWatch(span, from_revision, sink, self.remove)
        with self._lock:
            if self._etcd.closed:
                raise self._etcd.closed_error()
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="config-watch", daemon=True)
                thread.start()
                self._thread = thread
            self._watches.append(watch)
            if self._stream is not None:
                self._stream.create(watch)
        return watch

    def remove(self, watch: EtcdWatch) -> None:
        """End a watch, and with the last one the stream."""
        with self._lock:
            if watch not in self._watches:
                return
            self._watches.remove(watch)
            # To be had once, as this may be called while it runs.
            stream = self._stream
            if stream is None:
                return
            if self._watches:
                stream.cancel(watch)
            else:
                # What is watched from now on goes to a stream of its own.
                stream.end(Ending.UNUSED)
                self._stream = None

    def join(self) -> None:
        """Wait for the thread to end, after the connection was closed."""
        self._ended.set()
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def leave_to_parent(self) -> None:
        """Forget watches, threads and locks of the process that this one was forked from."""
        self._lock = threading.RLock()
        self._thread = None
        self._stream = None
        self._watches = []

    def _run(self) -> None:
        pauses, pause, is_trouble = watch_pauses(), 0.0, False
        while True:
            self._ended.wait(pause)
            stream: Stream | None = None
            try:
                with self._etcd.channel() as channel:
                    stream = self._begin()
                    if stream is None:
                        return
                    broke = self._listen(channel, stream)
            except ConfigConnectionError:
                # It was closed.
                with self._lock:
                    self._thread = None
                return
            except Exception as exc:
                # Whatever it is: nobody else would ever listen.
                LOGGER.exception("Watching the database failed.")
                broke = repr(exc)
            if stream and (stream.told or time.monotonic() - stream.began > WATCH_PROVEN_AFTER_S):
                pauses, pause, is_trouble = watch_pauses(), 0.0, False
            if broke:
                self._etcd.connection.counts.count("watches_resumed")
                pause = next(pauses)
                level = logging.DEBUG if is_trouble else logging.WARNING
                LOGGER.log(level, "The watch on the database broke (%s); resuming it.", broke)
                is_trouble = True

    def _begin(self) -> Stream | None:
        """Get a stream that asks for all watches; None, and the thread ends, if there are none."""
        stream = Stream()
        with self._lock:
            # First of all, so that the last watch ends it whenever that is removed.
            self._stream = stream
            if not self._watches or self._etcd.closed:
                self._stream = self._thread = None
                return None
            for watch in list(self._watches):
                stream.create(watch)
            return stream

    def _listen(self, channel: Channel, stream: Stream) -> str:
        """Deliver until the stream ends; say why, if it broke."""

        def heard() -> None:
            channel.heard = stream.heard
            self._etcd.connection.counts.watch_heard()
            self._etcd.connection.answered()
            self._etcd.connection.precedence.let_pass()

        def newest(span: Span) -> int:
            request = etcdrpc.RangeRequest(key=data_of(span.begin), count_only=True)
            timeout = self._etcd.settings.timeout
            answer = self._etcd.ask_on(channel, "KV", "Range", request, timeout)
            revision: int = answer.header.revision
            return revision

        watchdog = StreamWatchdog(self._etcd, channel, stream)
        words = "the server ended it"
        try:
            with watchdog:
                stream.listen(lambda requests: self._etcd.watch(channel, requests), heard, newest)
        except CancelledByServer as exc:
            # Of a login that has expired, too, the server says no more than that it may not.
            self._etcd.forget_login()
            return f"the server would not watch: {exc}"
        except grpc.RpcError as exc:
            words = errors.words_of(exc)
        finally:
            with self._lock:
                if self._stream is stream:
                    self._stream = None
        if stream.ended in (Ending.UNUSED, Ending.REPLACED) or self._etcd.closed:
            return ""
        if stream.ended is Ending.HELD_UP:
            self._skip_what_is_held_up(watchdog.revision)
            return str(stream.ended.value)
        if stream.ended is Ending.WENT_BACK:
            self._go_back(watchdog.ahead, watchdog.revision)
            return str(stream.ended.value)
        self._etcd.connection.failed()
        if stream.ended is Ending.SILENT or len(self._etcd.settings.endpoints) > 1:
            self._etcd.replace(channel)
        return str(stream.ended.value) if stream.ended else words

    def _skip_what_is_held_up(self, revision: int) -> None:
        with self._lock:
            held_up = [watch for watch in list(self._watches) if watch.held_up >= OFTEN_HELD_UP]
        for watch in held_up:
            LOGGER.warning(
                "Changes up to revision %d do not come through; looking anew.", revision
            )
            watch.skip(revision)

    def _go_back(self, watches: Sequence[EtcdWatch], revision: int) -> None:
        LOGGER.warning(
            "The database is at revision %d, before what it has told: it was restored from an "
            "older copy, or is another one; looking anew.",
            revision,
        )
        for watch in watches:
            watch.skip(revision)
