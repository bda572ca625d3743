"""Sockets under HTTP whose every use is bounded, and which can be cut from outside.

An HTTP client bounds each read by itself, so a server that sends a byte now and then holds its
caller for ever; and no other thread can end a read that waits.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

__all__ = ["Sockets", "SocketsAdapter", "is_from_connecting"]

POOL = 32
"""How many connections are kept for calls to come."""

BUFFER = 64 * 1024


class Sockets:
    """The sockets that belong together, to be cut together.

    Args:
        idle: is called when a read without a bound has waited for a while, and gives the
            seconds until the next time; what it raises ends the read.
        pause: seconds until the first time.
    """

    def __init__(self, idle: Callable[[], float] = lambda: 60.0, pause: float = 60.0) -> None:
        self.idle = idle
        self.pause = pause
        # Whoever holds it may be made to collect garbage, and so to end a watch, which cuts its
        # sockets: a watcher that was left behind.
        self._lock = threading.RLock()
        self._sockets: weakref.WeakSet[Socket] = weakref.WeakSet()
        self.are_cut = False

    def add(self, sock: socket.socket) -> Socket:
        """Make a wrapped of a connected socket."""
        wrapped = Socket(sock, self)
        with self._lock:
            self._sockets.add(wrapped)
            if self.are_cut:
                wrapped.cut()
        return wrapped

    def cut(self) -> None:
        """End all that waits on them, in any thread, and on those that are yet to come."""
        with self._lock:
            self.are_cut = True
            for wrapped in self._sockets:
                wrapped.cut()

    def leave_to_parent(self) -> None:
        """Let go of the sockets, which are those of the process that this one was forked from."""
        self._lock = threading.RLock()
        self.are_cut = True
        for wrapped in list(self._sockets):
            wrapped.leave_to_parent()


class Socket:
    """A socket, as far as HTTP uses it. Its time-out bounds all that follows, not each read.

    Without a time-out it waits for as long as it takes, and calls ``idle`` of its sockets.
    """

    def __init__(self, sock: socket.socket, sockets: Sockets) -> None:
        self._sock = sock
        self._sockets = sockets
        # As that of Sockets.
        self._lock = threading.RLock()
        self._files = 0
        self._closed = False
        self._cut = False
        self.settimeout(sock.gettimeout())

    def settimeout(self, seconds: float | None) -> None:
        """Bound all that follows, until this is called again."""
        self._end = None if seconds is None else time.monotonic() + seconds

    def sendall(self, data: bytes) -> None:
        """Send data, all of them."""
        self._sock.settimeout(self._left())
        self._sock.sendall(data)

    def recv_into(self, buffer: memoryview) -> int:
        """Receive what has come, at least one byte; 0 is the end."""
        while True:
            left = self._left()
            self._sock.settimeout(self._sockets.pause if left is None else left)
            try:
                received = self._sock.recv_into(buffer)
            except TimeoutError:
                if left is not None:
                    raise
                self._sockets.pause = self._sockets.idle()
                continue
            if self._cut:
                raise ConnectionAbortedError("The connection was cut.")
            return received

    def makefile(self, mode: str) -> io.BufferedReader:
        """Get a file to read from. The socket stays open until it is closed."""
        with self._lock:
            self._files += 1
        return io.BufferedReader(_File(self), BUFFER)

    def file_closed(self) -> None:
        """Take notice that a file was closed."""
        with self._lock:
            self._files -= 1
            self._close_if_unused()

    def fileno(self) -> int:
        """Get the descriptor, negative when it is closed."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close it, with the last of its files."""
        with self._lock:
            self._closed = True
            self._close_if_unused()

    def cut(self) -> None:
        """End all that waits on it, in any thread."""
        with self._lock:
            self._cut = True
            # A TLS socket's own method would tear down what a reader is using. It fails where
            # the other side was faster.
            with suppress(OSError):
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def leave_to_parent(self) -> None:
        """Close what this process has of it; the parent does not notice."""
        self._lock = threading.RLock()
        self._sock.close()

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
    # The standard one may not be read on after a time-out.
    def __init__(self, wrapped: Socket) -> None:
        self._socket = wrapped

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._socket.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._socket.file_closed()


def is_from_connecting(exc: BaseException) -> bool:
    """Tell whether an error came before anything of a call could be sent."""
    return bool(vars(exc).get("from_connecting"))


@contextmanager
def _connecting() -> Iterator[None]:
    try:
        yield
    except Exception as exc:
        # Of whatever kind, it is only marked: nothing else tells an error of the handshake from
        # one of a call's TLS afterwards.
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
    """Makes a session of ``requests`` use sockets.

    Args:
        sockets: what the session's sockets belong to.
        tls: whom to trust and who we are, or None for HTTP.
    """

    def __init__(self, sockets: Sockets, tls: ssl.SSLContext | None) -> None:
        self._sockets = sockets
        self._tls = tls
        super().__init__(pool_maxsize=POOL)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have all pools make sockets; see HTTPAdapter."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._tls)
        pools: Any = {"http": self._plain, "https": self._secure}
        self.poolmanager.pool_classes_by_scheme = pools

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Leave it to the context: here further authorities would be added to its own."""

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
