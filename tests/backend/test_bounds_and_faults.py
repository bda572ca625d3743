"""Limits of the database, outages, rejected requests and invalid settings."""

from __future__ import annotations

import threading
import time
import traceback
from itertools import pairwise
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backend import (
    ConfigConnectionError,
    ConfigRefused,
    TransactionTooLarge,
    connect,
)
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.interface import Put
from ska_sdp_sim.stack.etcd import Etcd
from tests.services.versions import NEWER_FIRST, Start
from tests.support.backends import ConnectTo
from tests.support.in_time import in_time
from tests.support.quota import fill, make_room
from tests.support.stores import CountedReads
from tests.support.users import PASSWORD, administrator
from tests.support.waiting import LATE
from tests.support.watch_loops import WAKE_UP_AFTER_S

ABSENT = "127.0.0.1:1"
"""Endpoint on which nothing listens."""


@pytest.fixture
def default_server(start: Start) -> Etcd:
    """Server with the default limits."""
    return start(max_txn_ops=None)


@pytest.fixture
def small_server(start: Start) -> Etcd:
    """Server with a small quota."""
    return start(quota_backend_bytes=2_000_000)


def put_200(backend: Backend) -> None:
    """Write 200 keys, in commits within the default limits."""
    for begin in (0, 100):
        puts = [Put(f"2/pb/{number:03}", "1") for number in range(begin, begin + 100)]
        backend.store.commit([], puts, timeout=20)


def test_transaction_above_operations_limit_is_rejected(
    default_server: Etcd, etcd_client: ConnectTo
) -> None:
    with etcd_client(host=default_server.endpoint) as backend:
        put_200(backend)
        with pytest.raises(TransactionTooLarge, match="--max-txn-ops"):  # noqa: PT012
            for txn in backend.txn():
                assert len(txn.list_keys("/pb/")) == 200
                txn.create("/result", "1")
        assert backend.get("/result")[0] is None
        backend.delete("/pb", must_exist=False, recursive=True)
        assert backend.list_keys("/pb/")[0] == []


