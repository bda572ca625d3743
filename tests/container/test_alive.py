"""The health check, against a server that says what the test wants, on a port of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ska_sdp_lmc.observability.alive import ADDRESS, PORT
from tests.container.recipe import stages
from tests.support.in_time import on_time

Answering = Callable[..., int]


def has_ipv6() -> bool:
    """Whether this machine has the loopback address of IPv6."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Starts a server that answers ``/livez`` with a status and words; gives its port.

    It listens on 127.0.0.1, or on the address that is named.
    """
    with ExitStack() as running:

        def start(status: int, words: str, address: str = "127.0.0.1") -> int:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    self.send_response(status if self.path == "/livez" else 404)
                    self.end_headers()
                    self.wfile.write(words.encode())

                def log_message(self, *_: object) -> None:
                    pass

            class Server(HTTPServer):
                address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

            server = running.enter_context(Server((address, 0), Handler))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            running.callback(thread.join)
            running.callback(server.shutdown)
            return server.server_port

        yield start


def check(port: str | None, address: str | None = None) -> tuple[int, str]:
    """Run the command of HEALTHCHECK; gives its exit code and what it says."""
    program, *words = stages()[-1].command("HEALTHCHECK")
    assert program == "python"
    environment = {k: value for k, value in os.environ.items() if k not in (PORT, ADDRESS)}
    # A proxy that is set for others is not asked.
    environment["http_proxy"] = "http://127.0.0.1:1"
    if port is not None:
        environment[PORT] = port
    if address is not None:
        environment[ADDRESS] = address
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=120
    )
    said = done.stdout + done.stderr
    # It waits for 3 s, and the server is a thread of the tests' own process.
    on_time("timed out" not in said, said)
    return done.returncode, said


def test_it_lives(answering: Answering) -> None:
    assert check(str(answering(200, "ok"))) == (0, "")


def test_it_does_not(answering: Answering) -> None:
    port = answering(503, "the watcher of test-sdp/subarray/01 has ended\n")
    url = f"http://127.0.0.1:{port}/livez"
    said = f"{url} returned 503: the watcher of test-sdp/subarray/01 has ended\n"
    assert check(str(port)) == (1, said)


def test_it_is_asked_at_its_address(answering: Answering) -> None:
    port = str(answering(200, "ok", "127.0.0.2"))
    assert check(port, "127.0.0.2") == (0, "")
    code, said = check(port, "127.0.0.3")
    assert code == 1
    assert f"http://127.0.0.3:{port}/livez does not answer" in said


@pytest.mark.parametrize("address", ["", "0.0.0.0"])
def test_it_listens_on_all_addresses(answering: Answering, address: str) -> None:
    assert check(str(answering(200, "ok")), address) == (0, "")


@pytest.mark.skipif(not has_ipv6(), reason="This machine has no IPv6.")
@pytest.mark.parametrize("address", ["::1", "::"])
def test_it_listens_on_ipv6(answering: Answering, address: str) -> None:
    assert check(str(answering(200, "ok", "::1")), address) == (0, "")


def test_nobody_answers() -> None:
    # Taken, so that nobody else comes to listen there.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        code, said = check(str(taken.getsockname()[1]))
    assert code == 1
    assert "does not answer" in said


@pytest.mark.parametrize("port", ["nowhere", "1e9", "99999999"])
def test_a_port_that_is_none(port: str) -> None:
    code, said = check(port)
    assert code == 1
    assert "Traceback" not in said


@pytest.mark.parametrize("port", [None, "", "0"])
def test_a_role_that_serves_no_health(port: str | None) -> None:
    assert check(port) == (0, "")
