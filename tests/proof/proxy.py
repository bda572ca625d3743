"""A network that fails: it stands between clients and a server, and passes bytes on, or not."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

__all__ = ["Proxy"]

CHUNK = 1 << 16
PATIENCE = 5.0
"""Seconds after which a send that nobody takes is given up."""


def abort(end: socket.socket) -> None:
    """Close with a reset, as a peer does that has died."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # A thread that waits in recv is woken by this, not by close.
        end.shutdown(socket.SHUT_RDWR)
    end.close()


class Direction:
    """One way of a connection. While it is held, what comes is kept back."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self._source = source
        self._target = target
        self._lock = threading.Lock()
        self._kept = b""
        self._held = False

    def pump(self) -> None:
        """Pass on, until an end is closed."""
        with suppress(OSError):
            while data := self._source.recv(CHUNK):
                with self._lock:
                    if self._held:
                        self._kept += data
                    else:
                        self._target.sendall(data)

    def hold(self) -> None:
        with self._lock:
            self._held = True

    def release(self) -> None:
        """Pass on what was kept back, if anybody is there to take it."""
        with self._lock, suppress(OSError):
            self._target.sendall(self._kept)
            self._kept = b""


class Link:
    """A connection of a client, and the one to the server that belongs to it."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.up = Direction(client, server)
        self.down = Direction(server, client)
        for end in (client, server):
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Proxy:
    """Where clients connect instead of to the server. A context manager.

    Args:
        host: where the server is.
        port: its port.

    Attributes:
        cuts: how many connections were cut.
    """

    host = "127.0.0.1"

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._lock = threading.Lock()
        self._links: list[Link] = []
        self._threads: list[threading.Thread] = []
        self._closed = threading.Event()
        self._is_down = False
        self.cuts = 0
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def cut(self, way: str = "") -> None:
        """Cut all connections.

        Args:
            way: ``answers``: what the server has answered a moment before is lost, too;
                ``late``: what the clients have asked for a moment before reaches the server
                later, when they have long heard of the cut.
        """
        with self._lock:
            links, self._links = self._links, []
            self.cuts += len(links)
        for link in links:
            if way == "answers":
                link.down.hold()
            elif way == "late":
                link.up.hold()
        if way:
            self._closed.wait(0.03)
        for link in links:
            abort(link.client)
        if way == "late":
            self._closed.wait(0.2)
            for link in links:
                link.up.release()
            # The server needs a moment to read it before it hears of the end.
            self._closed.wait(0.05)
        for link in links:
            abort(link.server)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Cut all connections, and take no new ones for a while."""
        self._is_down = True
        self.cut()
        yield
        self._is_down = False

    def close(self) -> None:
        self._closed.set()
        abort(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join(PATIENCE)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name="proxy", daemon=True)
        self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]
        thread.start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = None
            try:
                if self._is_down:
                    raise ConnectionRefusedError
                server = socket.create_connection(self._target, PATIENCE)
                link = Link(client, server)
            except OSError:
                # The server is away, or the client has gone by now.
                for end in filter(None, (client, server)):
                    abort(end)
                continue
            with self._lock:
                self._links.append(link)
            for way in (link.up, link.down):
                self._start(self._pump, link, way)

    def _pump(self, link: Link, way: Direction) -> None:
        way.pump()
        # The other end hears that this one is gone, unless that is put off by a cut.
        with self._lock:
            if link not in self._links:
                return
            self._links.remove(link)
        abort(link.client)
        abort(link.server)
