"""Login by user and password: expiry, changes of users, and rejections."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from pyetcd import etcdrpc

from ska_sdp_config.backend import CommitUnknown, ConfigConnectionError, Etcd3Backend
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.drivers.etcd.grpc.channel import grpc_channels
from ska_sdp_config.drivers.etcd.login import Login
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.keys import Span
from tests.connection.conftest import ConnectTo
from tests.services.versions import NEWER_FIRST, EtcdOf, Start, programs
from tests.support.cluster import raw
from tests.support.in_time import in_time
from tests.support.size import sized
from tests.support.stores import RecordingSink
from tests.support.users import (
    PASSWORD,
    USER,
    Administrator,
    administrator,
    jwt_tokens,
    simple_tokens,
)
from tests.support.waiting import LATE, wait_until
from tests.support.watch_loops import looping

WRONG = "wr0ng password"

MANY_EXPIRIES = sized(40)
"""Expired tokens of each client. Their TTLs are the shortest that work, to save time."""


@pytest.fixture(autouse=True)
def secrets_are_not_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.records:
        assert not any(secret in record.getMessage() for secret in (PASSWORD, WRONG)), record
        assert "eyJ" not in record.getMessage(), record


@pytest.fixture
def users(server: EtcdOf) -> Iterator[Administrator]:
    with administrator(server.endpoint) as users:
        yield users


def login_of(backend: Backend) -> Login:
    login: Login = backend.store._etcd._login  # type: ignore[attr-defined]  # of this store
    return login


def increment(backend: Backend) -> int:
    for txn in backend.txn():
        value = int(txn.get("/n") or 0) + 1
        txn.update("/n", str(value))
    return value


def wait_for_expiry(server: EtcdOf, backend: Backend) -> None:
    """Wait until the server rejects the token; the client does not detect it."""
    metadata = login_of(backend).ready

    def is_rejected() -> bool:
        with raw(server.endpoint) as channel:
            try:
                request = etcdrpc.RangeRequest(key=b"x", serializable=True)
                etcdrpc.KVStub(channel).Range(request, timeout=20, metadata=metadata)
            except grpc.RpcError as exc:
                return exc.code() is grpc.StatusCode.UNAUTHENTICATED
        return False

    wait_until(is_rejected)


def work_through(
    backend: Backend, users: Administrator, expiries: int, pause: float, changes: int = 1
) -> None:
    """Write, with pauses, and watch, until so many logins have expired.

    Meanwhile the users' store changes so many times.
    """
    login = login_of(backend)
    pausing = threading.Event()
    written = 0
    backend.create("/n", "0")
    with looping(backend, lambda txn: int(txn.get("/n") or 0)) as loop:
        loop.expect(0)
        while login.expiries < expiries or written <= changes:
            pausing.wait(pause)
            written += 1
            assert increment(backend) == written
            loop.expect(written)
            if written <= changes:
                users.change_something()
        assert loop.results == list(range(written + 1))
        assert loop.error is None


@NEWER_FIRST
def test_login_survives_expiry_of_unused_token(start: Start, connect: ConnectTo) -> None:
    server = start(**simple_tokens(ttl=1))
    with administrator(server.endpoint) as users:
        backend = connect(server.endpoint, username=USER, password=PASSWORD)
        work_through(backend, users, expiries=1, pause=2.2, changes=0)


@pytest.mark.long
def test_login_survives_many_expired_tokens(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All versions and kinds of expiry run at the same time."""

    def work(server: EtcdOf, pause: float) -> int:
        with (
            administrator(server.endpoint) as users,
            Etcd3Backend(host=server.endpoint, username=USER, password=PASSWORD) as backend,
        ):
            work_through(backend, users, expiries=MANY_EXPIRIES, pause=pause, changes=2)
            return login_of(backend).expiries

    plans: list[tuple[EtcdOf, float]] = []
    with ExitStack() as opened:
        # Servers end with the thread that started them.
        for program in programs().values():
            for flags, pause in (
                (jwt_tokens(tmp_path_factory.mktemp("jwt"), ttl=2), 0.5),
                (simple_tokens(ttl=1), 2.2),
            ):
                server = EtcdOf(program, tmp_path_factory.mktemp("etcd"), flags=flags)
                plans.append((opened.enter_context(server), pause))
        with ThreadPoolExecutor(len(plans)) as threads:
            expiries = list(threads.map(lambda plan: work(*plan), plans))
    assert min(expiries) >= MANY_EXPIRIES


@NEWER_FIRST
def test_watch_survives_expired_token(start: Start, connect: ConnectTo, tmp_path: Path) -> None:
    """The server checks the token with which the stream was opened; the watch must continue."""
    server = start(**jwt_tokens(tmp_path, ttl=2))
    with administrator(server.endpoint):
        backend = connect(server.endpoint, username=USER, password=PASSWORD)
        now = backend.store.read([], timeout=20).revision
        before, after = RecordingSink(), RecordingSink()
        backend.store.watch(Span("1/a"), now + 1, before)
        backend.create("/a", "1")
        before.expect(("1/a", "1"))
        wait_for_expiry(server, backend)
        backend.store.watch(Span("1/b"), now + 1, after)
        backend.create("/b", "1")
        backend.update("/a", "2")
        after.expect(("1/b", "1"))
        before.expect(("1/a", "1"), ("1/a", "2"))
        assert not before.gaps
        assert not after.gaps
        assert backend.connection.state == "connected"


