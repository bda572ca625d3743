"""Sockets under HTTP whose every use is bounded, and which can be cut from outside.

HTTP clients bound each read by itself: a server that sends a byte now and then holds its caller
for ever. And none of them lets another thread end a read that waits.
"""

from __future__ import annotations

import io
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

__all__ = ["Idle", "Wire", "Wires", "WiresAdapter"]

Idle = Callable[[], float]
"""Is called when a read without a bound has waited; gives the seconds until the next time."""

POOL = 32
"""How many connections are kept for the next call; calls beyond have one of their own."""


class Wire:
    """A socket as HTTP clients use it. Its time-out bounds all that follows, not each read.

    Without a time-out it waits for as long as it takes, and calls ``idle`` meanwhile: whatever
    that raises ends the read.

    Args:
        sock: the socket, connected.
        idle: what to do while a read without a bound waits.
    """

    def __init__(self, sock: socket.socket, idle: Idle) -> None:
        self._sock = sock
        self._idle = idle
        self._lock = threading.Lock()
        self._readers = 0
        self._closed = False
        self._cut = False
        self._end: float | None = None
        self.settimeout(sock.gettimeout())

    def settimeout(self, seconds: float | None) -> None:
        """Bound all that follows, up to the next call of this."""
        self._end = None if seconds is None else time.monotonic() + seconds

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._sock.settimeout(None if self._end is None else self._left(self._end))
        self._sock.sendall(data)

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        """Receive at least one byte, or give 0 at the end."""
        pause = 0.0 if self._end is not None else self._idle()
        while not self._cut:
            self._sock.settimeout(pause if self._end is None else self._left(self._end))
            try:
                received = self._sock.recv_into(buffer)
            except TimeoutError:
                if self._end is not None:
                    raise
                pause = self._idle()
                continue
            if not self._cut:
                return received
        raise ConnectionAbortedError("The connection was cut.")

    def makefile(self, mode: str) -> io.BufferedReader:
        """Get a file to read from; the socket stays open until it is closed."""
        with self._lock:
            self._readers += 1
        return io.BufferedReader(_Reader(self), 64 * 1024)

    def fileno(self) -> int:
        """Get the descriptor."""
        return self._sock.fileno()

    def cut(self) -> None:
        """End all that waits on it, in any thread."""
        with self._lock:
            self._cut = True
            try:
                # The method of a TLS socket would tear down the state that a reader uses.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
            except OSError:
                pass  # The other side was faster.

    def close(self) -> None:
        """Close it, when the last file is closed."""
        with self._lock:
            self._closed = True
            self._close_if_unused()

    def reader_closed(self) -> None:
        """Take notice that a file was closed."""
        with self._lock:
            self._readers -= 1
            self._close_if_unused()

    @property
    def is_open(self) -> bool:
        """Whether it holds a descriptor."""
        return self._sock.fileno() >= 0

    def _close_if_unused(self) -> None:
        if self._closed and not self._readers:
            self._sock.close()

    def _left(self, end: float) -> float:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class _Reader(io.RawIOBase):
    """A file on a wire. Unlike the standard one it may be read on after a time-out."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._wire.reader_closed()


class Wires:
    """All wires that belong together, to be cut together.

    Args:
        idle: what each of them does while a read without a bound waits.
    """

    def __init__(self, idle: Idle) -> None:
        self._idle = idle
        self._lock = threading.Lock()
        self._wires: list[Wire] = []
        self._process = os.getpid()
        self.are_cut = False

    def add(self, sock: socket.socket) -> Wire:
        """Make a wire of a socket."""
        wire = Wire(sock, self._idle)
        with self._lock:
            self._wires = [wire for wire in self._wires if wire.is_open]
            self._wires.append(wire)
            if self.are_cut:
                wire.cut()
        return wire

    def cut(self) -> None:
        """Cut them, and those that come."""
        with self._lock:
            self.are_cut = True
            # After a fork the sockets are the parent's too.
            if self._process == os.getpid():
                for wire in self._wires:
                    wire.cut()


class WiresAdapter(HTTPAdapter):
    """Makes a session of ``requests`` use wires.

    Args:
        wires: where the wires are kept.
        tls: whom to trust and who we are, or None for plain HTTP.
    """

    def __init__(self, wires: Wires, tls: Any | None) -> None:
        self._wires = wires
        self._tls = tls
        super().__init__(pool_maxsize=POOL)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have the pools make wires; see HTTPAdapter."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._tls)
        self.poolmanager.pool_classes_by_scheme = {
            "http": self._pool_class(HTTPConnectionPool, HTTPConnection),
            "https": self._pool_class(HTTPSConnectionPool, HTTPSConnection),
        }

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Leave it to the TLS context, which would get further authorities here."""

    def _pool_class(self, pool: Any, connection: Any) -> Any:
        wires = self._wires

        class WireConnection(connection):  # type: ignore[misc]  # one of two classes
            def connect(self) -> None:
                super().connect()
                self.sock = cast("socket.socket", wires.add(self.sock))

        class WirePool(pool):  # type: ignore[misc]  # one of two classes
            ConnectionCls = WireConnection

        return WirePool
