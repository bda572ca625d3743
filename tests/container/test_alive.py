"""The health check, against a server that says what the test wants, on a port of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ska_sdp_lmc.alive import PORT
from ska_sdp_lmc.stack.ports import free_port
from tests.container.recipe import stages

Answering = Callable[[int, str], int]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Starts a server that answers ``/livez`` with a status and words; gives its port."""
    with ExitStack() as running:

        def start(status: int, words: str) -> int:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    self.send_response(status if self.path == "/livez" else 404)
                    self.end_headers()
                    self.wfile.write(words.encode())

                def log_message(self, *_: object) -> None:
                    pass

            server = running.enter_context(HTTPServer(("127.0.0.1", 0), Handler))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            running.callback(thread.join)
            running.callback(server.shutdown)
            return server.server_port

        yield start


def check(port: str | None) -> tuple[int, str]:
    """Run the command of HEALTHCHECK; gives its exit code and what it says."""
    program, *words = stages()[-1].command("HEALTHCHECK")
    assert program == "python"
    environment = {name: value for name, value in os.environ.items() if name != PORT}
    # A proxy that is set for others is not asked.
    environment["http_proxy"] = "http://127.0.0.1:1"
    if port is not None:
        environment[PORT] = port
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def test_it_lives(answering: Answering) -> None:
    assert check(str(answering(200, "ok"))) == (0, "")


def test_it_does_not(answering: Answering) -> None:
    port = answering(503, "the watcher of test-sdp/subarray/01 has ended\n")
    url = f"http://127.0.0.1:{port}/livez"
    said = f"{url} says 503: the watcher of test-sdp/subarray/01 has ended\n"
    assert check(str(port)) == (1, said)


def test_nobody_answers() -> None:
    code, said = check(str(free_port()))
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
