"""Faults of the network that concern open connections, on a connection through a proxy."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest

from tests.faults.faults.fault import Fault
from tests.faults.faults.network import SLOW_BYTES_PER_S, network_faults
from tests.support import proxy as proxies
from tests.support.proxy import Connection, Direction, Proxy
from tests.support.waiting import CALL, wait_until

CATCH_S = 1.0
"""Time before a cut in which answers or requests are held: longer than pauses of this process."""

SILENT_S = 0.3
"""Seconds without data after which none arrives."""


class Observed(Proxy):
    """Proxy that keeps the connections on which a request came."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.seen: list[Connection] = []

    def should_forward(self, connection: Connection, data: bytes) -> bool:
        self.seen.append(connection)
        return True


class Line:
    """Connection between a client and a server, which has forwarded a request and an answer.

    Attributes:
        faults: faults of its proxy.
        client: socket of the client.
        server: socket of the server.
    """

    def __init__(self, opened: ExitStack) -> None:
        self._opened = opened
        self._listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._proxy = opened.enter_context(Observed(*self._listener.getsockname()))
        faults = network_faults([self._proxy], random.Random(1))
        self.faults: dict[str, Fault] = {fault.name: fault for fault in faults}
        self.connect()

    def connect(self) -> None:
        """Connect again."""
        address = (self._proxy.host, self._proxy.port)
        self.client = self._opened.enter_context(socket.create_connection(address, CALL))
        self.server = self._opened.enter_context(self._listener.accept()[0])
        self.server.settimeout(CALL)
        assert forwards(self.client, self.server)
        assert forwards(self.server, self.client)

    def wait_held(self, direction: Callable[[Connection], Direction]) -> None:
        """Wait until data of a direction is held."""
        connection = self._proxy.seen[-1]
        wait_until(lambda: not direction(connection).flows.is_set(), what="it is held")


@pytest.fixture
def line() -> Iterator[Line]:
    with ExitStack() as opened:
        yield Line(opened)


def forwards(source: socket.socket, target: socket.socket) -> bool:
    source.sendall(b"data")
    return target.recv(100) == b"data"


def is_silent(target: socket.socket) -> bool:
    """Return whether nothing arrives for a while."""
    target.settimeout(SILENT_S)
    try:
        return not target.recv(1)
    except TimeoutError:
        return True
    finally:
        target.settimeout(CALL)


def is_cut(target: socket.socket) -> bool:
    """Return whether a connection ends without further data."""
    with suppress(ConnectionResetError):
        return not target.recv(100)
    return True


def test_cut_connections_end_and_new_ones_forward(line: Line) -> None:
    fault = line.faults["connections cut"]
    fault.begin()
    fault.end()
    assert is_cut(line.client)
    assert is_cut(line.server)
    line.connect()


def test_answer_is_lost_with_its_connection(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "CATCH_S", CATCH_S)
    fault = line.faults["answers lost"]
    with ThreadPoolExecutor() as threads:
        begun = threads.submit(fault.begin)
        line.wait_held(lambda connection: connection.down)
        line.server.sendall(b"answer")
        begun.result()
    fault.end()
    assert is_cut(line.client)
    line.connect()


def test_late_request_arrives_after_the_client_has_detected_the_cut(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxies, "CATCH_S", CATCH_S)
    fault = line.faults["requests late"]
    with ThreadPoolExecutor() as threads:
        begun = threads.submit(fault.begin)
        # It has to be read before its connection is reset.
        received = threads.submit(line.server.recv, 100)
        line.wait_held(lambda connection: connection.up)
        line.client.sendall(b"request")
        assert is_cut(line.client)
        assert received.result() == b"request"
        begun.result()
    fault.end()
    line.connect()


def test_slow_answer_takes_its_time(line: Line) -> None:
    fault = line.faults["answers slow"]
    answer = bytes(SLOW_BYTES_PER_S // 4)
    fault.begin()
    try:
        began = time.monotonic()
        line.server.sendall(answer)
        line.client.recv(len(answer), socket.MSG_WAITALL)
        assert time.monotonic() - began > 0.2
    finally:
        fault.end()
    assert forwards(line.server, line.client)


@pytest.mark.parametrize("name", ["only requests arrive", "only answers arrive"])
def test_one_direction_is_held_until_the_end(line: Line, name: str) -> None:
    ends = [line.client, line.server]
    source, target = ends if name == "only requests arrive" else reversed(ends)
    fault = line.faults[name]
    fault.begin()
    try:
        assert forwards(source, target)
        target.sendall(b"held")
        assert is_silent(source)
    finally:
        fault.end()
    assert source.recv(100) == b"held"
