"""Connections of viewers, with time limits that uvicorn does not have."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Protocol"]

HEAD_TIMEOUT_S = 15.0
"""Time in which the head of the first request has to be received, in seconds."""

STALL_TIMEOUT_S = 30.0
"""Time in which a viewer has to receive the part that is buffered for it, in seconds."""


class Protocol(H11Protocol):
    """Connection that is aborted if the viewer sends no request, or receives nothing.

    Otherwise silent clients could take all file descriptors.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request; see asyncio.Protocol."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_TIMEOUT_S, self._abort_without_request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer; see asyncio.Protocol."""
        self._stop_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait until the viewer has received something; see asyncio.Protocol."""
        super().pause_writing()
        self._stop_timer()
        self._timer = self.loop.call_later(STALL_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timer; see asyncio.Protocol."""
        self._stop_timer()
        super().resume_writing()

    def _abort_without_request(self) -> None:
        if self.cycle is None:
            self.transport.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
