"""HTTP connections with limits on their number and on the duration of a request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable

__all__ = ["MAX_CONNECTIONS", "REQUEST_TIMEOUT_S", "HttpThread"]

LOGGER = logging.getLogger(__name__)

MAX_CONNECTIONS = 128
"""Limit of connections with an incomplete request, and of those awaiting a response."""

REQUEST_TIMEOUT_S = 5.0
"""Time from the connection to the last byte of the response."""

MAX_HEAD_BYTES = 16 * 1024
"""Size limit of a request line with its headers."""

MAX_ACCEPTS_PER_TURN = 32
"""Connections accepted before the others are read again.

Well below MAX_CONNECTIONS, so that a request that has arrived is read before its connection
becomes the oldest one and is closed.
"""

ACCEPT_QUEUE = 4096
"""Backlog of the listening socket, subject to the limit of the kernel.

With a full backlog a client retries after 1 s, which is already the timeout of a probe.
"""

Respond = Callable[[bytes], bytes]
"""Returns the whole response to the head of a request; called on a separate thread."""


class HttpThread:
    """Thread that serves HTTP requests without a body, one per connection, on a bound socket.

    Slow clients cannot block others: at the limit of connections, the oldest one with an
    incomplete request is closed.
    """

    def __init__(self, listener: socket.socket, respond: Respond) -> None:
        self._listener = listener
        self._loop = asyncio.new_event_loop()
        self._connections = _Connections(self._loop, respond)
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    def start(self) -> None:
        """Listen and start the thread.

        Raises:
            OSError: the socket cannot listen.
        """
        self._server = self._loop.run_until_complete(
            self._loop.create_server(
                lambda: _Connection(self._connections),
                sock=self._listener,
                backlog=MAX_ACCEPTS_PER_TURN,
            )
        )
        # asyncio uses one number for accepts per turn and the backlog.
        self._listener.listen(ACCEPT_QUEUE)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, close incomplete connections and end the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_forever()
        self._server.close()
        self._connections.abort_all()
        # asyncio closes the sockets in the next iteration of the loop.
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


class _Connections:
    """Open connections. All methods run on the thread of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, respond: Respond) -> None:
        self._loop = loop
        self._respond = respond
        # Ordered by the time of opening.
        self._reading: dict[_Connection, None] = {}
        self._responding = 0

    def opened(self, connection: _Connection) -> asyncio.TimerHandle:
        """Add a connection; returns the timer that closes it."""
        if len(self._reading) >= MAX_CONNECTIONS:
            next(iter(self._reading)).abort()
        self._reading[connection] = None
        return self._loop.call_later(REQUEST_TIMEOUT_S, connection.abort)

    def closed(self, connection: _Connection) -> None:
        """Remove a connection whose request is incomplete, if it is one."""
        self._reading.pop(connection, None)

    def respond(self, connection: _Connection, head: bytes) -> None:
        """Respond on a separate thread, as creating a response may block."""
        self._reading.pop(connection, None)
        if self._responding >= MAX_CONNECTIONS:
            connection.abort()
            return
        threading.Thread(
            target=self._run, args=(connection, head), name="health-response", daemon=True
        ).start()
        self._responding += 1

    def abort_all(self) -> None:
        """Close the connections whose request is incomplete."""
        for connection in list(self._reading):
            connection.abort()

    def _run(self, connection: _Connection, head: bytes) -> None:
        response = b""
        try:
            response = self._respond(head)
        except Exception:
            # A bug. Without _send, the connection would count as responding forever, and after
            # MAX_CONNECTIONS of them the endpoint would close every connection.
            LOGGER.exception("A request to the health endpoint failed.")
        # The loop is closed if the server has stopped meanwhile.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._send, connection, response)

    def _send(self, connection: _Connection, response: bytes) -> None:
        self._responding -= 1
        connection.send(response)


class _Connection(asyncio.Protocol):
    """One connection: reads the head of one request, sends one response."""

    _transport: asyncio.Transport
    _timer: asyncio.TimerHandle

    def __init__(self, connections: _Connections) -> None:
        self._connections = connections
        self._head = bytearray()
        self._is_complete = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._timer = self._connections.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._is_complete:
            return
        self._head += data
        if len(self._head) > MAX_HEAD_BYTES:
            self.abort()
        elif b"\r\n\r\n" in self._head or b"\n\n" in self._head:
            self._is_complete = True
            self._connections.respond(self, bytes(self._head))

    def eof_received(self) -> bool:
        # A client may half-close the connection after its request.
        return self._is_complete

    def connection_lost(self, error: Exception | None) -> None:
        self._timer.cancel()
        self._connections.closed(self)

    def send(self, response: bytes) -> None:
        """Send the response and close; no effect on a closed connection."""
        if not self._transport.is_closing():
            self._transport.write(response)
            self._transport.close()

    def abort(self) -> None:
        """Close without sending pending data."""
        self._connections.closed(self)
        self._transport.abort()
