"""Gateway client: invalid responses, lost connections and unresponsive servers."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from ska_sdp_config.backend import (
    ConfigConnectionError,
    ConfigRefused,
    Etcd3Revolution1Backend,
    connect,
)
from ska_sdp_config.drivers.etcd import errors
from ska_sdp_config.drivers.etcd.gateway.faults import answer_in
from ska_sdp_config.drivers.etcd.gateway.proto_json import Json
from ska_sdp_config.store.interface import AnswerLost, Put
from ska_sdp_sim.stack.etcd import Etcd
from tests.backend.servers import server_that
from tests.support.in_time import in_time
from tests.support.proxy import RESET, Proxy
from tests.support.waiting import LATE

PUT = [Put("1/a", "1")]


def trickle(before: bytes) -> Callable[[socket.socket], None]:
    """Send a response byte by byte until the client disconnects, for at most 30 s."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(before)
        pause = threading.Event()
        for _ in range(600):
            connection.sendall(b" ")
            pause.wait(0.05)

    return answer


@pytest.mark.parametrize(
    "before",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{"],
    ids=["status", "header", "body"],
)
def test_slow_response_times_out(before: bytes) -> None:
    with (
        server_that(trickle(before)) as port,
        Etcd3Revolution1Backend(host="127.0.0.1", port=port, timeout=0.3) as backend,
        in_time(0.3 + LATE),
        pytest.raises(ConfigConnectionError, match=rf"{port}.*0\.\d+ s.*timed out"),
    ):
        backend.get("/a")


def reset(connection: socket.socket) -> None:
    """End a connection as a server does that has not read all of the request."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def test_reset_connection_advises_a_diagnosis() -> None:
    with (
        server_that(reset) as port,
        Etcd3Revolution1Backend(host="127.0.0.1", port=port, timeout=0.3) as backend,
        pytest.raises(ConfigConnectionError, match=r"SDP_CONFIG_PROTOCOL.*ska-sdp doctor"),
    ):
        backend.get("/a")


def test_response_of_another_server_is_a_connection_error() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello")

    with (
        server_that(answer) as port,
        Etcd3Revolution1Backend(host="127.0.0.1", port=port) as backend,
        pytest.raises(ConfigConnectionError, match="404") as caught,
    ):
        backend.get("/a")
    # Watchers retry it: the response comes from a proxy, not from etcd.
    assert not isinstance(caught.value, ConfigRefused)


@pytest.mark.parametrize(
    ("status", "body", "is_silence", "words"),
    [
        (503, {"error": "etcdserver: request timed out", "code": 14}, True, "timed out"),
        (504, {"error": "context deadline exceeded", "code": 4}, True, "deadline"),
        (404, {"error": "etcdserver: requested lease not found", "code": 5}, False, "lease"),
        (400, {"message": "etcdserver: too many operations", "code": 3}, False, "too many"),
        (200, {"error": {"grpc_code": 14, "message": "no leader"}}, True, "no leader"),
        (200, {"error": {"grpc_code": 7, "message": "denied"}}, False, "denied"),
        (502, {"upstream": "down"}, True, "502"),
        (307, {}, False, "307"),
        (401, {"error": "etcdserver: invalid auth token", "code": 16}, False, "token"),
        *(
            (status, text, is_silence, str(status))
            for status, is_silence in [(200, True), (404, False), (429, False), (502, True)]
            for text in ("", "<html>", "[]", '{"half')
        ),
    ],
)
def test_error_distinguishes_rejection_from_unknown_outcome(
    status: int, body: Json | str, is_silence: bool, words: str
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(errors.CallError, match=words) as caught:
        answer_in(status, text.encode())
    assert errors.is_silence(caught.value) == is_silence


def test_commit_that_was_not_sent_raises_connection_error() -> None:
    # Nothing listens on port 1.
    with (
        Etcd3Revolution1Backend(host="127.0.0.1:1") as backend,
        pytest.raises(ConfigConnectionError, match=r"127\.0\.0\.1:1"),
    ):
        backend.store.commit([], PUT, timeout=0.3)


def test_commit_without_response_raises_answer_lost(own_etcd: Etcd) -> None:
    with Etcd3Revolution1Backend(host=own_etcd.endpoint) as backend:
        backend.get("/a")
        own_etcd.pause()
        # Long enough for a busy machine to send it.
        with pytest.raises(AnswerLost, match="timed out"):
            backend.store.commit([], PUT, timeout=2)
        own_etcd.resume()


def test_commit_on_broken_connection_raises_answer_lost() -> None:
    with (
        server_that(lambda connection: None) as port,
        Etcd3Revolution1Backend(host="127.0.0.1", port=port) as backend,
        pytest.raises(AnswerLost, match="connection"),
    ):
        backend.store.commit([], PUT, timeout=20)


def test_call_fails_over_from_unresponsive_member(etcd: Etcd) -> None:
    with server_that(trickle(b"HTTP")) as port:
        hosts = f"127.0.0.1:{port},{etcd.host}:{etcd.port}"
        with Etcd3Revolution1Backend(host=hosts, timeout=4) as backend:
            assert backend.get("/nothing-here")[0] is None
            # The client stays on the other member: retrying the first would take 2 s.
            with in_time(1.5):
                assert backend.get("/nothing-here")[0] is None


def test_close_ends_blocked_call(own_etcd: Etcd) -> None:
    backend = Etcd3Revolution1Backend(host=own_etcd.endpoint, timeout=20)
    backend.get("/a")
    own_etcd.pause()
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(backend.get, "/a")
        assert wait([call], timeout=0.2).not_done
        with in_time(LATE):
            backend.close()
            with pytest.raises(ConfigConnectionError, match="closed"):
                call.result()
    own_etcd.resume()


def test_connection_is_reused(etcd: Etcd) -> None:
    with (
        Proxy(etcd.host, etcd.port) as proxy,
        Etcd3Revolution1Backend(host=proxy.endpoint) as backend,
    ):
        for _ in range(20):
            backend.get("/a")
        assert proxy.accepted == 1


def test_many_threads_share_a_backend(etcd: Etcd) -> None:
    with Etcd3Revolution1Backend(host=etcd.endpoint) as backend:
        backend.delete("/n", must_exist=False)
        backend.create("/n", "0")

        def count() -> None:
            for _ in range(5):
                for txn in backend.txn():
                    txn.update("/n", str(int(txn.get("/n") or "") + 1))

        with ThreadPoolExecutor(6) as threads:
            for done in [threads.submit(count) for _ in range(6)]:
                done.result()
        assert backend.get("/n")[0] == "30"


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    package = "ska_sdp_config.drivers.etcd.gateway"
    for name, module in list(sys.modules.items()):
        if name.startswith(("etcd3gw", f"{package}.")):
            monkeypatch.delitem(sys.modules, name)
        if name.rpartition(".")[0] == package:
            # The import below replaces attributes of the package: restore them afterwards.
            monkeypatch.setattr(name, module)
    monkeypatch.setitem(sys.modules, "etcd3gw", None)
    with pytest.raises(ImportError, match=r"pip install 'ska-sdp-lmc\[gateway\]'"):
        connect("etcd3_revolution1")
