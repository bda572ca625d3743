"""Sockets for HTTP with a timeout for the whole call, which other threads can abort.

An HTTP client applies its timeout to each read, so that a server which sends a byte now and then
blocks the caller for ever; and another thread cannot end a read that blocks.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

__all__ = ["Sockets", "SocketsAdapter", "is_from_connecting"]

MAX_IDLE_CONNECTIONS = 32
"""Number of idle connections kept for reuse."""

BUFFER_BYTES = 64 * 1024


class Sockets:
    """Group of sockets that are aborted together."""

    def __init__(self) -> None:
        # Reentrant: garbage collection while it is held may cancel a watch, which aborts its
        # sockets.
        self._lock = threading.RLock()
        self._sockets: weakref.WeakSet[Socket] = weakref.WeakSet()
        self.are_cut = False

    def add(self, sock: socket.socket) -> Socket:
        """Wrap a connected socket."""
        added = Socket(sock)
        with self._lock:
            self._sockets.add(added)
            if self.are_cut:
                added.cut()
        return added

    def cut(self) -> None:
        """Abort reads and writes in all threads, on these and on later sockets."""
        with self._lock:
            self.are_cut = True
            for sock in self._sockets:
                sock.cut()


class Socket:
    """Socket, as far as HTTP uses it. Its timeout is for all that follows, not for each read."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        # Reentrant, as that of Sockets.
        self._lock = threading.RLock()
        self._files = 0
        self._closed = False
        self._cut = False
        self.settimeout(sock.gettimeout())

    def settimeout(self, seconds: float | None) -> None:
        """Set the timeout for all that follows, until the next call."""
        self._end = None if seconds is None else time.monotonic() + seconds

    def sendall(self, data: bytes) -> None:
        """Send all data."""
        self._sock.settimeout(self._left())
        self._sock.sendall(data)

    def recv_into(self, buffer: memoryview) -> int:
        """Receive at least one byte; return 0 at the end of the stream."""
        self._sock.settimeout(self._left())
        received = self._sock.recv_into(buffer)
        if self._cut:
            raise ConnectionAbortedError("The connection was cut.")
        return received

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a file to read from, which keeps the socket open until it is closed."""
        with self._lock:
            self._files += 1
        return io.BufferedReader(_File(self), BUFFER_BYTES)

    def file_closed(self) -> None:
        """Release the reference of a file."""
        with self._lock:
            self._files -= 1
            self._close_if_unused()

    def fileno(self) -> int:
        """Return the file descriptor, negative if it is closed."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close the socket once all its files are closed."""
        with self._lock:
            self._closed = True
            self._close_if_unused()

    def cut(self) -> None:
        """Abort reads and writes in all threads."""
        with self._lock:
            self._cut = True
            # SSLSocket.shutdown would destroy state that a reader uses. The call fails if the
            # peer has already closed the connection.
            with suppress(OSError):
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def _close_if_unused(self) -> None:
        if self._closed and not self._files:
            self._sock.close()

    def _left(self) -> float | None:
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("The time for this call is over.")
        return left


class _File(io.RawIOBase):
    # socket.SocketIO cannot be read again after a timeout.
    def __init__(self, sock: Socket) -> None:
        self._socket = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._socket.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._socket.file_closed()


def is_from_connecting(exc: BaseException) -> bool:
    """Return whether an error occurred before any part of the call was sent."""
    return bool(vars(exc).get("from_connecting"))


@contextmanager
def _connecting() -> Iterator[None]:
    try:
        yield
    except Exception as exc:
        # Any error: nothing was sent yet. Without the mark, an error of the TLS handshake looks
        # like one of the call.
        vars(exc)["from_connecting"] = True
        raise


class _PlainConnection(HTTPConnection):
    sockets: Sockets

    def connect(self) -> None:
        with _connecting():
            super().connect()
        self.sock = cast("socket.socket", self.sockets.add(self.sock))


class _SecureConnection(HTTPSConnection):
    sockets: Sockets

    def connect(self) -> None:
        with _connecting():
            super().connect()
        self.sock = cast("socket.socket", self.sockets.add(cast("socket.socket", self.sock)))


class SocketsAdapter(HTTPAdapter):
    """Adapter that makes a session of ``requests`` use the sockets of a group.

    Args:
        sockets: the group.
        tls: TLS context, or None for HTTP.
    """

    def __init__(self, sockets: Sockets, tls: ssl.SSLContext | None) -> None:
        self._sockets = sockets
        self._tls = tls
        super().__init__(pool_maxsize=MAX_IDLE_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make all pools use these connections; see HTTPAdapter."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._tls)
        pools: Any = {"http": self._plain, "https": self._secure}
        self.poolmanager.pool_classes_by_scheme = pools

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the base class would add other authorities to the TLS context."""

    def _plain(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        return self._on_sockets(HTTPConnectionPool(*args, **kwargs), _PlainConnection)

    def _secure(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        return self._on_sockets(HTTPSConnectionPool(*args, **kwargs), _SecureConnection)

    def _on_sockets(
        self, pool: HTTPConnectionPool, kind: type[_PlainConnection | _SecureConnection]
    ) -> HTTPConnectionPool:
        def connection(**settings: Any) -> _PlainConnection | _SecureConnection:
            made = kind(**settings)
            made.sockets = self._sockets
            return made

        vars(pool)["ConnectionCls"] = connection
        return pool
