"""TCP proxy whose connections a test may break."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

__all__ = ["Relay"]


class Relay:
    """Listens on a port of its own; a context manager.

    Args:
        host, port: the server.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._ways: set[_Way] = set()
        self._mutes_new = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.host, self.port = "127.0.0.1", 0
        self.connections = 0

    def __enter__(self) -> Relay:
        self._thread.start()
        self._listener = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, self.host, 0), self._loop
        ).result(30)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *args: object) -> None:
        async def stop() -> None:
            self._listener.close()
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                # Also those that are only now on their way to the server.
                self._abort()
                await asyncio.wait(others, timeout=0.05)

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def mute_watches(self, new_ones: bool = False) -> None:
        """Let the client hear nothing more of the watches that are open.

        Args:
            new_ones: whether that goes for watches yet to be opened too.
        """
        self._mutes_new = new_ones
        for way in list(self._ways):
            way.is_mute = way.is_mute or way.is_watch

    def cut(self) -> None:
        """Break all connections."""
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for way in self._ways:
            way.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            server_reader, server_writer = await asyncio.open_connection(*self._server)
            way = _Way(writer, server_writer)
            self._ways.add(way)
            self.connections += 1
            try:
                await asyncio.gather(
                    self._requests(way, reader), self._responses(way, server_reader)
                )
            finally:
                self._ways.remove(way)
                way.abort()
        writer.close()

    async def _requests(self, way: _Way, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65536):
            if b"/v3/watch" in data:
                way.is_watch = True
                way.is_mute = self._mutes_new
            way.server.write(data)
        way.abort()

    async def _responses(self, way: _Way, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65536):
            if not way.is_mute:
                way.client.write(data)
                await way.client.drain()
        way.abort()


class _Way:
    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.is_watch = False
        self.is_mute = False

    def abort(self) -> None:
        self.client.transport.abort()
        self.server.transport.abort()
