"""``make audit``: what it reports, and that an incomplete audit is a failure.

The vulnerability service is a server on this machine that answers in OSV's format. It tests this
program and pip-audit, not OSV.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from release.audit import LOCKS

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]

VULNERABILITY = {
    "id": "PYSEC-2099-1",
    "summary": "Parses too much",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "click"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}

StartService = Callable[..., str]


@pytest.fixture
def start_service() -> Iterator[StartService]:
    """Starts a service that knows of vulnerable packages, and returns its address."""
    with ExitStack() as running:

        def start(vulnerable: tuple[str, ...] = (), status: int = 200) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_POST(self) -> None:
                    query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                    is_vulnerable = query["package"]["name"] in vulnerable
                    self.send_response(status)
                    self.end_headers()
                    answer = {"vulns": [VULNERABILITY]} if is_vulnerable else {}
                    self.wfile.write(json.dumps(answer).encode())

                def log_message(self, *_: object) -> None:
                    pass

            server = running.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            running.callback(thread.join)
            running.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


def audit(address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "release.audit", "--vulnerability-service", "osv"]
    return subprocess.run(
        [*command, "--osv-url", address, *arguments],
        cwd=ROOT,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_all_packages_of_the_image_and_the_tools_are_audited() -> None:
    assert all((ROOT / lock).exists() for lock in LOCKS)
    others = {path.name for path in (ROOT / "requirements").glob("*.lock")}
    assert others - {Path(lock).name for lock in LOCKS} == {"old-client.lock"}


def test_vulnerable_package_is_reported_unless_it_is_ignored(start_service: StartService) -> None:
    address = start_service(("click",))
    done = audit(address)
    assert done.returncode == 1, done.stderr
    for lock in ("requirements.lock", "requirements/image.lock"):
        line = rf"click \S+: PYSEC-2099-1, fixed in 99.0\n{lock}: 1 of \d+ packages"
        assert re.search(line, done.stdout), done.stdout
    assert 'make lock ARGS="--upgrade-package NAME"' in done.stderr
    done = audit(address, "--ignore-vuln", "PYSEC-2099-1")
    assert done.returncode == 0, done.stderr
    lines = [re.sub(r"\d+ packages", "N packages", line) for line in done.stdout.splitlines()]
    assert lines == [f"{lock}: 0 of N packages have known vulnerabilities" for lock in LOCKS]


def check_incomplete(done: subprocess.CompletedProcess[str], reason: str) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("The audit of requirements.lock is incomplete")
    assert reason in done.stderr
    assert "Run it on a machine that reaches one" in done.stderr


def test_unreachable_service_is_a_failure() -> None:
    # A bound port: no other server can listen there.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        check_incomplete(audit(f"http://127.0.0.1:{taken.getsockname()[1]}"), "Connection refused")


def test_failing_service_is_a_failure(start_service: StartService) -> None:
    check_incomplete(audit(start_service(status=503)), "ServiceError")