@pytest.mark.parametrize("must_exist", [True, False])
def test_prefix_delete_is_not_limited(
    default_server: Etcd,
    etcd_client: ConnectTo,
    must_exist: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with etcd_client(host=default_server.endpoint) as backend:
        put_200(backend)
        reads = CountedReads(backend, monkeypatch)
        backend.delete("/pb/", must_exist=must_exist, prefix=True)
        assert len(reads.queries) == (2 if must_exist else 0)
        assert backend.list_keys("/pb/")[0] == []


@NEWER_FIRST
def test_transaction_above_size_limit_is_rejected(
    default_server: Etcd, etcd_client: ConnectTo
) -> None:
    with etcd_client(host=default_server.endpoint) as backend:
        with pytest.raises(TransactionTooLarge, match="--max-request-bytes"):
            backend.create("/large", "x" * 3_000_000)
        assert backend.get("/large")[0] is None


def test_watcher_waits_while_quota_is_exceeded(
    small_server: Etcd, etcd_client: ConnectTo, caplog: pytest.LogCaptureFixture
) -> None:
    """It retries at most once a second, and commits when there is space."""
    with etcd_client(host=small_server.endpoint) as backend:
        backend.create("/a", "1")
        fill(backend)
        tries: list[float] = []
        with in_time(WAKE_UP_AFTER_S):
            for watcher in Watcher(backend, lambda txn: txn, WAKE_UP_AFTER_S):
                for txn in watcher.txn(timeout=WAKE_UP_AFTER_S):
                    tries.append(time.monotonic())
                    if len(tries) == 3:
                        make_room(small_server)
                    txn.update("/a", f"{txn.get('/a')}2")
                break
        assert len(tries) == 3
        assert all(then - now >= 0.99 for now, then in pairwise(tries))
        assert backend.get("/a")[0] == "12"
        assert "is full" in caplog.text


@pytest.mark.long
def test_watcher_waits_for_lease_while_quota_is_exceeded(
    small_server: Etcd, etcd_client: ConnectTo
) -> None:
    """Neither the lease of its tokens nor that of an ownership."""
    with etcd_client(host=small_server.endpoint) as other:
        fill(other)
        pb_id = "pb-test-20260101-00000"
        with (
            Config(etcd_client(host=small_server.endpoint)) as config,
            in_time(WAKE_UP_AFTER_S),
        ):
            room = threading.Timer(1.5, make_room, [small_server])
            room.start()
            for watcher in config.watcher(WAKE_UP_AFTER_S):
                for txn in watcher.txn(timeout=WAKE_UP_AFTER_S):
                    txn.processing_block.ownership(pb_id).take()
                break
            room.join()
            assert other.get(f"/pb/{pb_id}/owner")[0] is not None


@pytest.mark.long
def test_transaction_timeout_ends_wait_for_quota(
    small_server: Etcd, etcd_client: ConnectTo
) -> None:
    with etcd_client(host=small_server.endpoint) as backend:
        backend.create("/a", "1")
        fill(backend)
        watcher = next(iter(Watcher(backend, lambda txn: txn)))
        with in_time(1.5 + LATE), pytest.raises(ConfigConnectionError, match=r"within 1\.5 s"):  # noqa: PT012
            for txn in watcher.txn(timeout=1.5):
                txn.update("/a", "2")


@NEWER_FIRST
@pytest.mark.parametrize(
    ("login", "words"),
    [
        (
            {"username": "guest", "password": PASSWORD},
            r"does not let user 'guest'.*permission",
        ),
        ({"username": "guest", "password": "wrong"}, "login of user 'guest'.*SDP_CONFIG_PASSWORD"),
        ({}, "requires a login: set SDP_CONFIG_USERNAME"),
    ],
    ids=["no permission", "wrong password", "no login"],
)
def test_watcher_raises_rejection_of_user(
    server: Etcd, etcd_client: ConnectTo, login: dict[str, str], words: str
) -> None:
    """A login that was accepted before is retried, as its password may be about to change."""
    with (
        administrator(server.endpoint),
        etcd_client(host=server.endpoint, **login) as backend,
    ):
        watcher = next(iter(Watcher(backend, lambda txn: txn)))
        with pytest.raises(ConfigRefused, match=words):
            next(watcher.txn(timeout=WAKE_UP_AFTER_S))


def test_raised_limit_accepts_transaction(start: Start, etcd_client: ConnectTo) -> None:
    server = start(max_txn_ops=1_000)
    with etcd_client(host=server.endpoint) as backend:
        put_200(backend)
        for txn in backend.txn():
            assert len(txn.list_keys("/pb/")) == 200
            txn.create("/result", "1")
        assert backend.get("/result")[0] == "1"


def test_error_names_absent_server_within_timeout(etcd_client: ConnectTo) -> None:
    with etcd_client(host=ABSENT, timeout=0.5) as backend:
        expected = pytest.raises(ConfigConnectionError, match=rf"{ABSENT}.*0\.5 s")
        with in_time(0.5 + LATE), expected:
            backend.get("/a")


def test_error_names_silent_server_within_timeout(own_etcd: Etcd, etcd_client: ConnectTo) -> None:
    with etcd_client(host=own_etcd.endpoint) as backend:
        backend.get("/a")
        own_etcd.pause()
        usual, backend.store.timeout = backend.store.timeout, 0.5
        expected = pytest.raises(ConfigConnectionError, match=str(own_etcd.port))
        with in_time(0.5 + LATE), expected:
            backend.get("/a")
        own_etcd.resume()
        backend.store.timeout = usual
        assert backend.get("/a")[0] is None


def test_call_is_retried_across_restart(own_etcd: Etcd, etcd_client: ConnectTo) -> None:
    with etcd_client(host=own_etcd.endpoint) as backend:
        backend.create("/a", "1")
        own_etcd.restart()
        assert backend.get("/a")[0] == "1"


def test_call_fails_over_to_next_endpoint(etcd: Etcd, etcd_client: ConnectTo) -> None:
    hosts = f"{ABSENT},{etcd.endpoint}"
    with etcd_client(host=hosts) as backend:
        assert backend.get("/nothing-here")[0] is None
        assert backend.address == hosts


def test_call_on_closed_backend_raises(etcd: Etcd, etcd_client: ConnectTo) -> None:
    backend = etcd_client(host=etcd.endpoint)
    backend.get("/a")
    backend.close()
    backend.close()
    with pytest.raises(ConfigConnectionError, match="closed"):
        backend.get("/a")


def test_error_on_an_unknown_argument_names_the_backend() -> None:
    with pytest.raises(TypeError, match="Unknown argument 'name' of Etcd3Backend"):
        connect("etcd3", name="x")


def test_error_of_unknown_backend_lists_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'postgres'.*etcd3, etcd3_revolution1, memory"):
        connect("postgres")


@pytest.mark.parametrize(
    ("host", "port", "endpoints"),
    [
        ("etcd", 2379, ("etcd:2379",)),
        ("a:1,b:2", 2379, ("a:1", "b:2")),
        ("a, b:2", 2379, ("a:2379", "b:2")),
        ("::1", 2379, ("[::1]:2379",)),
        ("[::1]:5,a", 2379, ("[::1]:5", "a:2379")),
        ("[::1]", 2379, ("[::1]:2379",)),
        ("fe80::1%eth0,2001:db8::7", 1, ("[fe80::1%eth0]:1", "[2001:db8::7]:1")),
    ],
)
def test_endpoints(host: str, port: int, endpoints: tuple[str, ...]) -> None:
    assert Settings.load(host=host, port=port).endpoints == endpoints


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"SDP_CONFIG_PORT": "many"}, "SDP_CONFIG_PORT.*'many'"),
        ({"SDP_CONFIG_HOST": "a:70000"}, "70000"),
        ({"SDP_CONFIG_HOST": ","}, "SDP_CONFIG_HOST"),
        ({"SDP_CONFIG_HOST": ":1"}, "SDP_CONFIG_HOST.*':1'"),
        ({"SDP_CONFIG_HOST": "a,b:1:2"}, "SDP_CONFIG_HOST.*'b:1:2'"),
        ({"SDP_CONFIG_HOST": "[]:1"}, "SDP_CONFIG_HOST.*IPv6"),
        ({"SDP_CONFIG_HOST": "[a]:1"}, "SDP_CONFIG_HOST.*IPv6"),
        ({"SDP_CONFIG_HOST": "[127.0.0.1]"}, "SDP_CONFIG_HOST.*IPv6"),
        ({"SDP_CONFIG_HOST": "[::1"}, "SDP_CONFIG_HOST.*IPv6"),
        ({"SDP_CONFIG_HOST": "[::1]2"}, "SDP_CONFIG_HOST.*IPv6"),
        ({"SDP_CONFIG_PORT": "²"}, "SDP_CONFIG_PORT"),
        ({"SDP_CONFIG_PROTOCOL": "gopher"}, "SDP_CONFIG_PROTOCOL.*gopher"),
        ({"SDP_CONFIG_TIMEOUT": "0"}, "SDP_CONFIG_TIMEOUT"),
        ({"SDP_CONFIG_TIMEOUT": "soon"}, "SDP_CONFIG_TIMEOUT"),
        ({"SDP_CONFIG_CERT": "/not/there"}, "SDP_CONFIG_CERT.*/not/there"),
        ({"SDP_CONFIG_USERNAME": "me"}, "SDP_CONFIG_PASSWORD"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_error_names_invalid_setting(
    environment: dict[str, str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    etcd_client: ConnectTo,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=message):
        etcd_client()


@pytest.mark.parametrize(
    "host",
    [
        "http://me:secret@etcd",
        "a,http://me:secret@etcd:1",
        "me:secret@etcd",
        "me@secret",
        "me:secret%40etcd",
        "me:secret\uff20etcd",
        "secret%40etcd",
        "me:secret,secret%40etcd",
        "[secret%40etcd]",
        "[::1]:secret,secret@etcd",
        "[::1]:secret@etcd",
    ],
)
def test_error_on_a_url_keeps_its_password_secret(host: str) -> None:
    with pytest.raises(ValueError, match="SDP_CONFIG_HOST is a URL: write host:port; ") as caught:
        Settings.load(host=host)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [("fe80::1%40", "[fe80::1%40]:2379"), ("[fe80::1%405]:1", "[fe80::1%405]:1")],
)
def test_zone_of_an_address_is_not_userinfo(host: str, endpoint: str) -> None:
    assert Settings.load(host=host).endpoints == (endpoint,)


@pytest.mark.parametrize(
    "name", ["protocol", "port", "timeout", "cert", "client_cert", "client_key"]
)
def test_error_on_another_setting_keeps_the_password_of_a_url_secret(name: str) -> None:
    settings: dict[str, Any] = {name: "http://me:sesame@etcd"}
    with pytest.raises(ValueError, match="etcd") as caught:
        Settings.load(**settings)
    # With what caused it, as in a log.
    assert "sesame" not in "".join(traceback.format_exception(caught.value))


def test_arguments_override_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDP_CONFIG_HOST", "elsewhere")
    monkeypatch.setenv("SDP_CONFIG_PASSWORD", "secret")
    monkeypatch.setenv("SDP_CONFIG_USERNAME", "me")
    settings = Settings.load(host="here")
    assert settings.endpoints == ("here:2379",)
    assert settings.username == "me"
    assert "secret" not in repr(settings)