@pytest.mark.long
@NEWER_FIRST
def test_threads_share_one_login(start: Start, connect: ConnectTo, tmp_path: Path) -> None:
    server = start(**jwt_tokens(tmp_path, ttl=4))
    with administrator(server.endpoint):
        backend = connect(server.endpoint, username=USER, password=PASSWORD)
        backend.create("/a", "1")
        wait_for_expiry(server, backend)
        # The new login lives for three to four seconds, as it counts in whole ones.
        with in_time(3), ThreadPoolExecutor(16) as threads:
            values = list(threads.map(lambda _: backend.get("/a")[0], range(16)))
        assert values == ["1"] * 16
        assert login_of(backend).expiries == 1


@NEWER_FIRST
def test_login_follows_changes_of_authentication(server: EtcdOf, connect: ConnectTo) -> None:
    backend = connect(server.endpoint, username=USER, password=PASSWORD)
    backend.create("/n", "0")
    with looping(backend, lambda txn: int(txn.get("/n") or 0)) as loop:
        loop.expect(0)
        with administrator(server.endpoint) as users:
            loop.expect(increment(backend))
            users.disable()
            loop.expect(increment(backend))
            users.enable()
            loop.expect(increment(backend))


@pytest.mark.parametrize("name", [USER, "nobody"])
def test_wrong_password_is_rejected(
    server: EtcdOf, users: Administrator, connect: ConnectTo, name: str
) -> None:
    backend = connect(server.endpoint, username=name, password=WRONG, timeout=20)
    error = pytest.raises(ConfigConnectionError, match=f"rejected the login of user '{name}'")
    with in_time(2.5 + LATE), error as raised:
        backend.get("/a")
    everything = "".join(traceback.format_exception(raised.value))
    assert server.endpoint in everything
    assert WRONG not in everything
    assert WRONG not in repr(raised.value.__cause__)
    assert backend.connection.state == "suspended"


def test_missing_login_is_rejected(backend: Backend, users: Administrator) -> None:
    with pytest.raises(ConfigConnectionError, match="set SDP_CONFIG_USERNAME and SDP_CONFIG_PASS"):
        backend.get("/a")


def test_missing_permission_is_rejected(
    server: EtcdOf, users: Administrator, connect: ConnectTo
) -> None:
    backend = connect(server.endpoint, username="guest", password=PASSWORD)
    with pytest.raises(ConfigConnectionError, match=r"does not let user 'guest'.*permission"):
        backend.get("/a")
    # It is the call that failed, not the connection.
    assert backend.connection.state == "connected"


@NEWER_FIRST
def test_watcher_survives_temporary_wrong_password(
    server: EtcdOf, users: Administrator, connect: ConnectTo
) -> None:
    backend = connect(server.endpoint, username=USER, password=PASSWORD)
    backend.create("/n", "0")
    with looping(backend, lambda txn: int(txn.get("/n") or 0), timeout=0.1) as loop:
        loop.expect(0)
        users.change_password(USER, WRONG)
        with pytest.raises(ConfigConnectionError, match="rejected the login"):
            backend.get("/n")
        users.change_password(USER, PASSWORD)
        loop.expect(increment(backend))
        assert loop.error is None


def test_call_on_closed_client_is_rejected(server: EtcdOf) -> None:
    """The error is that of the library, not gRPC's ValueError."""
    settings = Settings.load(host=server.endpoint, username=USER, password=PASSWORD)
    etcd = EtcdClient(settings, Connection(lease_ttl=10), grpc_channels(settings))
    with etcd.channel() as channel:
        etcd.close()
        with pytest.raises(ConfigConnectionError, match="closed"):
            etcd.call_on(channel, "KV", "Range", etcdrpc.RangeRequest(key=b"a"), 5)


def test_watch_on_closed_backend_is_rejected(server: EtcdOf, connect: ConnectTo) -> None:
    backend = connect(server.endpoint, username=USER, password=PASSWORD)
    backend.close()
    with pytest.raises(ConfigConnectionError, match="closed"):
        backend.store.watch(Span("1/a"), 1, RecordingSink())


@pytest.mark.long
def test_commit_is_not_sent_when_login_times_out(
    server: EtcdOf, users: Administrator, connect: ConnectTo
) -> None:
    backend = connect(server.endpoint, username=USER, password=PASSWORD, timeout=3)
    runs = 0
    with pytest.raises(ConfigConnectionError, match="did not answer") as raised:  # noqa: PT012
        for txn in backend.txn():
            runs += 1
            txn.create("/a", "1")
            # As after the token has expired, the commit has to log in first.
            backend.client_lease.current()
            login_of(backend).discard_token()
            server.pause()
    server.resume()
    assert not isinstance(raised.value, CommitUnknown)
    assert runs == 1
    assert backend.get("/a")[0] is None
