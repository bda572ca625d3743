"""TLS connections, and the errors of failed handshakes."""

from __future__ import annotations

import contextlib
import gc
import re
import socket
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config.backend import ConfigConnectionError, Etcd3Backend
from ska_sdp_config.drivers.etcd.diagnosis import _speaks_tls, find_fault
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.engine.backend import Backend
from tests.connection.conftest import ConnectTo
from tests.services.versions import NEWER_ONLY, EtcdOf, Secrets, Start
from tests.support.certificates import Authority, Pair, server_flags
from tests.support.in_time import in_time
from tests.support.proxy import RESET
from tests.support.waiting import LATE, wait_until
from tests.support.watch_loops import looping

TIMEOUT = 12.0


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> dict[str, Any]:
    """Arguments of a client that trusts the authority."""
    return {"protocol": "https", "cert": str(authority.file)}


@pytest.fixture
def start_elsewhere(start: Start, authority: Authority) -> Callable[[], EtcdOf]:
    """Start a server whose certificate is for another host."""
    pair = authority.pair("elsewhere.example.org")
    return partial(start, secrets=Secrets(authority.file), **server_flags(pair))


@pytest.fixture(scope="module")
def secure(
    program: str, authority: Authority, host_pair: Pair, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EtcdOf]:
    """Server with TLS that accepts any client."""
    flags, secrets = server_flags(host_pair), Secrets(authority.file)
    directory = tmp_path_factory.mktemp("etcd")
    with EtcdOf(program, directory, flags=flags, secrets=secrets) as server:
        yield server


def error_of(**arguments: Any) -> str:
    """Return the error of a read, which must be raised well before the timeout."""
    with Etcd3Backend(timeout=TIMEOUT, **arguments) as backend:
        with in_time(TIMEOUT / 2), pytest.raises(ConfigConnectionError) as raised:
            backend.get("/a")
        with pytest.raises(ConfigConnectionError, match=re.escape(str(raised.value)[:40])):
            backend.create("/a", "1")
    return str(raised.value)


def fault_found(**arguments: Any) -> str:
    settings = Settings.load(**arguments)
    return find_fault(settings, settings.endpoints[0])


def works(backend: Backend) -> None:
    backend.delete("/a", must_exist=False)
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.expect(None)
        backend.create("/a", "1")
        loop.expect("1")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_tls_connection_works(
    secure: EtcdOf, trusting: dict[str, Any], connect: ConnectTo, host: str
) -> None:
    works(connect(f"{host}:{secure.port}", **trusting))


@NEWER_ONLY
def test_tls_client_reconnects_after_restart(
    secure: EtcdOf, trusting: dict[str, Any], connect: ConnectTo
) -> None:
    backend = connect(secure.endpoint, **trusting)
    backend.delete("/a", must_exist=False)
    backend.create("/a", "0")
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.expect("0")
        secure.kill()
        secure.start()
        backend.update("/a", "1")
        loop.expect("1")


def test_mutual_tls_connection_works(
    mutual: EtcdOf, trusting: dict[str, Any], ours: Pair, connect: ConnectTo
) -> None:
    pair = {"client_cert": str(ours.certificate), "client_key": str(ours.key)}
    works(connect(mutual.endpoint, **trusting, **pair))


def test_one_file_holds_client_certificate_and_key(
    mutual: EtcdOf, authority: Authority, ours: Pair, connect: ConnectTo, tmp_path: Path
) -> None:
    """The file contains the certificate of the authority too."""
    everything = tmp_path / "everything.pem"
    everything.write_bytes(ours.both.read_bytes() + authority.file.read_bytes())
    works(connect(mutual.endpoint, protocol="https", cert=str(everything)))


@NEWER_ONLY
def test_error_of_missing_authority_names_its_setting(secure: EtcdOf) -> None:
    error = error_of(host=secure.endpoint, protocol="https")
    assert "SDP_CONFIG_CERT" in error
    assert secure.endpoint in error


@NEWER_ONLY
def test_error_of_another_authority_names_its_setting(secure: EtcdOf, tmp_path: Path) -> None:
    other = Authority(tmp_path)
    arguments = {"host": secure.endpoint, "protocol": "https", "cert": str(other.file)}
    assert "SDP_CONFIG_CERT" in error_of(**arguments)
    assert "not signed" in fault_found(**arguments)


