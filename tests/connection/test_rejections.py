"""Rejections by the server, and the errors that they raise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from ska_sdp_config.backend import ConfigConnectionError, ConfigRefused
from ska_sdp_config.drivers.etcd.errors import rejection
from ska_sdp_config.drivers.etcd.grpc.channel import GrpcChannel
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.errors import LoginRejected, QuotaExceeded
from ska_sdp_config.store.interface import AnswerLost, Commit, Put
from tests.connection.conftest import ConnectTo
from tests.services.versions import NEWER_ONLY, Start
from tests.support.quota import fill, make_room
from tests.support.watch_loops import looping


def test_full_database_rejects_writes_until_freed(start: Start, connect: ConnectTo) -> None:
    """Reads succeed; writes fail with advice, and succeed after it was followed."""
    server = start(quota_backend_bytes=2_000_000)
    backend = connect(server.endpoint)
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        backend.create("/a", "1")
        loop.expect("1")
        fill(backend)
        assert backend.get("/a")[0] == "1"
        assert backend.connection.state == "connected"
        make_room(server)
        backend.update("/a", "2")
        loop.expect("2")


class Rejection(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self._code = code
        self._details = details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


@pytest.mark.parametrize(
    ("username", "was_served", "code", "words", "kind", "retry_after"),
    [
        # etcd's answer to a client that has a certificate and does not log in.
        (None, False, "PERMISSION_DENIED", "permission denied", LoginRejected, None),
        (None, True, "PERMISSION_DENIED", "permission denied", LoginRejected, None),
        ("x", True, "PERMISSION_DENIED", "permission denied", ConfigRefused, None),
        ("x", False, "INVALID_ARGUMENT", "authentication failed", LoginRejected, None),
        ("x", True, "INVALID_ARGUMENT", "authentication failed", LoginRejected, 1.0),
        (None, False, "INVALID_ARGUMENT", "user name is empty", LoginRejected, None),
        (None, True, "INVALID_ARGUMENT", "user name is empty", LoginRejected, 1.0),
        ("x", False, "UNAUTHENTICATED", "invalid auth token", LoginRejected, 1.0),
        ("x", True, "RESOURCE_EXHAUSTED", "mvcc: database space exceeded", QuotaExceeded, 1.0),
        ("x", True, "FAILED_PRECONDITION", "etcdserver: corrupt", ConfigRefused, None),
    ],
)
def test_rejection_has_class_and_retry_pause(
    username: str | None,
    was_served: bool,
    code: str,
    words: str,
    kind: type[ConfigRefused],
    retry_after: float | None,
) -> None:
    password = None if username is None else "y"
    settings = Settings.load(host="h", port=1, username=username, password=password)
    words = f"etcdserver: {words.removeprefix('etcdserver: ')}"
    error = rejection(settings, Rejection(grpc.StatusCode[code], words), was_served=was_served)
    assert type(error) is kind
    assert error.retry_after == retry_after


def fail_calls(
    monkeypatch: pytest.MonkeyPatch, method: str, next_error: Callable[[], Rejection | None]
) -> None:
    """Make calls of a method fail with the next error, if there is one."""
    method_of = GrpcChannel.method

    def failing(channel: GrpcChannel, service: str, name: str) -> Any:
        real = method_of(channel, service, name)

        def call(*arguments: Any, **others: Any) -> Any:
            if error := next_error():
                raise error
            return real(*arguments, **others)

        return call if name == method else real

    monkeypatch.setattr(GrpcChannel, "method", failing)


UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED


@NEWER_ONLY
@pytest.mark.parametrize(
    ("code", "words", "outcome"),
    [
        # The server or gRPC rejected it before it was executed.
        (UNAVAILABLE, "etcdserver: no leader", Commit),
        (EXHAUSTED, "etcdserver: too many requests", Commit),
        (
            UNAVAILABLE,
            "failed to connect to all addresses; last error: connection refused",
            Commit,
        ),
        (grpc.StatusCode.UNKNOWN, "auth: revision in header is old", ConfigConnectionError),
        # It may have been executed.
        (UNAVAILABLE, "etcdserver: leader changed", AnswerLost),
        (UNAVAILABLE, "etcdserver: request timed out", AnswerLost),
        (UNAVAILABLE, "etcdserver: server stopped", AnswerLost),
        (UNAVAILABLE, "Socket closed", AnswerLost),
        (grpc.StatusCode.UNKNOWN, "Stream removed", AnswerLost),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded", AnswerLost),
    ],
)
def test_commit_is_retried_only_if_not_executed(
    backend: Backend,
    monkeypatch: pytest.MonkeyPatch,
    code: grpc.StatusCode,
    words: str,
    outcome: type,
) -> None:
    """The messages are those of etcd and gRPC."""
    backend.get("/a")
    fails = [Rejection(code, words)]

    def next_error() -> Rejection | None:
        return fails.pop() if fails else None

    fail_calls(monkeypatch, "Txn", next_error)
    if outcome is Commit:
        assert isinstance(backend.store.commit([], [Put("1/a", "1")], timeout=20), Commit)
    else:
        with pytest.raises(outcome):
            backend.store.commit([], [Put("1/a", "1")], timeout=20)
    assert not fails
    # A transaction settles its commit or repeats it, whatever the error.
    backend.delete("/a", must_exist=False)
    fails.append(Rejection(code, words))
    if outcome is not ConfigConnectionError:
        backend.create("/a", "2")
        assert backend.get("/a")[0] == "2"


@pytest.mark.parametrize("words", ["etcdserver: no leader", "etcdserver: leader changed"])
@NEWER_ONLY
def test_read_without_leader_names_the_cause(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    backend.get("/a")
    backend.store.timeout = 0.3

    fail_calls(monkeypatch, "Range", lambda: Rejection(UNAVAILABLE, words))
    with pytest.raises(ConfigConnectionError, match=rf"{words}.*majority of its members"):
        backend.get("/a")
