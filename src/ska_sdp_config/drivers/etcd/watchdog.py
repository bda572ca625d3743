"""Detection of watch streams that are idle, dead, stalled or of a regressed database.

An idle stream is asked for its progress. A missing reply alone proves nothing: it queues behind
a large backlog. The stream counts as dead if a read on the same channel is not answered either,
and as stalled if that read returns changes that the stream should have delivered.

A database that was restored from an older backup, or that lost its data, delivers nothing until
it reaches the revision to resume from. The same read detects that.
"""

from __future__ import annotations

import logging
import threading
import time

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd import codec, errors
from ska_sdp_config.drivers.etcd.client import Etcd
from ska_sdp_config.drivers.etcd.grpc.channel import Channel
from ska_sdp_config.drivers.etcd.grpc.stream import Ending, EtcdWatch, Stream
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.keys import EVERYTHING

__all__ = ["StreamWatchdog"]

LOGGER = logging.getLogger(__name__)

REQUEST_PROGRESS_AFTER = 1.5
"""Idle time, in seconds, after which progress is requested."""

PROBE_AFTER = 3.0
"""Idle time, in seconds, after which the channel is probed by a read."""

PROBE_DEADLINE = 4.8
"""Idle time, in seconds, by which the probe must have been answered."""

MAX_WATCHES_PER_PROBE = 100
"""Below etcd's default limit of 128 operations in a transaction."""

CHECK_INTERVAL = 1.0
"""Longest time between two checks of the stream, in seconds."""


class StreamWatchdog:
    """Context manager that supervises one stream on its own thread.

    Attributes:
        revision: newest revision returned by a probe.
        ahead: watches whose delivered changes are newer than the database.
    """

    def __init__(self, etcd: Etcd, channel: Channel, stream: Stream) -> None:
        self.revision = 0
        self.ahead: list[EtcdWatch] = []
        self._etcd = etcd
        self._channel = channel
        self._stream = stream
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="config-watchdog", daemon=True)

    def __enter__(self) -> StreamWatchdog:
        # The thread may outlive the stream by one probe, so it needs its own reference.
        self._channel.borrow()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # The thread is not joined: it may be waiting for a probe, which has a timeout.
        self._stopped.set()

    def _run(self) -> None:
        with self._channel:
            self._supervise()

    def _supervise(self) -> None:
        asked = 0.0
        while not self._stopped.is_set():
            now = time.monotonic()
            idle = now - self._stream.last_received
            if self._channel.retired:
                self._stream.end(Ending.REPLACED)
            elif idle >= PROBE_AFTER or self._stream.may_be_regressed:
                self._probe()
            elif idle >= REQUEST_PROGRESS_AFTER and asked <= self._stream.last_received:
                asked = now
                self._etcd.connection.asked()
                self._stream.request_progress()
            next_step = REQUEST_PROGRESS_AFTER if idle < REQUEST_PROGRESS_AFTER else PROBE_AFTER
            self._stopped.wait(min(CHECK_INTERVAL, max(0.01, next_step - idle)))

    def _probe(self) -> None:
        last_received = self._stream.last_received
        try:
            timeout = max(0.1, last_received + PROBE_DEADLINE - time.monotonic())
            stalled = self._find_stalled(timeout)
        except ConfigConnectionError:
            # The Config was closed.
            return
        except grpc.RpcError as exc:
            if errors.is_silence(exc):
                LOGGER.debug("A read beside the watch was not answered: %s", exc.details())
                if self._stream.last_received == last_received:
                    self._stream.end(Ending.SILENT)
                return
            # A rejection is an answer too: the channel works.
            stalled = []
        self._stream.may_be_regressed = False
        if self.ahead:
            self._stream.end(Ending.REGRESSED)
            return
        if self._stream.last_received == last_received:
            self._stream.last_received = time.monotonic()
            if stalled:
                for watch in stalled:
                    watch.stalled += 1
                self._stream.end(Ending.STALLED)

    def _find_stalled(self, timeout: float) -> list[EtcdWatch]:
        """Return the watches that have not delivered changes which the database holds."""
        watches = self._stream.watches()[:MAX_WATCHES_PER_PROBE]
        # Copied before the read, whose result is at least as new.
        next_revisions = [watch.next_revision for watch in watches]
        reads = [codec.written_since(watch.span, watch.next_revision) for watch in watches]
        request = etcdrpc.TxnRequest(success=reads)
        answer = self._etcd.call_on(self._channel, "KV", "Txn", request, timeout)
        self.revision = answer.header.revision
        self.ahead = [
            watch
            for watch, next_revision in zip(watches, next_revisions, strict=True)
            if self.revision + 1 < next_revision
        ]
        return [
            watch
            for watch, read in zip(watches, answer.responses, strict=True)
            if read.response_range.kvs
            or (watch.span == EVERYTHING and watch.next_revision <= self.revision)
        ]
