"""The watch of a Config on all keys of its store, resumed when it fails.

The watches on spans, which filter its changes, and their revisions are kept outside the stream, so
that another stream can resume.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any

import grpc

from ska_sdp_config.drivers.etcd import codec, errors
from ska_sdp_config.drivers.etcd.attempts import WATCH_PROVEN_AFTER_S, watch_pauses
from ska_sdp_config.drivers.etcd.channel import Channel, ChannelClosed
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.drivers.etcd.stream import Ending, Stream
from ska_sdp_config.drivers.etcd.stream_options import StreamOptions, options_after
from ska_sdp_config.drivers.etcd.watchdog import Watchdog
from ska_sdp_config.store.errors import ConfigConnectionError, closed_error
from ska_sdp_config.store.interface import Change, GapCause, Sink
from ska_sdp_config.store.joining import join_on_close
from ska_sdp_config.store.keys import EVERYTHING, Span

__all__ = ["SpanWatch", "StoreWatch"]

LOGGER = logging.getLogger(__name__)

MAX_STALLED_STREAMS = 2
"""Consecutive stalled streams after which a gap is reported."""

REGULAR_ENDINGS = (
    Ending.UNUSED,
    Ending.REPLACED,
    Ending.REWOUND,
    Ending.COMPACTED,
    Ending.RESTORED,
    Ending.TOO_LARGE,
)
"""Endings after which the next stream, if any, is opened at once."""


class CancelledByServer(Exception):
    """The server cancelled the watch; the message is its reason."""


class SpanWatch:
    """Watch on a span; see Watch.

    Attributes:
        next_revision: first revision not yet delivered.
        is_lossless: whether it waits for the changes that a stalled stream does not deliver.
    """

    def __init__(
        self, owner: StoreWatch, span: Span, from_revision: int, sink: Sink, is_lossless: bool
    ) -> None:
        self.next_revision = from_revision
        self.is_lossless = is_lossless
        self._owner = owner
        self._span = None if span == EVERYTHING else span
        self._sink = sink
        self._cancelled = False

    def cancel(self) -> None:
        """Cancel the watch; see Watch."""
        self._cancelled = True
        self._owner.remove(self)

    def deliver(self, changes: Sequence[Change]) -> None:
        """Deliver the changes of the span that are not delivered yet."""
        if changes[0].revision < self.next_revision:
            changes = [change for change in changes if change.revision >= self.next_revision]
        if not changes:
            return
        self.next_revision = changes[-1].revision + 1
        if self._span is not None:
            changes = [change for change in changes if change.key in self._span]
        if changes and not self._cancelled:
            self._sink.changed(changes)

    def skip(self, revision: int, cause: GapCause) -> None:
        """Report a gap up to a revision, and resume after it."""
        self.next_revision = revision + 1
        if not self._cancelled:
            self._sink.gap(revision, cause)


class StoreWatch:
    """Watch on all keys, shared by the watches of a Config. Its thread runs while there are any.

    Args:
        etcd: the client.
    """

    def __init__(self, etcd: EtcdClient) -> None:
        self._etcd = etcd
        # Reentrant: garbage collection while it is held may cancel a watch.
        self._lock = threading.RLock()
        self._watches: list[SpanWatch] = []
        self._stream: Stream | None = None
        self._has_delivered = False
        self._stalled_streams = 0
        self._options = StreamOptions()
        # Changes of the last revision that was received, which the next stream delivers again.
        self._last: list[Change] = []
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def add(self, span: Span, from_revision: int, sink: Sink, *, is_lossless: bool) -> SpanWatch:
        """Start a watch; see Store.watch.

        Raises:
            ConfigConnectionError: the client is closed.
        """
        watch = SpanWatch(self, span, max(1, from_revision), sink, is_lossless)
        with self._lock:
            if self._etcd.closed:
                raise closed_error()
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="config-watch", daemon=True)
                thread.start()
                self._thread = thread
            self._watches.append(watch)
            if self._stream and from_revision < self._stream.next_revision:
                self._stream.end(Ending.REWOUND)
        return watch

    def remove(self, watch: SpanWatch) -> None:
        """Cancel a watch, and end the stream after the last one."""
        with self._lock:
            with suppress(ValueError):
                self._watches.remove(watch)
            # Read once: garbage collection may call this method while it runs.
            stream = self._stream
            if stream is not None and not self._watches:
                stream.end(Ending.UNUSED)

    def join(self) -> None:
        """Wait for the thread to end, after the client was closed; see ``join_on_close``."""
        self._ended.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            join_on_close(thread)

    def revisions(self) -> list[int]:
        """Return the first undelivered revision of each watch."""
        with self._lock:
            return [watch.next_revision for watch in self._watches]

    def _run(self) -> None:
        pauses, pause, is_repeated = watch_pauses(), 0.0, False
        while self._is_needed():
            self._ended.wait(pause)
            began = time.monotonic()
            self._has_delivered = False
            try:
                with self._etcd.channel() as channel:
                    cause = self._receive(channel)
            except ConfigConnectionError:
                # The Config was closed, or does not work in this process.
                with self._lock:
                    self._thread = None
                return
            except Exception as exc:
                # Without this thread, no watch would ever receive changes again.
                LOGGER.exception("Watching the database failed.")
                cause = repr(exc)
            if self._has_delivered or time.monotonic() - began > WATCH_PROVEN_AFTER_S:
                pauses, is_repeated = watch_pauses(), False
            pause = 0.0
            if cause:
                self._etcd.connection.counts.count("watches_resumed")
                pause = next(pauses)
                level = logging.DEBUG if is_repeated else logging.WARNING
                LOGGER.log(level, "The watch on the database broke (%s); resuming it.", cause)
                is_repeated = True

    def _is_needed(self) -> bool:
        """Return whether the thread must continue; if not, another one may be started."""
        with self._lock:
            if self._watches and not self._etcd.closed:
                return True
            self._thread = None
            return False

    def _receive(self, channel: Channel) -> str:
        """Deliver changes until the stream ends; return the cause if it failed, else nothing.

        Raises:
            ConfigConnectionError: the client was closed.
        """
        stream, revision = None, 0
        try:
            stream = self._open(channel)
            extra = self._options.extra_timeout_s
            with Watchdog(self._etcd, channel, stream, self.revisions, extra) as watchdog:
                try:
                    for response in stream:
                        channel.last_received = stream.last_received
                        self._etcd.connection.counts.watch_received()
                        self._etcd.connection.answered()
                        self._on_response(channel, stream, response)
                finally:
                    revision = watchdog.revision
            cause = "the server ended it"
        except ChannelClosed as exc:
            raise closed_error() from exc
        except CancelledByServer as exc:
            # The server gives the same reason for an expired token.
            self._etcd.discard_login()
            cause = f"the server rejected the watch: {exc}"
            if errors.DENIED in cause:
                cause += "; if this persists, grant its user the right to read all keys"
            return cause
        except grpc.RpcError as exc:
            cause = errors.words_of(exc)
            if errors.is_about_login(exc):
                self._etcd.discard_login()
                return cause
            # The gateway of etcd before 3.4.17 limits a response to 4 MiB, and its channel has a
            # limit of its own. If a part is too large, another request would fail as well.
            is_too_large = exc.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            if stream is not None and is_too_large and not self._options.in_parts:
                stream.end(Ending.TOO_LARGE)
        finally:
            self._stream = None
            if stream is not None:
                stream.close()
        if stream is not None:
            self._options = self._options_after(stream)
        return self._on_ended(channel, stream.ended if stream else None, revision, cause)

    def _open(self, channel: Channel) -> Stream:
        metadata = self._etcd.log_in(channel)
        with self._lock:
            first = min(self.revisions(), default=1)
            # Start one revision earlier and discard what is delivered again. If exactly the next
            # revision is compacted, etcd before 3.5.15 loses a deletion (etcd issue 19179), and
            # a watch from there would receive neither the deletion nor a compaction error.
            call = channel.watch(max(1, first - 1), metadata, in_parts=self._options.in_parts)
            stream = Stream(call, first)
            self._stream = stream
            if not self._watches:
                stream.end(Ending.UNUSED)
        return stream

    def _options_after(self, stream: Stream) -> StreamOptions:
        with self._lock:
            is_lossless = any(watch.is_lossless for watch in self._watches)
        return options_after(
            stream, self._options, has_delivered=self._has_delivered, is_lossless=is_lossless
        )

    def _on_response(self, channel: Channel, stream: Stream, response: Any) -> None:
        if response.created and response.header.revision + 1 < max(self.revisions(), default=0):
            stream.may_be_regressed = True
        if response.created:
            stream.revision_at_start = response.header.revision
        if response.canceled:
            if not response.compact_revision:
                raise CancelledByServer(response.cancel_reason or "no reason given")
            self._skip_compacted(channel, response.compact_revision)
            stream.end(Ending.COMPACTED)
        elif response.events:
            changes = codec.changes(response.events)
            if self._has_diverged(changes):
                self._skip_restored(channel)
                stream.end(Ending.RESTORED)
                return
            newest = changes[-1].revision
            self._last = list(takewhile(lambda each: each.revision == newest, reversed(changes)))
            self._on_changes(stream, changes)

    def _has_diverged(self, changes: Sequence[Change]) -> bool:
        """Return whether the last revision has other changes than when it was received before.

        A restored database may have reached it before the watch is resumed. Changes may be missing
        in it, as a compaction removes deletions.
        """
        revision = self._last[0].revision if self._last else 0
        if changes[0].revision > revision:
            return False
        return not {each for each in changes if each.revision == revision}.issubset(self._last)

    def _on_changes(self, stream: Stream, changes: Sequence[Change]) -> None:
        with self._lock:
            # Another watch may need earlier changes first; then a new stream delivers these.
            if stream.ended or changes[-1].revision < stream.next_revision:
                return
            stream.next_revision = changes[-1].revision + 1
            watches = list(self._watches)
        self._has_delivered = True
        self._stalled_streams = 0
        for watch in watches:
            watch.deliver(changes)

    def _skip_compacted(self, channel: Channel, compacted: int) -> None:
        # The compacted revision in the response may be outdated by now.
        newest = self._etcd.newest_revision(channel, self._etcd.settings.timeout)
        LOGGER.warning(
            "Changes up to revision %d are missing: %s; reloading.",
            newest,
            GapCause.COMPACTED.value,
        )
        self._skip(newest, GapCause.COMPACTED, lambda watch: watch.next_revision <= compacted)

    def _skip_restored(self, channel: Channel) -> None:
        newest = self._etcd.newest_revision(channel, self._etcd.settings.timeout)
        LOGGER.warning(
            "The database at revision %d has other changes than those it delivered: it was "
            "restored from an older backup, or is another database; reloading.",
            newest,
        )
        self._skip(newest, GapCause.RESTORED, lambda watch: True)

    def _on_ended(self, channel: Channel, ended: Ending | None, newest: int, cause: str) -> str:
        """Handle the end of a stream; return the cause if it failed, else nothing."""
        if self._etcd.closed or ended in REGULAR_ENDINGS:
            return ""
        if ended is Ending.REGRESSED:
            LOGGER.warning(
                "The database is at revision %d, which is older than the changes it delivered: it "
                "was restored from an older backup, or is another database; reloading.",
                newest,
            )
            self._skip(newest, GapCause.RESTORED, lambda watch: watch.next_revision > newest + 1)
        elif ended is Ending.STALLED:
            self._stalled_streams += 1
            if self._stalled_streams >= MAX_STALLED_STREAMS:
                self._stalled_streams = 0
                LOGGER.warning("Changes up to revision %d are not delivered in time.", newest)
                self._skip(
                    newest,
                    GapCause.STALLED,
                    lambda watch: watch.next_revision <= newest and not watch.is_lossless,
                )
        elif ended is Ending.UNCHECKED:
            # An internal error says nothing about the connection, but it may come from the
            # channel, on which each further check would fail too.
            self._etcd.replace(channel)
        else:
            self._etcd.connection.failed()
            if ended is Ending.SILENT or len(self._etcd.settings.endpoints) > 1:
                self._etcd.replace(channel)
        return ended.value if ended else cause

    def _skip(self, revision: int, cause: GapCause, lacks: Callable[[SpanWatch], bool]) -> None:
        """Report a gap to the watches that fulfil a condition."""
        # After a restore, the same revision comes again with other changes.
        self._last = []
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            if lacks(watch):
                watch.skip(revision, cause)
