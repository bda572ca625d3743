"""Detection of watch streams that are dead, stalled or of a regressed database.

While a stream is idle, the newest revision is read beside it. The connection counts as dead if
that read times out, and the stream as stalled if it does not deliver the changes up to that
revision in time. A progress request on the stream would prove less: its reply queues behind a
large backlog, and the gateway has none.

On a slow connection, a large response may take longer than the deadlines. They are doubled after
each stream that was too slow, and have their maximum after a response that was too large to be
received whole. That of the read is longer only after the first response, which etcd sends before
the changes. Once a stream has delivered the changes that the database had when it was opened, or
when it was read beside it, the usual deadlines apply again.

A database that was restored from an older backup, or that lost its data, delivers nothing until
it reaches the revision to resume from. The same read detects that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import grpc

from ska_sdp_config.drivers.etcd import errors
from ska_sdp_config.drivers.etcd.channel import Channel
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.drivers.etcd.stream import Ending, Stream
from ska_sdp_config.store.errors import ConfigConnectionError

__all__ = ["Watchdog", "next_extra_s"]

LOGGER = logging.getLogger(__name__)

PROBE_AFTER_S = 3.0
"""Idle time, in seconds, after which the newest revision is read."""

PROBE_DEADLINE_S = 4.8
"""Idle time, in seconds, by which the response to the probe must have arrived."""

LAG_TIMEOUT_S = 1.0
"""Time, in seconds, within which changes that a probe has shown must be delivered."""

MAX_EXTRA_S = 55.0
"""Time, in seconds, by which the deadlines are lengthened at most."""

CHECK_INTERVAL_S = 1.0
"""Longest time between two checks of the stream, in seconds."""


def next_extra_s(extra_s: float) -> float:
    """Return a longer extra time, so that the deadline of the probe is doubled."""
    return min(MAX_EXTRA_S, 2 * extra_s + PROBE_DEADLINE_S)


class Watchdog:
    """Context manager that supervises one stream on its own thread.

    Args:
        etcd: the client.
        channel: the channel of the stream.
        stream: the stream.
        revisions: returns the first undelivered revision of each watch.
        extra_timeout_s: seconds to add to the deadlines, as earlier streams were too slow; to that
            of the read only after a response on the stream.

    Attributes:
        revision: newest revision returned by a probe.
    """

    def __init__(
        self,
        etcd: EtcdClient,
        channel: Channel,
        stream: Stream,
        revisions: Callable[[], list[int]],
        extra_timeout_s: float = 0.0,
    ) -> None:
        self.revision = 0
        self._etcd = etcd
        self._channel = channel
        self._stream = stream
        self._revisions = revisions
        self._extra_timeout_s = extra_timeout_s
        self._lacking = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="config-watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        # The thread may outlive the stream by one probe, so it needs its own reference.
        self._channel.borrow()
        try:
            self._thread.start()
        except BaseException:
            # Also on Ctrl-C: a channel that is not released would stay open after it is retired.
            self._channel.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # The thread is not joined: it may be waiting for a probe, which has a timeout.
        self._stopped.set()

    def _run(self) -> None:
        with self._channel:
            try:
                self._check()
            except Exception:
                # A bug. Without a watchdog, a dead stream would never be detected; the next stream
                # has another one.
                LOGGER.exception("The check of the watch on the database failed.")
                self._stream.end(Ending.UNCHECKED)

    def _check(self) -> None:
        """Check the stream until its end."""
        pause = 0.0
        while not self._stopped.wait(pause):
            idle = time.monotonic() - self._stream.last_received
            if self._has_delivered_backlog():
                self._set_complete()
            if self._channel.retired:
                self._stream.end(Ending.REPLACED)
            elif idle >= PROBE_AFTER_S or self._stream.may_be_regressed:
                pause = self._probe()
                continue
            pause = min(CHECK_INTERVAL_S, max(0.01, PROBE_AFTER_S - idle))

    def _has_delivered_backlog(self) -> bool:
        """Return whether the changes are delivered that the database is known to have had."""
        if self._stream.may_be_regressed:
            return False
        backlog = max(self.revision, self._stream.revision_at_start)
        return 0 < backlog < min(self._revisions(), default=0)

    def _set_complete(self) -> None:
        # It is fast enough: detect the next outage in the usual time.
        self._stream.was_complete = True
        self._extra_timeout_s = 0.0

    def _probe(self) -> float:
        """Compare the stream with the store; return the seconds until the next check."""
        last_received = self._stream.last_received
        # Copied before the read, whose result is at least as new.
        revisions = self._revisions()
        try:
            # Without any response, the connection is dead rather than slow.
            extra = self._extra_timeout_s if self._stream.has_received else 0.0
            deadline = last_received + PROBE_DEADLINE_S + extra
            timeout = max(0.1, deadline - time.monotonic())
            self.revision = self._etcd.newest_revision(self._channel, timeout)
        except ConfigConnectionError:
            # The Config was closed.
            return CHECK_INTERVAL_S
        except grpc.RpcError as exc:
            if not errors.is_silence(exc):
                # A rejection is a response too: the connection works.
                self._stream.last_received = max(last_received, time.monotonic())
            elif self._stream.last_received == last_received:
                LOGGER.debug("A read beside the watch was not answered: %s", exc.details())
                self._stream.end(Ending.SILENT)
            return CHECK_INTERVAL_S
        self._stream.may_be_regressed = False
        if max(revisions, default=0) > self.revision + 1:
            self._stream.end(Ending.REGRESSED)
            return CHECK_INTERVAL_S
        lacking = min(revisions, default=0)
        is_complete = not 0 < lacking <= self.revision
        if is_complete:
            self._set_complete()
        if is_complete or self._stream.last_received != last_received:
            self._lacking = 0
            self._stream.last_received = time.monotonic()
            self._etcd.connection.counts.watch_received()
            return CHECK_INTERVAL_S
        if self._lacking == lacking:
            self._stream.end(Ending.STALLED)
        self._lacking = lacking
        return LAG_TIMEOUT_S + self._extra_timeout_s