@NEWER_ONLY
def test_error_of_another_host_names_its_setting(
    start_elsewhere: Callable[[], EtcdOf], trusting: dict[str, Any]
) -> None:
    server = start_elsewhere()
    assert "SDP_CONFIG_HOST" in error_of(host=server.endpoint, **trusting)
    assert "not for '127.0.0.1'" in fault_found(host=server.endpoint, **trusting)


def test_diagnosis_of_missing_client_certificate_names_its_setting(
    mutual: EtcdOf, trusting: dict[str, Any]
) -> None:
    fault = fault_found(host=mutual.endpoint, **trusting)
    assert "SDP_CONFIG_CLIENT_CERT" in fault
    assert "requires a client certificate" in fault


def test_diagnosis_of_unknown_client_certificate_names_its_setting(
    mutual: EtcdOf, trusting: dict[str, Any], tmp_path: Path
) -> None:
    theirs = Authority(tmp_path).pair("me@example.org")
    pair = {"client_cert": str(theirs.certificate), "client_key": str(theirs.key)}
    fault = fault_found(host=mutual.endpoint, **trusting, **pair)
    assert "SDP_CONFIG_CLIENT_CERT" in fault
    assert "rejected" in fault


def test_diagnosis_of_plain_text_to_tls_names_the_protocol(secure: EtcdOf) -> None:
    assert "SDP_CONFIG_PROTOCOL=https" in fault_found(host=secure.endpoint)


@NEWER_ONLY
def test_diagnosis_of_plain_text_to_mutual_tls_names_the_protocol(mutual: EtcdOf) -> None:
    assert "SDP_CONFIG_PROTOCOL=https" in fault_found(host=mutual.endpoint)


def test_diagnosis_of_tls_to_plain_text_names_the_protocol(
    server: EtcdOf, trusting: dict[str, Any]
) -> None:
    assert "SDP_CONFIG_PROTOCOL=http" in fault_found(host=server.endpoint, **trusting)


def test_error_of_unknown_host_names_its_setting() -> None:
    error = error_of(host="no-such-host.invalid:2379")
    assert "no host 'no-such-host.invalid'" in error
    assert "SDP_CONFIG_HOST" in error


@NEWER_ONLY
def test_misconfigured_member_is_skipped(
    secure: EtcdOf,
    start_elsewhere: Callable[[], EtcdOf],
    trusting: dict[str, Any],
    connect: ConnectTo,
) -> None:
    works(connect(f"{start_elsewhere().endpoint},{secure.endpoint}", **trusting))


@NEWER_ONLY
def test_error_names_the_fault_of_each_member(
    start_elsewhere: Callable[[], EtcdOf], trusting: dict[str, Any]
) -> None:
    one, other = start_elsewhere(), start_elsewhere()
    error = error_of(host=f"{one.endpoint},{other.endpoint}", **trusting)
    assert f"{one.endpoint} is not accepted" in error
    assert f"{other.endpoint} is not accepted" in error


def test_invalid_certificate_file_is_rejected_at_once(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")
    with pytest.raises(ValueError, match=rf"SDP_CONFIG_CERT.*{re.escape(str(wrong))}"):
        Etcd3Backend(protocol="https", cert=str(wrong))


def test_certificate_file_with_a_key_is_of_the_client(ours: Pair) -> None:
    settings = Settings.load(protocol="https", cert=str(ours.both))
    assert settings.certificate == settings.key == ours.both.read_bytes()
    # The authorities of the system are trusted.
    assert settings.ca is None


def test_error_of_silent_server_does_not_mention_certificates(
    trusting: dict[str, Any], connect: ConnectTo
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        backend = connect(endpoint, **trusting, timeout=1)
        error = pytest.raises(ConfigConnectionError, match="did not answer within 1 s")
        with in_time(1 + LATE), error:
            backend.get("/a")


@pytest.fixture
def reset_connection() -> Iterator[socket.socket]:
    """Connection that its peer has reset."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as connection,
    ):
        server, _ = listener.accept()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        server.close()
        yield connection


def test_reset_connection_leaks_no_socket(reset_connection: socket.socket) -> None:
    def is_reset() -> bool:
        try:
            reset_connection.getpeername()
        except OSError:
            return True
        return False

    wait_until(is_reset)
    with reset_connection, warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        with contextlib.suppress(OSError):
            assert not _speaks_tls(reset_connection)
        gc.collect()
    assert left == []


def test_reset_connection_does_not_speak_tls(reset_connection: socket.socket) -> None:
    wait_until(lambda: reset_connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    assert not _speaks_tls(reset_connection)
