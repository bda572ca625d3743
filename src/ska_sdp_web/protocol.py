"""Connections of viewers, with limits that uvicorn does not have."""

from __future__ import annotations

import asyncio
import resource

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Protocol"]

_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[0]

MAX_CONNECTIONS = 4000 if _FILES == resource.RLIM_INFINITY else max(100, min(_FILES - 200, 4000))
"""Number of connections, which leaves file descriptors for the database and files."""

HEAD_TIMEOUT_S = 15.0
"""Time in which the head of a request has to be received, in seconds."""

STALL_TIMEOUT_S = 30.0
"""Time in which a viewer has to receive the part that is buffered for it, in seconds."""

_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\n"
    b"Content-Length: 0\r\n\r\n"
)


class Protocol(H11Protocol):
    """Connection that is aborted if the viewer sends no whole request, or receives nothing.

    Otherwise silent clients could take all file descriptors.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request; see asyncio.Protocol."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.write(_TOO_MANY)
            transport.close()
        else:
            self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers; see asyncio.Protocol."""
        self._stop_head_timer()
        self._stop_stall_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Handle a part of a request; see asyncio.Protocol."""
        super().data_received(data)
        self._watch_head()

    def pause_writing(self) -> None:
        """Begin to wait until the viewer has received something; see asyncio.Protocol."""
        super().pause_writing()
        self._stop_stall_timer()
        self._stall_timer = self.loop.call_later(STALL_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop to wait; see asyncio.Protocol."""
        self._stop_stall_timer()
        super().resume_writing()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _watch_head(self) -> None:
        if self._is_answering:
            self._stop_head_timer()
        elif self._head_timer is None:
            # Further bytes do not extend it. For an idle connection, uvicorn has a timer.
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._abort_without_request)

    def _abort_without_request(self) -> None:
        if not self._is_answering:
            self.transport.abort()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
