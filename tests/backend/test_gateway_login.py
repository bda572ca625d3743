"""Gateway client: TLS and login."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config.backend import ConfigConnectionError, Etcd3Revolution1Backend
from ska_sdp_config.drivers.etcd import watchdog
from ska_sdp_sim.stack.etcd import Etcd
from tests.backend.comparisons import comparisons
from tests.services.versions import NEWER_ONLY, EtcdOf, Start
from tests.support.backends import ConnectTo
from tests.support.certificates import Authority, Pair
from tests.support.in_time import in_time
from tests.support.stores import commit, watch_from_now
from tests.support.users import PASSWORD, USER, Administrator, administrator, jwt_tokens
from tests.support.waiting import LATE, wait_until

pytestmark = NEWER_ONLY


@pytest.fixture(scope="module")
def host_pair(authority: Authority) -> Pair:
    """Certificate for the name of this host, not for its address."""
    return authority.pair("localhost")


@pytest.fixture
def client(mutual: EtcdOf, authority: Authority, ours: Pair) -> ConnectTo:
    """Factory of clients of a server with mutual TLS; accepts the arguments of the backend."""
    return partial(
        Etcd3Revolution1Backend,
        host="localhost",
        port=mutual.port,
        protocol="https",
        cert=str(authority.file),
        client_cert=str(ours.certificate),
        client_key=str(ours.key),
    )


def test_mutual_tls(client: ConnectTo) -> None:
    with client() as backend:
        backend.delete("/a", must_exist=False)
        sink = watch_from_now(backend)
        commit(backend, a="1")
        sink.expect(("1/a", "1"))
        assert backend.get("/a")[0] == "1"
        before = threading.active_count()
        sink.watch.cancel()
        wait_until(lambda: threading.active_count() < before)


def test_watchdog_probes_over_tls(client: ConnectTo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "PROBE_AFTER_S", 0.1)
    with client() as backend:
        sink, compared = watch_from_now(backend), comparisons(monkeypatch)
        for value in ("1", "2"):
            commit(backend, a=value)
            wait_until(lambda: len(sink.changes) == int(value))  # noqa: B023 - ends in the loop
            before = len(compared)
            wait_until(lambda: len(compared) >= before + 2)  # noqa: B023 - ends in the loop
        assert not sink.gaps
        assert backend.counts.read()["watches_resumed"] == 0


def test_one_file_holds_certificates_and_key(
    client: ConnectTo, authority: Authority, ours: Pair, tmp_path: Path
) -> None:
    everything = tmp_path / "everything.pem"
    everything.write_bytes(ours.both.read_bytes() + authority.file.read_bytes())
    with client(cert=str(everything), client_cert=None, client_key=None) as backend:
        assert backend.get("/nothing-here")[0] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cert": None}, r"issuer certificate.*SDP_CONFIG_CERT"),
        ({"host": "127.0.0.1"}, r"127\.0\.0\.1.*SDP_CONFIG_HOST"),
        ({"host": "no-such-host.invalid"}, r"no-such-host\.invalid.*SDP_CONFIG_HOST"),
    ],
    ids=["no authority", "wrong name", "no host"],
)
def test_error_names_wrong_setting_before_timeout(
    client: ConnectTo, arguments: dict[str, Any], message: str
) -> None:
    with (
        client(timeout=20, **arguments) as backend,
        in_time(10),
        pytest.raises(ConfigConnectionError, match=message),
    ):
        backend.get("/a")


@pytest.mark.long
@pytest.mark.parametrize("without", ["client certificate", "TLS", "TLS of the server"])
def test_ended_connection_advises_a_diagnosis(client: ConnectTo, etcd: Etcd, without: str) -> None:
    faults: dict[str, dict[str, Any]] = {
        "client certificate": {"client_cert": None, "client_key": None},
        "TLS": {"protocol": "http"},
        "TLS of the server": {"port": etcd.port},
    }
    with client(timeout=2, **faults[without]) as backend:
        # On a busy machine the timeout may end the last attempt before the server does.
        for attempt in range(5):
            with pytest.raises(ConfigConnectionError) as raised:
                backend.get("/a")
            if attempt == 4 or "timed out" not in str(raised.value):
                break
        assert re.search("SDP_CONFIG_PROTOCOL.*ska-sdp doctor", str(raised.value))


@pytest.mark.parametrize("wrong", ["cert", "client_cert", "client_key"])
def test_invalid_certificate_file_is_rejected(client: ConnectTo, wrong: str) -> None:
    name = f"SDP_CONFIG_{wrong.upper()}"
    with pytest.raises(ValueError, match=name):
        client(**{wrong: __file__})


@pytest.fixture
def server(start: Start, tmp_path: Path) -> EtcdOf:
    """Server whose tokens expire after 2 s.

    The TTL is rounded to whole seconds, so a token of 1 s may expire at once.
    """
    return start(**jwt_tokens(tmp_path, ttl=2))


@pytest.fixture
def users(server: EtcdOf) -> Iterator[Administrator]:
    with administrator(server.endpoint) as users:
        yield users


@pytest.fixture
def login(server: EtcdOf) -> dict[str, Any]:
    return {"host": server.endpoint, "username": USER, "password": PASSWORD}


def test_unneeded_login_is_accepted(login: dict[str, Any]) -> None:
    with Etcd3Revolution1Backend(**login) as backend:
        assert backend.get("/nothing-here")[0] is None


@pytest.mark.usefixtures("users")
def test_token_is_renewed(login: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="ska_sdp_config.drivers.etcd.login")
    with Etcd3Revolution1Backend(**login) as backend:
        sink = watch_from_now(backend)
        expected: list[tuple[str, str | None]] = []
        end = time.monotonic() + 30
        while "has expired" not in caplog.text:
            assert time.monotonic() < end
            expected.append(("1/a", str(len(expected))))
            commit(backend, a=expected[-1][1])
            threading.Event().wait(0.1)
        sink.expect(*expected)
        assert not sink.gaps


def test_client_survives_change_of_auth_store(login: dict[str, Any], users: Administrator) -> None:
    with Etcd3Revolution1Backend(**login) as backend:
        sink = watch_from_now(backend)
        commit(backend, a="1")
        users.change_something()
        commit(backend, a="2")
        sink.expect(("1/a", "1"), ("1/a", "2"))
        with backend.lease() as lease:
            backend.create("/leased", "1", lease)


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"password": "wrong"}, "user 'sdp'.*SDP_CONFIG_PASSWORD"),
        ({"username": None, "password": None}, "requires a login"),
    ],
    ids=["wrong password", "none"],
)
def test_rejected_login_raises_at_once(
    login: dict[str, Any], arguments: dict[str, Any], message: str
) -> None:
    with Etcd3Revolution1Backend(**{**login, **arguments}) as backend:
        with in_time(2 + LATE), pytest.raises(ConfigConnectionError, match=message) as caught:
            backend.get("/a")
        assert PASSWORD not in str(caught.value)
        assert "wrong" not in str(caught.value)
