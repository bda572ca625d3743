"""TCP proxy that breaks connections in every way that a network does."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

from typing_extensions import Self

T = TypeVar("T")

CHUNK_BYTES = 65536
CALL_TIMEOUT_S = 30

CATCH_S = 0.03
"""Time before a cut in which answers are lost or requests are delayed."""

LATE_S = 0.2
"""Delay of late requests after a cut."""

LINGER_S = 0.05
"""Time for the server to read late requests before its connection is reset."""

RESET = struct.pack("ii", 1, 0)
"""Value of SO_LINGER with which a closed socket resets its connection."""


class Direction:
    """One way of a connection.

    Attributes:
        flows: set while data is forwarded.
        held_at: when it was held, on the loop's clock.
        until: data that arrived later is lost, and so is the end of the connection.
        discards: whether everything is lost.
    """

    def __init__(self) -> None:
        self.flows = asyncio.Event()
        self.flows.set()
        self.held_at = 0.0
        self.until = math.inf
        self.discards = False

    def hold(self) -> None:
        self.flows.clear()
        self.held_at = asyncio.get_running_loop().time()

    def deliver(self, seconds: float) -> None:
        """Forward what arrived in the first seconds after ``hold``, and nothing later."""
        self.until = self.held_at + seconds
        self.flows.set()


class Connection:
    """Connection through the proxy.

    Attributes:
        up: from the client to the server.
        down: from the server to the client.
        writers: to the client and, once it is connected, to the server.
    """

    def __init__(self, client: asyncio.StreamWriter, task: asyncio.Task[None]) -> None:
        self.up = Direction()
        self.down = Direction()
        self.writers = [client]
        self._task = task

    def close(self) -> None:
        for writer in self.writers:
            writer.transport.abort()

    def reset(self) -> None:
        """Reset both connections, as a crashed peer does."""
        for writer in self.writers:
            self._reset(writer)
        self._task.cancel()

    def reset_client(self) -> None:
        """Reset the connection of the client; the server does not detect it."""
        self._reset(self.writers[0])

    def _reset(self, writer: asyncio.StreamWriter) -> None:
        if not writer.transport.is_closing():
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()


class Proxy:
    """Proxy on its own thread; a context manager.

    Args:
        host: host of the server.
        port: port of the server.

    Attributes:
        accepted: number of connections ever accepted.
        cuts: number of connections ever cut.
    """

    host = "127.0.0.1"

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.port = 0
        self.accepted = 0
        self.cuts = 0
        self._connections: list[Connection] = []
        self._silent = False
        self._rejects = False
        self._rate: float | None = None
        self._delay_s = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    @property
    def endpoint(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def connections(self) -> int:
        """Number of connections that are open."""
        return self._on_loop(lambda: len(self._connections))

    def cut(self, fate: Literal["", "answers lost", "requests late"] = "") -> int:
        """Reset all connections and return their number; new ones are accepted.

        Args:
            fate: ``answers lost``: what the server has just answered is lost too;
                ``requests late``: what clients have just sent reaches the server after they have
                detected the cut.
        """

        async def cut() -> int:
            connections = list(self._connections)
            self.cuts += len(connections)
            if fate:
                for connection in connections:
                    (connection.up if fate == "requests late" else connection.down).hold()
                await asyncio.sleep(CATCH_S)
            if fate == "requests late":
                for connection in connections:
                    connection.down.discards = True
                    connection.reset_client()
                await asyncio.sleep(LATE_S)
                for connection in connections:
                    connection.up.deliver(CATCH_S)
                await asyncio.sleep(LINGER_S)
            for connection in connections:
                connection.reset()
            return len(connections)

        return self._run(cut())

    @contextmanager
    def down(self) -> Iterator[None]:
        """Cut all connections, and reject new ones within the context."""
        self.reject_connections(True)
        self.cut()
        yield
        self.reject_connections(False)

    def silence(self) -> None:
        """Forward nothing on any connection, open or new, and break none."""

        self._on_loop(lambda: setattr(self, "_silent", True))
        self.hold(up=True, down=True)

    def hold(self, *, up: bool = False, down: bool = False) -> None:
        """Keep back what is sent on open connections; new ones are not affected."""

        def hold(connection: Connection) -> None:
            if up:
                connection.up.hold()
            if down:
                connection.down.hold()

        self._for_each(hold)

    def discard(self, *, up: bool = False, down: bool = False) -> None:
        """Lose what is sent from now on, on open connections."""

        def discard(connection: Connection) -> None:
            connection.up.discards |= up
            connection.down.discards |= down

        self._for_each(discard)

    def release(self) -> None:
        """Forward everything again, beginning with what was kept back."""

        def release(connection: Connection) -> None:
            connection.up.flows.set()
            connection.down.flows.set()

        self._on_loop(lambda: setattr(self, "_silent", False))
        self._for_each(release)

    def deliver(self, seconds: float) -> None:
        """Forward requests that arrived in the first seconds after ``hold``, and nothing later."""

        def deliver(connection: Connection) -> None:
            if not connection.up.flows.is_set():
                connection.up.deliver(seconds)

        self._for_each(deliver)

    def reject_connections(self, rejects: bool) -> None:
        """Reject new connections, or accept them again."""
        self._on_loop(lambda: setattr(self, "_rejects", rejects))

    def limit(self, rate: float | None) -> None:
        """Limit answers to so many bytes a second on each connection; None for no limit."""
        self._on_loop(lambda: setattr(self, "_rate", rate))

    def delay(self, seconds: float) -> None:
        """Delay requests and answers by so many seconds each, 0 for no delay."""
        self._on_loop(lambda: setattr(self, "_delay_s", seconds))

    def should_forward(self, connection: Connection, data: bytes) -> bool:
        """Return whether to forward data of a client; if not, its connection is closed."""
        return True

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._accept, self.host, 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *error: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        # asyncio cannot close a connection that it accepts while the server closes. Its tasks that
        # have begun to accept run before this one continues.
        for listener in self._server.sockets:
            self._loop.remove_reader(listener)
        await asyncio.sleep(0)
        self._server.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            # Again and again: a connection may be accepted only now.
            for connection in self._connections:
                connection.reset()
            await asyncio.wait(others, timeout=0.05)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        connection = Connection(writer, task)
        self._connections.append(connection)
        if self._silent:
            connection.up.hold()
            connection.down.hold()
        try:
            if self._rejects:
                return
            await connection.up.flows.wait()
            server_reader, server_writer = await asyncio.open_connection(*self.target)
            connection.writers.append(server_writer)
            await _all_or_none(
                *self._pump(connection, connection.up, reader, server_writer),
                *self._pump(connection, connection.down, server_reader, writer),
            )
        except (OSError, asyncio.CancelledError):
            # Broken or cut. asyncio's streams report a cancelled task as an error.
            pass
        finally:
            connection.close()
            self._connections.remove(connection)

    def _pump(
        self,
        connection: Connection,
        way: Direction,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> list[Coroutine[Any, Any, None]]:
        """Return the coroutines that forward one way.

        Data is read also while it is held, because the time of its arrival matters.
        """
        arrived: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def read() -> None:
            while True:
                data = await reader.read(CHUNK_BYTES)
                await arrived.put((self._loop.time(), data))
                if not data:
                    return
                while arrived.qsize() > 4 and way.flows.is_set():
                    await asyncio.sleep(0.001)

        async def write() -> None:
            while True:
                time, data = await arrived.get()
                await way.flows.wait()
                if self._delay_s:
                    await asyncio.sleep(time + self._delay_s - self._loop.time())
                if time > way.until or way.discards:
                    continue
                is_request = way is connection.up
                if not data or (is_request and not self.should_forward(connection, data)):
                    raise ConnectionResetError("This end of the connection is closed.")
                if self._rate and not is_request:
                    await asyncio.sleep(len(data) / self._rate)
                writer.write(data)
                await writer.drain()

        return [read(), write()]

    def _for_each(self, act: Callable[[Connection], None]) -> None:
        def act_on_all() -> None:
            for connection in self._connections:
                act(connection)

        self._on_loop(act_on_all)

    def _on_loop(self, function: Callable[[], T]) -> T:
        async def call() -> T:
            return function()

        return self._run(call())

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(CALL_TIMEOUT_S)


async def _all_or_none(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run them until one fails or this is cancelled, which ends the others too."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
