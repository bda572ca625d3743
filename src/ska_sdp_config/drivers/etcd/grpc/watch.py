"""Watch stream shared by all watches of a Config, replaced when it fails.

The watches and their revisions are kept outside the stream, so that another one can resume.
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

MAX_STALLED_STREAMS = 2
"""Consecutive stalled streams after which a gap is reported."""


class WatchStream:
    """All watches on one connection. Its thread runs while there are any."""

    def __init__(self, etcd: Etcd) -> None:
        self._etcd = etcd
        # Reentrant: garbage collection while it is held may cancel a watch.
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
        """Cancel a watch, and end the stream after the last one."""
        with self._lock:
            if watch not in self._watches:
                return
            self._watches.remove(watch)
            # Read once: garbage collection may call this method while it runs.
            stream = self._stream
            if stream is None:
                return
            if self._watches:
                stream.cancel(watch)
            else:
                # Watches added from now on use another stream.
                stream.end(Ending.UNUSED)
                self._stream = None

    def join(self) -> None:
        """Wait for the thread to end, after the connection was closed."""
        self._ended.set()
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        pauses, pause, is_repeated = watch_pauses(), 0.0, False
        while True:
            self._ended.wait(pause)
            stream: Stream | None = None
            try:
                with self._etcd.channel() as channel:
                    stream = self._open_stream()
                    if stream is None:
                        return
                    cause = self._receive(channel, stream)
            except ConfigConnectionError:
                # The Config was closed.
                with self._lock:
                    self._thread = None
                return
            except Exception as exc:
                # Without this thread, no watch would ever receive changes again.
                LOGGER.exception("Watching the database failed.")
                cause = repr(exc)
            if stream and (
                stream.has_delivered or time.monotonic() - stream.began > WATCH_PROVEN_AFTER_S
            ):
                pauses, pause, is_repeated = watch_pauses(), 0.0, False
            if cause:
                self._etcd.connection.counts.count("watches_resumed")
                pause = next(pauses)
                level = logging.DEBUG if is_repeated else logging.WARNING
                LOGGER.log(level, "The watch on the database broke (%s); resuming it.", cause)
                is_repeated = True

    def _open_stream(self) -> Stream | None:
        """Return a stream that requests all watches; None if there are none: the thread ends."""
        stream = Stream()
        with self._lock:
            # Set first, so that removing the last watch ends the stream at any time.
            self._stream = stream
            if not self._watches or self._etcd.closed:
                self._stream = self._thread = None
                return None
            for watch in list(self._watches):
                stream.create(watch)
            return stream

    def _receive(self, channel: Channel, stream: Stream) -> str:
        """Deliver changes until the stream ends; return the cause if it failed, else nothing."""

        def on_response() -> None:
            channel.last_received = stream.last_received
            self._etcd.connection.counts.watch_heard()
            self._etcd.connection.answered()

        def newest_revision(span: Span) -> int:
            request = etcdrpc.RangeRequest(key=data_of(span.begin), count_only=True)
            timeout = self._etcd.settings.timeout
            answer = self._etcd.call_on(channel, "KV", "Range", request, timeout)
            revision: int = answer.header.revision
            return revision

        watchdog = StreamWatchdog(self._etcd, channel, stream)
        words = "the server ended it"
        try:
            with watchdog:
                stream.receive(
                    lambda requests: self._etcd.watch(channel, requests),
                    on_response,
                    newest_revision,
                )
        except CancelledByServer as exc:
            # The server gives the same reason for an expired token.
            self._etcd.discard_login()
            return f"the server rejected the watch: {exc}"
        except grpc.RpcError as exc:
            words = errors.words_of(exc)
        finally:
            with self._lock:
                if self._stream is stream:
                    self._stream = None
        if stream.ended in (Ending.UNUSED, Ending.REPLACED) or self._etcd.closed:
            return ""
        if stream.ended is Ending.STALLED:
            self._skip_stalled(watchdog.revision)
            return str(stream.ended.value)
        if stream.ended is Ending.REGRESSED:
            self._skip_regressed(watchdog.ahead, watchdog.revision)
            return str(stream.ended.value)
        self._etcd.connection.failed()
        if stream.ended is Ending.SILENT or len(self._etcd.settings.endpoints) > 1:
            self._etcd.replace(channel)
        return str(stream.ended.value) if stream.ended else words

    def _skip_stalled(self, revision: int) -> None:
        with self._lock:
            stalled = [
                watch for watch in list(self._watches) if watch.stalled >= MAX_STALLED_STREAMS
            ]
        for watch in stalled:
            LOGGER.warning("Changes up to revision %d are not delivered; reloading.", revision)
            watch.skip(revision)

    def _skip_regressed(self, watches: Sequence[EtcdWatch], revision: int) -> None:
        LOGGER.warning(
            "The database is at revision %d, which is older than the changes it delivered: it was "
            "restored from an older backup, or is another database; reloading.",
            revision,
        )
        for watch in watches:
            watch.skip(revision)
