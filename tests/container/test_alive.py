"""The health check, against a server with a chosen response."""

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

StartServer = Callable[..., int]


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    """Starts a server with a status and a text at ``/livez``; returns its port."""
    with ExitStack() as running:

        def start(status: int, text: str, address: str = "127.0.0.1") -> int:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    self.send_response(status if self.path == "/livez" else 404)
                    self.end_headers()
                    self.wfile.write(text.encode())

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
    """Run the command of HEALTHCHECK; return its exit code and its output."""
    program, *words = stages()[-1].command("HEALTHCHECK")
    assert program == "python"
    environment = {k: value for k, value in os.environ.items() if k not in (PORT, ADDRESS)}
    # It must not use a proxy.
    environment["http_proxy"] = "http://127.0.0.1:1"
    if port is not None:
        environment[PORT] = port
    if address is not None:
        environment[ADDRESS] = address
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=120
    )
    output = done.stdout + done.stderr
    # Its timeout is 3 s, and the server is a thread of this process.
    on_time("timed out" not in output, output)
    return done.returncode, output


def test_live_server_passes(start_server: StartServer) -> None:
    assert check(str(start_server(200, "ok"))) == (0, "")


def test_failing_server_is_reported(start_server: StartServer) -> None:
    port = start_server(503, "the watcher of test-sdp/subarray/01 has ended\n")
    url = f"http://127.0.0.1:{port}/livez"
    output = f"{url} returned 503: the watcher of test-sdp/subarray/01 has ended\n"
    assert check(str(port)) == (1, output)


def test_check_uses_the_address(start_server: StartServer) -> None:
    port = str(start_server(200, "ok", "127.0.0.2"))
    assert check(port, "127.0.0.2") == (0, "")
    code, output = check(port, "127.0.0.3")
    assert code == 1
    assert f"http://127.0.0.3:{port}/livez does not answer" in output


@pytest.mark.parametrize("address", ["", "0.0.0.0"])
def test_check_of_all_addresses_uses_loopback(start_server: StartServer, address: str) -> None:
    assert check(str(start_server(200, "ok")), address) == (0, "")


@pytest.mark.skipif(not has_ipv6(), reason="This machine has no IPv6.")
@pytest.mark.parametrize("address", ["::1", "::"])
def test_check_works_with_ipv6(start_server: StartServer, address: str) -> None:
    assert check(str(start_server(200, "ok", "::1")), address) == (0, "")


def test_missing_server_is_reported() -> None:
    # A bound port: no other server can listen there.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        code, output = check(str(taken.getsockname()[1]))
    assert code == 1
    assert "does not answer" in output


@pytest.mark.parametrize("port", ["nowhere", "1e9", "99999999"])
def test_invalid_port_is_reported(port: str) -> None:
    code, output = check(port)
    assert code == 1
    assert "Traceback" not in output


@pytest.mark.parametrize("port", [None, "", "0"])
def test_role_without_health_passes(port: str | None) -> None:
    assert check(port) == (0, "")
