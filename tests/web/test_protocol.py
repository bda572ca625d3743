"""Limits of connections, on a server in the process of the test."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from ska_sdp_web import protocol
from ska_sdp_web.model import Update
from ska_sdp_web.protocol import Protocol
from ska_sdp_web.streams import EventResponse, Stream
from ska_sdp_web.topics import Topic
from tests.support.waiting import CALL

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SHORT_S = 0.1

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Connection]]


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[Connect]:
    """Serve an application; yield a function that connects."""
    # Long, so that only the limits of this program end a connection.
    config = uvicorn.Config(app, lifespan="off", log_config=None, timeout_keep_alive=1000)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Protocol(config, state, {}), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Connection:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        return reader, writer

    try:
        yield connect
    finally:
        for each in writers:
            each.transport.abort()
        for connection in state.connections:
            connection.transport.abort()
        server.close()


def run(test: Awaitable[None]) -> None:
    asyncio.run(asyncio.wait_for(test, CALL))


async def is_ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    ("is_first", "begin"),
    [(True, b""), (True, b"GET /"), (True, REQUEST[:-2]), (False, b"GET /")],
)
def test_connection_without_a_whole_request_is_ended(
    monkeypatch: pytest.MonkeyPatch, is_first: bool, begin: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", SHORT_S)

    async def test() -> None:
        async with serving(PlainTextResponse("done")) as connect:
            reader, writer = await connect()
            if not is_first:
                writer.write(REQUEST)
                await reader.readuntil(b"done")
            writer.write(begin)
            assert await is_ended(reader)

    run(test())


def test_parts_of_a_head_do_not_extend_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", SHORT_S)

    async def send_for_ever(writer: asyncio.StreamWriter) -> None:
        writer.write(REQUEST[:-2])
        while True:
            writer.write(b"X: x\r\n")
            await asyncio.sleep(SHORT_S / 10)

    async def test() -> None:
        async with serving(PlainTextResponse("done")) as connect:
            reader, writer = await connect()
            sending = asyncio.create_task(send_for_ever(writer))
            assert await is_ended(reader)
            sending.cancel()

    run(test())


def test_request_may_take_longer_than_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", SHORT_S)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(3 * SHORT_S)
        await PlainTextResponse("done")(scope, receive, send)

    async def test() -> None:
        async with serving(app) as connect:
            reader, writer = await connect()
            writer.write(REQUEST)
            assert await reader.readuntil(b"done")

    run(test())


def test_stream_of_a_viewer_that_receives_nothing_is_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(protocol, "STALL_TIMEOUT_S", SHORT_S)

    async def test() -> None:
        ended = asyncio.Event()
        stream = Stream([Topic("pbs")])
        stream.put(Update(Topic("pbs"), True, b"x" * 50_000_000))
        response = EventResponse(
            stream, lambda stream: None, lambda stream: ended.set(), lambda: True
        )
        async with serving(response) as connect:
            _, writer = await connect()
            # The buffers of the kernel fill, and that of this side is not read.
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            writer.write(REQUEST)
            await ended.wait()

    with caplog.at_level(logging.WARNING):
        run(test())
    assert not caplog.records


def test_connections_above_the_limit_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 2)

    async def test() -> None:
        async with serving(PlainTextResponse("done")) as connect:
            connections = []
            for _ in range(2):
                reader, writer = await connect()
                writer.write(REQUEST)
                await reader.readuntil(b"done")
                connections.append((reader, writer))
            reader, _ = await connect()
            assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
            connections[0][1].write(REQUEST.replace(b"Host", b"Connection: close\r\nHost"))
            await connections[0][0].read()
            reader, writer = await connect()
            writer.write(REQUEST)
            await reader.readuntil(b"done")

    run(test())
