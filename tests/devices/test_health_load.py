"""Health endpoint under slow and incomplete requests."""

from __future__ import annotations

import contextlib
import itertools
import resource
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ska_sdp_lmc.observability.connections import MAX_CONNECTIONS, REQUEST_TIMEOUT_S, HttpThread
from tests.services.health import ask
from tests.support.in_time import in_time
from tests.support.waiting import LATE, wait_until

from .bare_server import Server
from .conftest import Serve

CLIENTS = 1900
TRICKLE = b"GET /livez HTTP/1.1\r\nX-Slow: "
"""Bytes that a slow client sends one by one, followed by more of the same header."""


@pytest.fixture
def server(serve: Serve, health_settings: dict[str, str]) -> Server:
    return serve(**health_settings)


@pytest.fixture
def _many_files() -> Iterator[None]:
    """Raise the limit of open files to one socket for each client and some more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CLIENTS + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"RLIMIT_NOFILE allows {hard} files, {wanted} are needed: raise ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class SlowClient:
    """Connection that sends a request byte by byte; opened again when the server closes it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self.closed = 0
        self._open()

    def _open(self) -> None:
        self._left = itertools.chain(TRICKLE, itertools.repeat(ord("x")))
        self._socket = socket.socket()
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self._socket.connect(self._address)

    def send(self) -> None:
        try:
            self._socket.send(bytes([next(self._left)]))
        except BlockingIOError:
            # Not connected yet.
            pass
        except OSError:
            self.closed += 1
            self._socket.close()
            self._open()

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def trickling(endpoint: str, count: int) -> Iterator[list[SlowClient]]:
    """Send bytes on many connections, one on each in turn, as long as the context lasts."""
    host, _, port = endpoint.partition(":")
    clients = [SlowClient((host, int(port))) for _ in range(count)]
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.5):
            for client in clients:
                client.send()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield clients
    finally:
        over.set()
        thread.join()
        for client in clients:
            client.close()


def _count(server: Server, kind: str) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/{kind}").iterdir()))


@pytest.mark.long
@pytest.mark.usefixtures("_many_files")
def test_probes_are_answered_despite_slow_clients(server: Server, health: str) -> None:
    threads, files = _count(server, "task"), _count(server, "fd")
    with trickling(health, CLIENTS) as clients:
        # Each client was connected for some time, or closed by the server.
        wait_until(lambda: all(client.closed for client in clients[: CLIENTS // 2]), 60)
        for path in ("/livez", "/readyz", "/metrics", "/livez"):
            with in_time(1.0):
                assert ask(health, path)[0] in (200, 503)
            assert _count(server, "task") < threads + 20
            assert _count(server, "fd") < files + 2 * MAX_CONNECTIONS


@pytest.mark.long
@pytest.mark.usefixtures("server")
def test_request_times_out_despite_single_bytes(health: str) -> None:
    with (
        trickling(health, 1) as (client,),
        in_time(REQUEST_TIMEOUT_S + LATE, REQUEST_TIMEOUT_S - 1),
    ):
        wait_until(lambda: client.closed)


def test_failed_responses_leave_room_for_others(caplog: pytest.LogCaptureFixture) -> None:
    """A connection that counted as responding forever would close the endpoint in the end."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    answers = itertools.chain([b""] * (MAX_CONNECTIONS + 1), itertools.repeat(b"answered"))

    def respond(head: bytes) -> bytes:
        if not (answer := next(answers)):
            raise LookupError("a bug of the test")
        return answer

    thread = HttpThread(listener, respond)
    thread.start()
    try:
        found = [_ask(listener.getsockname()) for _ in range(MAX_CONNECTIONS + 2)]
    finally:
        thread.stop()
    assert found == [b""] * (MAX_CONNECTIONS + 1) + [b"answered"]
    assert caplog.text.count("LookupError: a bug of the test") == MAX_CONNECTIONS + 1


def _ask(address: tuple[str, int]) -> bytes:
    """Send a request; return all that is answered."""
    with socket.create_connection(address, timeout=LATE) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        return client.makefile("rb").read()
