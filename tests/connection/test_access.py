"""Checks of permissions and space that write nothing."""

from __future__ import annotations

import pytest
from pyetcd import etcdrpc

from ska_sdp_config.backend import ConfigRefused
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.live.revisions import past
from ska_sdp_config.store.errors import LoginRejected
from ska_sdp_config.store.interface import Put, Query
from ska_sdp_config.store.keys import EVERYTHING, Span
from tests.services.versions import NEWER_FIRST, EtcdOf, Start
from tests.support.backends import ConnectTo
from tests.support.quota import fill, make_room
from tests.support.users import PASSWORD, administrator
from tests.support.waiting import wait_until

pytestmark = NEWER_FIRST


def check(backend: Backend, read: str = "1/a", write: str = "1/a") -> None:
    backend.store.check_access([Query(Span(read))], [Put(write, "")], timeout=20)


def test_check_access_writes_nothing(server: EtcdOf, etcd_client: ConnectTo) -> None:
    with etcd_client(host=server.endpoint) as backend:
        before = backend.store.read([Query(EVERYTHING)], timeout=20)
        check(backend)
        assert backend.store.read([Query(EVERYTHING)], timeout=20) == before


def test_check_access_rejects_writes_to_full_database(
    start: Start, etcd_client: ConnectTo
) -> None:
    server = start(quota_backend_bytes=2_000_000)
    with etcd_client(host=server.endpoint) as backend:
        check(backend)
        fill(backend)
        with pytest.raises(ConfigRefused, match=r"is full .*space exceeded.*defragment"):
            check(backend)
        make_room(server)
        check(backend)


def test_check_access_checks_permissions_of_each_key(
    server: EtcdOf, etcd_client: ConnectTo
) -> None:
    with administrator(server.endpoint) as admin:
        admin.grant("guest", b"1/a", etcdrpc.Permission.READWRITE)
        admin.grant("guest", b"1/read", etcdrpc.Permission.READ)
        login = {"username": "guest", "password": PASSWORD}
        with etcd_client(host=server.endpoint, **login) as backend:
            check(backend)
            check(backend, read="1/read")
            for read, write in (("1/other", "1/a"), ("1/a", "1/other"), ("1/a", "1/read")):
                with pytest.raises(ConfigRefused, match=r"'guest' .*permission denied"):
                    check(backend, read, write)


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ({}, "requires a login"),
        ({"username": "guest", "password": "wrong"}, "rejected the login of user 'guest'"),
    ],
)
def test_check_access_checks_login(
    server: EtcdOf, etcd_client: ConnectTo, login: dict[str, str], words: str
) -> None:
    with (
        administrator(server.endpoint),
        etcd_client(host=server.endpoint, **login) as backend,
        pytest.raises(LoginRejected, match=words),
    ):
        check(backend)


def test_rejected_watch_names_missing_permission(
    server: EtcdOf, etcd_client: ConnectTo, caplog: pytest.LogCaptureFixture
) -> None:
    with administrator(server.endpoint) as admin:
        admin.grant("guest", b"1/a", etcdrpc.Permission.READWRITE)
        login = {"username": "guest", "password": PASSWORD}
        with etcd_client(host=server.endpoint, **login) as backend, backend.watch("/a", 1):
            wait_until(lambda: "grant its user the right to read all keys" in caplog.text)


def test_past_without_right_to_watch_names_missing_permission(
    server: EtcdOf, etcd_client: ConnectTo
) -> None:
    with administrator(server.endpoint) as admin:
        for key in (b"0", b"1/a"):
            admin.grant("guest", key, etcdrpc.Permission.READWRITE)
        login = {"username": "guest", "password": PASSWORD}
        with etcd_client(host=server.endpoint, timeout=2, **login) as backend:
            backend.store.commit([], [Put("1/a", "")], timeout=20)
            with pytest.raises(ConfigRefused, match=r"denied.* needs the right to read all keys"):
                list(past(backend.store, [Span("1/a")], lambda _: True))
