"""Thread that follows the database and derives the documents of all viewers."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timezone

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.live.live import Live
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_web.connection import ConnectionState, ConnectionWatch
from ska_sdp_web.model import Model, Update
from ska_sdp_web.past import Past, read_past
from ska_sdp_web.streams import Stream
from ska_sdp_web.topics import Topic

__all__ = ["Hub"]

LOGGER = logging.getLogger(__name__)

COALESCE_S = 0.05
"""Least time between two derivations, in seconds."""

PAUSE_S = 0.005
"""Pause between two steps while a table is made, in seconds."""

CHECK_INTERVAL_S = 0.5
"""Longest time between two checks of the connection, in seconds."""

RETRY_S = 1.0
"""Time before the database is read again after the watch has ended with an error, in seconds."""

LOG_INTERVAL_S = 60.0
"""Minimum interval between logged watch errors, which may recur every second, in seconds."""


class Hub:
    """One watch and one thread that derives, for any number of viewers.

    Methods are for the thread of the event loop.

    Args:
        backend: the database.
        prefix: prefix of all paths.
        examples: example of the message of each command that has one.
    """

    def __init__(self, backend: Backend, prefix: str, examples: Mapping[str, str]) -> None:
        self._backend = backend
        self._prefix = prefix
        self._model = Model(prefix, backend.address, examples, self._request_past)
        self._connection = ConnectionWatch(backend)
        self._streams: set[Stream] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._is_closed = threading.Event()
        self._state = self._connection.state
        self._histories = ThreadPoolExecutor(1, "history")
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
        self._live: Live | None = None
        self._received_at: float | None = None
        self._logged_error: str | None = None
        self._log_at = 0.0

    @property
    def state(self) -> ConnectionState:
        """State of the connection to the database."""
        return self._state

    @property
    def stream_count(self) -> int:
        """Number of streams that are served."""
        return len(self._streams)

    def has_subarray(self, subarray_id: str) -> bool:
        """Return whether a subarray has an entry."""
        return subarray_id in self._model.system.snapshots

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to follow the database.

        Args:
            loop: the event loop of the viewers.
        """
        self._loop = loop
        self._thread.start()

    def close(self) -> None:
        """End the thread. Calls that are not answered end when the database is closed."""
        self._is_closed.set()
        self._wake.set()
        self._histories.shutdown(wait=False, cancel_futures=True)

    def end_streams(self) -> None:
        """End all streams."""
        for stream in self._streams:
            stream.end()

    def add(self, stream: Stream, hello: bytes) -> None:
        """Serve a stream, whose first message is given."""
        self._streams.add(stream)
        stream.put_general("hello", hello)
        stream.put_general("connection", self._state.message())
        self._post(lambda: self._follow(stream))

    def refresh(self, stream: Stream) -> None:
        """Send the documents of the lagging topics of a stream again."""
        topics, stream.lagging = stream.lagging, set()
        self._post(lambda: self._send_whole(stream, topics))

    def remove(self, stream: Stream) -> None:
        """Serve a stream no longer."""
        self._streams.discard(stream)
        self._post(lambda: self._unfollow(stream))

    def _deliver(self, updates: Iterable[Update]) -> None:
        for update in updates:
            for stream in self._streams:
                if update.topic in stream.topics:
                    stream.put(update)

    def _deliver_state(self, state: ConnectionState) -> None:
        self._state = state
        text = state.message()
        for stream in self._streams:
            stream.put_general("connection", text)

    # In the thread

    def _post(self, call: Callable[[], None]) -> None:
        self._inbox.put(call)
        self._wake.set()

    def _call_loop(self, call: Callable[[], None]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            # The loop was closed: there are no viewers.
            self._is_closed.set()

    def _run(self) -> None:
        retry_at = 0.0
        while not self._is_closed.is_set():
            try:
                if self._live is None and time.monotonic() >= retry_at:
                    self._live = Live(self._backend, self._prefix, self._note_received)
                self._step()
                if self._live is not None and self._live.error is not None:
                    self._set_error(self._live.error)
                    self._live = None
                    retry_at = time.monotonic() + RETRY_S
            except Exception as error:
                # Without the error, the viewers would see old values as present ones.
                self._set_error(error)
                self._deliver_state_if_changed()
                self._restart_live()
                retry_at = time.monotonic() + RETRY_S
            if not self._model.is_incomplete:
                self._is_closed.wait(COALESCE_S)
                self._wake.wait(CHECK_INTERVAL_S)
            else:
                # Lets the thread of the event loop run.
                self._is_closed.wait(PAUSE_S)
            self._wake.clear()
        self._restart_live()

    def _set_error(self, error: Exception | None) -> None:
        """Set the error that ended the watch, None after a read; log changes at an interval."""
        self._connection.error = error
        shown = None if error is None else repr(error)
        if shown == self._logged_error:
            return
        if error is None:
            self._logged_error = None
            LOGGER.info("The changes of the database are shown again.")
            return
        now = time.monotonic()
        if now < self._log_at:
            return
        self._logged_error, self._log_at = shown, now + LOG_INTERVAL_S
        if isinstance(error, ConfigConnectionError):
            LOGGER.warning(
                "The changes of the database are not shown, restarting the watch: %s", error
            )
            return
        LOGGER.error(
            "Unexpected error in the database watch, restarting the watch; report this error: %s",
            error,
            exc_info=error,
        )

    def _step(self) -> None:
        now = datetime.now(timezone.utc)
        since, self._received_at = self._received_at, None
        if self._live is not None and (received := self._live.take()):
            self._send(self._model.apply(received, now))
            self._set_error(None)
            self._connection.delay = 0.0 if since is None else time.monotonic() - since
        elif since is None:
            self._connection.delay = 0.0
        while not self._inbox.empty():
            self._inbox.get()()
        self._send(self._model.advance(now))
        self._deliver_state_if_changed()

    def _deliver_state_if_changed(self) -> None:
        now = datetime.now(timezone.utc)
        if self._connection.has_changed(now, is_read=bool(self._model.system.revision)):
            state = self._connection.state
            self._call_loop(lambda: self._deliver_state(state))

    def _note_received(self) -> None:
        if self._received_at is None:
            self._received_at = time.monotonic()
        self._wake.set()

    def _restart_live(self) -> None:
        if self._live is not None:
            self._live.close()
            self._live = None

    def _send(self, updates: list[Update]) -> None:
        if updates:
            self._call_loop(lambda: self._deliver(updates))

    def _send_to(self, stream: Stream, update: Update) -> None:
        self._call_loop(lambda: stream.put(update))

    def _follow(self, stream: Stream) -> None:
        self._model.follow(stream.topics, datetime.now(timezone.utc))
        self._send_whole(stream, stream.topics)

    def _send_whole(self, stream: Stream, topics: Iterable[Topic]) -> None:
        now = datetime.now(timezone.utc)
        for topic in topics:
            update = self._model.whole(topic, now)
            if update is not None:
                self._send_to(stream, update)

    def _unfollow(self, stream: Stream) -> None:
        for topic in stream.topics:
            self._model.unfollow(topic)

    def _request_past(self, subarray_id: str, last: int) -> None:
        def read() -> None:
            # Viewers may have left while others were read.
            if not self._model.awaits_past(subarray_id, last):
                return
            try:
                past = read_past(self._backend.store, self._prefix, subarray_id, last)
            except Exception as error:
                LOGGER.warning("The history of subarray %r was not read: %r", subarray_id, error)
                text = " ".join(str(error).split())
                self._post(lambda: self._set_past_failure(subarray_id, last, text))
            else:
                self._post(lambda: self._set_past(subarray_id, last, past))

        # Rejected only if the server is ending.
        with suppress(RuntimeError):
            self._histories.submit(read)

    def _set_past(self, subarray_id: str, last: int, past: Past) -> None:
        now = datetime.now(timezone.utc)
        self._send(self._model.set_past(subarray_id, last, past.begin, past.items, now))

    def _set_past_failure(self, subarray_id: str, last: int, error: str) -> None:
        now = datetime.now(timezone.utc)
        self._send(self._model.set_past_failure(subarray_id, last, error, now))
