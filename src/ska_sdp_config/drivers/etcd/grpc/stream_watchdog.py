"""Tells a watch stream on which nothing happens from one on which nothing arrives.

A quiet stream is asked for its progress. A missing reply alone means nothing, as it waits its
turn behind a large backlog. It means silence if a read on the same channel goes unanswered too;
and the stream is held up if that read shows changes that it should have told of.

A database that was restored from an older copy, or that lost its data, has not come to what is to
be told next, and tells nothing until it has. That too is found out by such a read.
"""

from __future__ import annotations

import logging
import threading
import time

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd import errors
from ska_sdp_config.drivers.etcd.grpc import codec
from ska_sdp_config.drivers.etcd.grpc.channel import Channel
from ska_sdp_config.drivers.etcd.grpc.connection import Etcd
from ska_sdp_config.drivers.etcd.grpc.stream import Ending, EtcdWatch, Stream
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.keys import EVERYTHING

__all__ = ["StreamWatchdog"]

LOGGER = logging.getLogger(__name__)

ASK_AFTER = 1.5
"""Seconds of quiet after which a stream is asked for its progress."""

DOUBT_AFTER = 3.0
"""Seconds of quiet after which its channel is tried by a read."""

SILENCE = 4.8
"""Seconds of quiet after which that read must have been answered."""

AT_ONCE = 100
"""How many watches are looked after by one read: below etcd's bound of 128 for a transaction."""

LOOK_EVERY = 1.0
"""Seconds after which it is looked at, at the latest."""


class StreamWatchdog:
    """Watches over one stream on a thread of its own, as a context manager.

    Attributes:
        revision: the newest revision that is known from a read.
        ahead: the watches that were told of more than the database holds.
    """

    def __init__(self, etcd: Etcd, channel: Channel, stream: Stream) -> None:
        self.revision = 0
        self.ahead: list[EtcdWatch] = []
        self._etcd = etcd
        self._channel = channel
        self._stream = stream
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="config-watchdog", daemon=True)

    def __enter__(self) -> StreamWatchdog:
        # It may outlive the stream by one read, and then the watch's hold on the channel.
        self._channel.borrow()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Its thread is not waited for: it may be waiting for an answer, which has a bound.
        self._over.set()

    def _run(self) -> None:
        with self._channel:
            self._look_after_it()

    def _look_after_it(self) -> None:
        asked = 0.0
        while not self._over.is_set():
            now = time.monotonic()
            quiet = now - self._stream.heard
            if self._channel.retired:
                self._stream.end(Ending.REPLACED)
            elif quiet >= DOUBT_AFTER or self._stream.seems_older:
                self._doubt()
            elif quiet >= ASK_AFTER and asked <= self._stream.heard:
                asked = now
                self._etcd.connection.asked()
                self._stream.ask()
            next_step = ASK_AFTER if quiet < ASK_AFTER else DOUBT_AFTER
            self._over.wait(min(LOOK_EVERY, max(0.01, next_step - quiet)))

    def _doubt(self) -> None:
        heard = self._stream.heard
        try:
            held_up = self._held_up(max(0.1, heard + SILENCE - time.monotonic()))
        except ConfigConnectionError:
            # All of it is over.
            return
        except grpc.RpcError as exc:
            if errors.is_silence(exc):
                LOGGER.debug("A read beside the watch was not answered: %s", exc.details())
                if self._stream.heard == heard:
                    self._stream.end(Ending.SILENT)
                return
            # It does not let us read, but it answered.
            held_up = []
        # It is as old as it seemed, or was only late.
        self._stream.seems_older = False
        if self.ahead:
            self._stream.end(Ending.WENT_BACK)
            return
        if self._stream.heard == heard:
            self._stream.heard = time.monotonic()
            if held_up:
                for watch in held_up:
                    watch.held_up += 1
                self._stream.end(Ending.HELD_UP)

    def _held_up(self, timeout: float) -> list[EtcdWatch]:
        """Get the watches of whose spans something newer was written than they told of."""
        watches = self._stream.watches()[:AT_ONCE]
        # As of before the read, which shows at least what was known then.
        known = [watch.next_revision for watch in watches]
        reads = [codec.written_since(watch.span, watch.next_revision) for watch in watches]
        request = etcdrpc.TxnRequest(success=reads)
        answer = self._etcd.ask_on(self._channel, "KV", "Txn", request, timeout)
        self.revision = answer.header.revision
        self.ahead = [
            watch
            for watch, next_revision in zip(watches, known, strict=True)
            if self.revision + 1 < next_revision
        ]
        return [
            watch
            for watch, read in zip(watches, answer.responses, strict=True)
            if read.response_range.kvs
            or (watch.span == EVERYTHING and watch.next_revision <= self.revision)
        ]
