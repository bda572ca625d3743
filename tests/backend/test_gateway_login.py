"""Gateway client: TLS and login."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from ska_sdp_config.backend import ConfigConnectionError, Etcd3Revolution1Backend
from ska_sdp_config.drivers.etcd import watchdog
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.keys import EVERYTHING
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.ports import free_port
from tests.backend.comparisons import comparisons
from tests.services.etcd import QUICK
from tests.support.in_time import in_time
from tests.support.stores import RecordingSink, commit, now
from tests.support.waiting import LATE, wait_until


class SecureEtcd(Etcd):
    """Etcd with a second port for mutual TLS."""

    def __init__(self, directory: Path, authority: trustme.CA) -> None:
        super().__init__(directory, flags=QUICK | {"log_level": "error"})
        authority.cert_pem.write_to_path(directory / "ca.pem")
        server = authority.issue_cert("localhost")
        server.private_key_pem.write_to_path(directory / "server-key.pem")
        server.cert_chain_pems[0].write_to_path(directory / "server.pem")
        client = authority.issue_cert("client@example.org")
        client.private_key_pem.write_to_path(directory / "client-key.pem")
        client.cert_chain_pems[0].write_to_path(directory / "client.pem")
        client.private_key_and_cert_chain_pem.write_to_path(directory / "client-both.pem")

    def file(self, name: str) -> str:
        return str(self.directory / f"{name}.pem")

    def command(self) -> list[str]:
        # A new port at each start, in case the last one is taken; Etcd chooses the other port.
        self.secure_port = free_port()
        return [
            *super().command(),
            f"--listen-client-urls=http://{self.endpoint},https://localhost:{self.secure_port}",
            f"--cert-file={self.file('server')}",
            f"--key-file={self.file('server-key')}",
            f"--trusted-ca-file={self.file('ca')}",
            "--client-cert-auth",
        ]

    def client(self, **arguments: Any) -> Backend:
        return Etcd3Revolution1Backend(
            **{
                "host": "localhost",
                "port": self.secure_port,
                "protocol": "https",
                "cert": self.file("ca"),
                "client_cert": self.file("client"),
                "client_key": self.file("client-key"),
                **arguments,
            }
        )


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureEtcd]:
    with SecureEtcd(tmp_path_factory.mktemp("etcd"), trustme.CA()) as server:
        yield server


def test_mutual_tls(secure: SecureEtcd) -> None:
    with secure.client() as backend:
        backend.delete("/a", must_exist=False)
        sink = RecordingSink()
        watch = backend.store.watch(EVERYTHING, now(backend) + 1, sink)
        commit(backend, a="1")
        sink.expect(("1/a", "1"))
        assert backend.get("/a")[0] == "1"
        before = threading.active_count()
        watch.cancel()
        wait_until(lambda: threading.active_count() < before)


def test_watchdog_probes_over_tls(secure: SecureEtcd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "PROBE_AFTER_S", 0.1)
    with secure.client() as backend:
        sink, compared = RecordingSink(), comparisons(monkeypatch)
        watch = backend.store.watch(EVERYTHING, now(backend) + 1, sink)
        for value in ("1", "2"):
            commit(backend, a=value)
            wait_until(lambda: len(sink.changes) == int(value))  # noqa: B023 - ends in the loop
            before = len(compared)
            wait_until(lambda: len(compared) >= before + 2)  # noqa: B023 - ends in the loop
        assert not sink.gaps
        assert backend.counts.read()["watches_resumed"] == 0
        watch.cancel()


def test_one_file_holds_certificates_and_key(secure: SecureEtcd, tmp_path: Path) -> None:
    both = tmp_path / "all.pem"
    files = [Path(secure.file(name)).read_text() for name in ("client-both", "ca")]
    both.write_text("".join(files))
    with secure.client(cert=str(both), client_cert=None, client_key=None) as backend:
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
    secure: SecureEtcd, arguments: dict[str, Any], message: str
) -> None:
    with (
        secure.client(timeout=20, **arguments) as backend,
        in_time(10),
        pytest.raises(ConfigConnectionError, match=message),
    ):
        backend.get("/a")


@pytest.mark.long
@pytest.mark.parametrize("without", ["client certificate", "TLS", "TLS of the server"])
def test_ended_connection_advises_a_diagnosis(secure: SecureEtcd, without: str) -> None:
    faults: dict[str, dict[str, Any]] = {
        "client certificate": {"client_cert": None, "client_key": None},
        "TLS": {"protocol": "http"},
        "TLS of the server": {"port": secure.port},
    }
    with (
        secure.client(timeout=2, **faults[without]) as backend,
        pytest.raises(ConfigConnectionError, match=r"SDP_CONFIG_PROTOCOL.*ska-sdp doctor"),
    ):
        backend.get("/a")


@pytest.mark.parametrize("wrong", ["cert", "client_cert", "client_key"])
def test_invalid_certificate_file_is_rejected(secure: SecureEtcd, wrong: str) -> None:
    name = f"SDP_CONFIG_{wrong.upper()}"
    with pytest.raises(ValueError, match=name):
        secure.client(**{wrong: __file__})


def test_unneeded_login_is_accepted(etcd: Etcd) -> None:
    with Etcd3Revolution1Backend(
        host=etcd.host, port=etcd.port, username="me", password="secret"
    ) as backend:
        assert backend.get("/nothing-here")[0] is None


# Logging in


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Backend arguments for an etcd that requires a login and whose tokens expire after 2 s."""
    directory = tmp_path_factory.mktemp("etcd")
    key = trustme.CA().issue_cert("etcd")
    key.private_key_pem.write_to_path(directory / "key.pem")
    key.cert_chain_pems[0].write_to_path(directory / "cert.pem")
    token = (
        # The TTL is rounded to whole seconds, so a token of 1 s may expire at once.
        f"jwt,sign-method={_method(directory)},ttl=2s,"
        f"pub-key={directory}/cert.pem,priv-key={directory}/key.pem"
    )
    with Etcd(directory, flags=QUICK | {"auth_token": token}) as server:
        where: dict[str, Any] = {"host": server.host, "port": server.port}
        with Etcd3Revolution1Backend(**where) as backend:
            ask(backend, "auth/role/add", name="root")
            ask(backend, "auth/user/add", name="root", password="secret")
            ask(backend, "auth/user/grant", user="root", role="root")
            ask(backend, "auth/enable")
        yield {**where, "username": "root", "password": "secret"}


