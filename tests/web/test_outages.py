"""The page's server while viewers are slow, the database is away, and at its own end."""

from __future__ import annotations

import http.client
import signal
import socket
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.web import WebPage
from ska_sdp_web.streams import MAX_STREAMS
from tests.support.waiting import CALL, wait_until
from tests.web.client import cookie_of, log_in, request
from tests.web.conftest import TOKEN, Write, settings_of
from tests.web.event_stream import EventStream


def test_database_that_is_away_comes_back_by_itself(page: WebPage, etcd: Etcd) -> None:
    with EventStream(page.endpoint, "overview", "pbs") as stream:
        stream.document("overview")
        stream.document("pbs")
        etcd.kill()
        away = stream.wait("connection", lambda data: data["state"] == "away")
        assert away["since"] is not None
        assert etcd.endpoint in away["error"]
        assert request(page.endpoint, "/readyz").status == 503
        assert request(page.endpoint, "/healthz").status == 200
        # A new viewer has the last values.
        with EventStream(page.endpoint, "overview") as late:
            assert late.wait("connection")["state"] == "away"
            assert late.document("overview")["subarrays"][0]["obs_state"] == "FAULT"
        etcd.start()
        assert stream.wait("connection", lambda data: data["state"] == "ok")["since"] is None
        path = "/pb/pb-back-20260131-00001"
        with Config(backend="etcd3", host=etcd.host, port=etcd.port, timeout=CALL) as config:
            for txn in config.txn():
                txn.create(path, "{}")
            stream.wait("rows", lambda data: "pb-back-20260131-00001" in data["rows"])
            for txn in config.txn():
                txn.delete(path)
    assert request(page.endpoint, "/readyz").status == 200


def test_server_with_a_token_starts_while_the_database_is_away(
    tmp_path: Path, token_file: Path
) -> None:
    etcd = Etcd(tmp_path, port=free_port())
    settings = {**settings_of(etcd), "SDP_CONFIG_TIMEOUT": "1"}
    page = WebPage(tmp_path, settings, options=["--token-file", str(token_file)])
    page.launch()
    try:
        wait_until(lambda: page.url in page.process.output(), CALL)
        wait_until(lambda: request(page.endpoint, "/readyz").status == 503, CALL)
        # Without a login, neither the address nor the error is shown.
        assert request(page.endpoint, "/readyz").text == "The database is away.\n"
        cookie = cookie_of(log_in(page.endpoint, TOKEN))
        with EventStream(page.endpoint, "overview", headers=cookie) as stream:
            assert etcd.endpoint in stream.wait("connection")["error"]
            with etcd:
                assert stream.document("overview")["subarrays"] == []
                wait_until(lambda: request(page.endpoint, "/readyz").status == 200, CALL)
    finally:
        page.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_streams_end_with_the_server(
    etcd: Etcd, write: Write, tmp_path: Path, number: signal.Signals
) -> None:
    with WebPage(tmp_path, settings_of(etcd)) as page:
        streams = [EventStream(page.endpoint, "overview", "pbs") for _ in range(20)]
        for stream in streams:
            stream.document("pbs")
        page.process.signal(number)
        # Not killed after a timeout, and with exit code 0.
        assert page.process.wait(CALL) == 0
        for stream in streams:
            assert stream.ended.wait(CALL)
            stream.close()
        assert "Traceback" not in page.process.output()


def test_slow_viewer_gets_the_whole_table_again_and_others_do_not_wait(
    page: WebPage, write: Write
) -> None:
    path = "/pb/pb-slow-20260131-00001"
    write({path: {}})
    turns = 40
    with socket.socket() as slow:
        slow.settimeout(CALL)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((page.host, page.port))
        slow.sendall(b"GET /events?topic=pbs HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with EventStream(page.endpoint, "pbs") as stream:
            stream.document("pbs")
            for turn in range(turns):
                reason = f"turn {turn} {'x' * 300_000}"
                write({f"{path}/state": {"status": "FAILED", "reason": reason}})
                stream.wait("rows", partial(_has_reason, reason))
        received = bytearray()
        while f"turn {turns - 1} xxx".encode() not in received[-400_000:]:
            part = slow.recv(1 << 20)
            assert part, "the server has ended the stream"
            received += part
    # Not each change was kept for it.
    assert received.count(b"event: rows") < turns
    assert received.count(b"event: whole") > 1
    write({path: None, f"{path}/state": None})


def _has_reason(reason: str, data: dict[str, Any]) -> bool:
    return any(row is not None and row["reason"] == reason for row in data["rows"].values())


@pytest.mark.long
def test_more_streams_than_the_limit_are_rejected(etcd: Etcd, tmp_path: Path) -> None:
    with WebPage(tmp_path, settings_of(etcd)) as page:
        connections = []
        for _ in range(MAX_STREAMS):
            connection = http.client.HTTPConnection(page.endpoint, timeout=CALL)
            connection.request("GET", "/events?topic=overview")
            response = connection.getresponse()
            assert response.status == 200
            connections.append((connection, response))
        answer = request(page.endpoint, "/events?topic=overview")
        assert answer.status == 503
        assert "retry-after" in answer.headers
        for connection, response in connections:
            response.close()
            connection.close()

        def is_free() -> bool:
            with EventStream(page.endpoint, "overview") as stream:
                return stream.status == 200

        wait_until(is_free, CALL)
        begin = time.monotonic()
        page.stop()
        assert time.monotonic() - begin < CALL
