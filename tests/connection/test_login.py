"""Users and passwords: logins expire, users change, and nobody notices; or is told."""

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
from ska_sdp_config.backend.backend import Backend
from ska_sdp_config.backend.etcd3.connection import Etcd as EtcdCalls
from ska_sdp_config.backend.etcd3.login import Login
from ska_sdp_config.backend.keys import Span
from ska_sdp_lmc.stack.etcd import Flag
from tests.backend.test_store_watch import Heard
from tests.backend.test_watchers import looping
from tests.connection.conftest import ConnectTo
from tests.connection.servers import raw
from tests.connection.users import (
    PASSWORD,
    USER,
    Administrator,
    administrator,
    jwt_tokens,
    simple_tokens,
)
from tests.in_time import in_time
from tests.services.versions import NEWER_FIRST, EtcdOf, Start, programs
from tests.waiting import LATE, wait_until

WRONG = "tell nobody: wr0ng"


@pytest.fixture(autouse=True)
def nothing_is_given_away(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No test of this file has a password, or a token, in its log."""
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.records:
        assert not any(secret in record.getMessage() for secret in (PASSWORD, WRONG)), record
        assert "eyJ" not in record.getMessage(), record


@pytest.fixture
def users(server: EtcdOf) -> Iterator[Administrator]:
    """The users of the server."""
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
    """Wait until the server would refuse the token, without telling the client."""
    token = (("token", login_of(backend)._token),)

    def is_refused() -> bool:
        with raw(server.endpoint) as channel:
            try:
                request = etcdrpc.RangeRequest(key=b"x", serializable=True)
                etcdrpc.KVStub(channel).Range(request, timeout=5, metadata=token)
            except grpc.RpcError as exc:
                return exc.code() is grpc.StatusCode.UNAUTHENTICATED
        return False

    wait_until(is_refused)


def work_through(
    backend: Backend, users: Administrator, expiries: int, pause: float, changes: int = 1
) -> None:
    """Write, with pauses, and watch, until so many logins have expired.

    Meanwhile the users' store changes as often as is asked.
    """
    login = login_of(backend)
    pausing = threading.Event()
    written = 0
    backend.create("/n", "0")
    with looping(backend, lambda txn: int(txn.get("/n") or 0)) as loop:
        loop.saw(0)
        while login.expiries < expiries or written <= changes:
            pausing.wait(pause)
            written += 1
            assert increment(backend) == written
            loop.saw(written)
            if written <= changes:
                users.change_something()
        assert loop.turns == list(range(written + 1))
        assert loop.error is None


@pytest.mark.long
def test_token_expires_by_the_clock(start: Start, connect: ConnectTo, tmp_path: Path) -> None:
    server = start(**jwt_tokens(tmp_path, ttl=2))
    with administrator(server.endpoint) as users:
        backend = connect(server.endpoint, username=USER, password=PASSWORD)
        work_through(backend, users, expiries=2, pause=0.4)


@NEWER_FIRST
def test_token_expires_unused(start: Start, connect: ConnectTo) -> None:
    server = start(**simple_tokens(ttl=1))
    with administrator(server.endpoint) as users:
        backend = connect(server.endpoint, username=USER, password=PASSWORD)
        work_through(backend, users, expiries=1, pause=2.2, changes=0)


@pytest.mark.long
def test_twenty_tokens_of_five_seconds_expire(tmp_path_factory: pytest.TempPathFactory) -> None:
    """On each version, by the clock and unused: all of it at the same time."""

    def work(program: str, flags: dict[str, Flag], pause: float) -> int:
        with ExitStack() as opened:
            server = servers[program, pause]
            users = opened.enter_context(administrator(server.endpoint))
            backend = opened.enter_context(
                Etcd3Backend(host=server.endpoint, username=USER, password=PASSWORD)
            )
            work_through(backend, users, expiries=20, pause=pause, changes=2)
            return login_of(backend).expiries

    plans = [
        (program, flags, pause)
        for program in programs().values()
        for flags, pause in (
            (jwt_tokens(tmp_path_factory.mktemp("jwt"), ttl=5), 0.5),
            (simple_tokens(ttl=5), 8.0),
        )
    ]
    with ExitStack() as opened:
        # Servers end with the thread that started them.
        servers = {
            (program, pause): opened.enter_context(
                EtcdOf(program, tmp_path_factory.mktemp("etcd"), flags=flags)
            )
            for program, flags, pause in plans
        }
        with ThreadPoolExecutor(len(plans)) as threads:
            expiries = list(threads.map(lambda plan: work(*plan), plans))
    assert min(expiries) >= 20


@NEWER_FIRST
def test_watch_is_begun_with_a_login_that_has_expired(
    start: Start, connect: ConnectTo, tmp_path: Path
) -> None:
    """The stream keeps the login that it was opened with: what it watched must go on."""
    server = start(**jwt_tokens(tmp_path, ttl=2))
    with administrator(server.endpoint):
        backend = connect(server.endpoint, username=USER, password=PASSWORD)
        now = backend.store.read([], timeout=5).revision
        before, after = Heard(), Heard()
        backend.store.watch(Span("1/a"), now + 1, before)
        backend.create("/a", "1")
        before.heard(("1/a", "1"))
        wait_for_expiry(server, backend)
        backend.store.watch(Span("1/b"), now + 1, after)
        backend.create("/b", "1")
        backend.update("/a", "2")
        after.heard(("1/b", "1"))
        before.heard(("1/a", "1"), ("1/a", "2"))
        assert not before.gaps
        assert not after.gaps
        assert backend.connection.state == "connected"


@pytest.mark.long
@NEWER_FIRST
def test_one_thread_logs_in_for_all(start: Start, connect: ConnectTo, tmp_path: Path) -> None:
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


def test_users_come_and_go(server: EtcdOf, connect: ConnectTo) -> None:
    """A login is given where none is asked for; then one is asked for, then not, then again."""
    backend = connect(server.endpoint, username=USER, password=PASSWORD)
    backend.create("/n", "0")
    with looping(backend, lambda txn: int(txn.get("/n") or 0)) as loop:
        loop.saw(0)
        with administrator(server.endpoint) as users:
            loop.saw(increment(backend))
            users.disable()
            loop.saw(increment(backend))
            users.enable()
            loop.saw(increment(backend))


@pytest.mark.parametrize("name", [USER, "nobody"])
def test_wrong_password(
    server: EtcdOf, users: Administrator, connect: ConnectTo, name: str
) -> None:
    backend = connect(server.endpoint, username=name, password=WRONG, timeout=20)
    said = pytest.raises(ConfigConnectionError, match=f"refused the login of user '{name}'")
    with in_time(2.5 + LATE), said as told:
        backend.get("/a")
    everything = "".join(traceback.format_exception(told.value))
    assert server.endpoint in everything
    assert WRONG not in everything
    assert WRONG not in repr(told.value.__cause__)
    assert backend.connection.state == "suspended"


def test_login_is_asked_for(server: EtcdOf, users: Administrator, connect: ConnectTo) -> None:
    backend = connect(server.endpoint)
    with pytest.raises(ConfigConnectionError, match="set SDP_CONFIG_USERNAME and SDP_CONFIG_PASS"):
        backend.get("/a")


def test_user_who_may_not(server: EtcdOf, users: Administrator, connect: ConnectTo) -> None:
    backend = connect(server.endpoint, username="guest", password=PASSWORD)
    with pytest.raises(ConfigConnectionError, match=r"does not let user 'guest'.*permission"):
        backend.get("/a")
    # It is the call that failed, not the connection.
    assert backend.connection.state == "connected"


def test_watcher_outlives_a_password_that_is_wrong_for_a_while(
    server: EtcdOf, users: Administrator, connect: ConnectTo
) -> None:
    backend = connect(server.endpoint, username=USER, password=PASSWORD)
    backend.create("/n", "0")
    with looping(backend, lambda txn: int(txn.get("/n") or 0), timeout=0.1) as loop:
        loop.saw(0)
        users.change_password(USER, WRONG)
        with pytest.raises(ConfigConnectionError, match="refused the login"):
            backend.get("/n")
        users.change_password(USER, PASSWORD)
        loop.saw(increment(backend))
        assert loop.error is None


def test_watch_that_logs_in_when_all_is_closed(server: EtcdOf, connect: ConnectTo) -> None:
    """Whatever was closed first, it is told so in our words, not in gRPC's."""
    backend = connect(server.endpoint, username=USER, password=PASSWORD)
    etcd: EtcdCalls = backend.store._etcd  # type: ignore[attr-defined]  # of this store
    with etcd.link() as link:
        backend.close()
        with pytest.raises(ConfigConnectionError, match="closed"):
            etcd.watch(link, iter([]))


@pytest.mark.long
def test_commit_whose_login_is_not_answered_was_not_sent(
    server: EtcdOf, users: Administrator, connect: ConnectTo
) -> None:
    backend = connect(server.endpoint, username=USER, password=PASSWORD, timeout=3)
    runs = 0
    with pytest.raises(ConfigConnectionError, match="did not answer") as told:  # noqa: PT012
        for txn in backend.txn():
            runs += 1
            txn.create("/a", "1")
            # As when the token has expired: the commit has to log in first.
            backend.client_lease.current()
            login_of(backend).forget()
            server.pause()
    server.resume()
    assert not isinstance(told.value, CommitUnknown)
    assert runs == 1
    assert backend.get("/a")[0] is None