def _method(directory: Path) -> str:
    return "ES256" if b"EC PRIVATE" in (directory / "key.pem").read_bytes() else "RS256"


def ask(backend: Backend, path: str, **body: str) -> None:
    client: Any = backend.store
    client._etcd.attempt(lambda channel, login, left: channel.post(path, body, left, login), 5)


def test_token_is_renewed(login: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="ska_sdp_config.drivers.etcd.login")
    with Etcd3Revolution1Backend(**login) as backend:
        sink = RecordingSink()
        watch = backend.store.watch(EVERYTHING, now(backend) + 1, sink)
        expected: list[tuple[str, str | None]] = []
        end = time.monotonic() + 30
        while "has expired" not in caplog.text:
            assert time.monotonic() < end
            expected.append(("1/a", str(len(expected))))
            commit(backend, a=expected[-1][1])
            threading.Event().wait(0.1)
        sink.expect(*expected)
        assert not sink.gaps
        watch.cancel()


def test_client_survives_change_of_auth_store(login: dict[str, Any]) -> None:
    with Etcd3Revolution1Backend(**login) as backend, Etcd3Revolution1Backend(**login) as other:
        sink = RecordingSink()
        watch = backend.store.watch(EVERYTHING, now(backend) + 1, sink)
        commit(backend, a="1")
        ask(other, "auth/user/add", name="another", password="another")
        commit(backend, a="2")
        sink.expect(("1/a", "1"), ("1/a", "2"))
        watch.cancel()
        with backend.lease() as lease:
            backend.create("/leased", "1", lease)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"password": "wrong"}, "user 'root'.*SDP_CONFIG_PASSWORD"),
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
        assert "secret" not in str(caught.value)
        assert "wrong" not in str(caught.value)
