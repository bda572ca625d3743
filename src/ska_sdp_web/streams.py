"""Event streams of the viewers, each with bounded messages that wait to be sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timezone

from starlette.types import Receive, Scope, Send

from ska_sdp_config.lmc.times import iso
from ska_sdp_web.encoding import encode, message
from ska_sdp_web.model import Update
from ska_sdp_web.topics import Topic

__all__ = ["MAX_STREAMS", "EventResponse", "Stream"]

MAX_STREAMS = 500
"""Number of streams that are served at a time."""

MAX_WAITING_BYTES = 1_000_000
"""Size of the changed rows that wait for a slow viewer. Above it they are dropped, and the whole
table is sent again."""

ALIVE_INTERVAL_S = 5.0
"""Longest time without a message, in seconds. The server's time is sent at this interval even if
other messages are sent, as a viewer's clock may change."""

PART_BYTES = 65_536
"""Size of the parts in which messages are sent: no more is buffered for a slow viewer."""


def alive() -> bytes:
    """Return the event with the time."""
    return message("alive", encode({"time": iso(datetime.now(timezone.utc))}))


class Stream:
    """Messages for one viewer. For the thread of the event loop.

    Of a small topic only the newest document waits. Rows of a table wait up to a limit; above it
    they are dropped, and so are those that follow, until the whole table comes.

    Args:
        topics: the topics.

    Attributes:
        topics: the topics.
        lagging: topics whose rows were dropped, to ask for the whole tables.
        is_ended: whether it was ended.
    """

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics = frozenset(topics)
        self.lagging: set[Topic] = set()
        self.is_ended = False
        self._awaiting_whole: set[Topic] = set(self.topics)
        self._waiting: dict[object, list[bytes]] = {}
        self._wake = asyncio.Event()
        self._alive_at = time.monotonic()

    def put(self, update: Update) -> None:
        """Add a message of a topic."""
        if update.is_whole:
            self._awaiting_whole.discard(update.topic)
            # Behind the messages that came before it.
            self._waiting.pop(update.topic, None)
            self._waiting[update.topic] = [update.text]
        elif update.topic not in self._awaiting_whole:
            rows = self._waiting.setdefault(update.topic, [])
            rows.append(update.text)
            if sum(map(len, rows[1:])) > MAX_WAITING_BYTES:
                del self._waiting[update.topic]
                self._awaiting_whole.add(update.topic)
                self.lagging.add(update.topic)
        self._wake.set()

    def put_general(self, kind: str, text: bytes) -> None:
        """Add a message of no topic, which replaces the earlier ones of its kind."""
        self._waiting[kind] = [text]
        self._wake.set()

    def end(self) -> None:
        """End it."""
        self.is_ended = True
        self._wake.set()

    async def take(self) -> bytes:
        """Return all messages that wait, after the next one or a while without any."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._wake.wait(), ALIVE_INTERVAL_S)
        self._wake.clear()
        waiting, self._waiting = self._waiting, {}
        texts = [text for texts in waiting.values() for text in texts]
        if not texts or time.monotonic() - self._alive_at >= ALIVE_INTERVAL_S:
            self._alive_at = time.monotonic()
            texts.append(alive())
        return b"".join(texts)


StreamCallback = Callable[[Stream], None]


class EventResponse:
    """Response that sends a stream until the viewer leaves, stalls, or the server ends.

    Args:
        stream: the stream.
        on_lagging: called with the stream when it has sent everything and topics are lagging.
        on_end: called with the stream once.
        is_allowed: whether the viewer may still see the page; checked before each message.
    """

    def __init__(
        self,
        stream: Stream,
        on_lagging: StreamCallback,
        on_end: StreamCallback,
        is_allowed: Callable[[], bool],
    ) -> None:
        self._stream = stream
        self._is_allowed = is_allowed
        self._on_lagging = on_lagging
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; see ASGI."""
        left = asyncio.ensure_future(self._await_leave(receive))
        try:
            headers = [
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"cache-control", b"no-store"),
                # Otherwise nginx, as in an Ingress, keeps messages until a buffer is full.
                (b"x-accel-buffering", b"no"),
            ]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            while not self._stream.is_ended:
                text = await self._stream.take()
                if not self._is_allowed():
                    break
                await self._send(send, text)
                if self._stream.lagging and not self._stream.is_ended:
                    self._on_lagging(self._stream)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            left.cancel()
            self._on_end(self._stream)

    async def _send(self, send: Send, text: bytes) -> None:
        view = memoryview(text)
        for begin in range(0, len(text), PART_BYTES):
            if self._stream.is_ended:
                return
            part = bytes(view[begin : begin + PART_BYTES])
            body = {"type": "http.response.body", "body": part, "more_body": True}
            await send(body)

    async def _await_leave(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.end()
