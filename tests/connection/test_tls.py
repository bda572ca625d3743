"""TLS connections, and the errors of failed handshakes."""

from __future__ import annotations

import contextlib
import gc
import re
import socket
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config.backend import ConfigConnectionError, Etcd3Backend
from ska_sdp_config.drivers.etcd.diagnosis import _speaks_tls, find_fault
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.engine.backend import Backend
from tests.connection.conftest import ConnectTo
from tests.services.versions import NEWER_ONLY, EtcdOf, Secrets, Start
from tests.support.certificates import Authority, Pair, mutual_flags, server_flags
from tests.support.in_time import in_time
from tests.support.waiting import LATE, wait_until
from tests.support.watch_loops import looping

TIMEOUT = 12.0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def host_pair(authority: Authority) -> Pair:
    return authority.pair("localhost", "127.0.0.1")


@pytest.fixture(scope="module")
def secure(
    program: str, authority: Authority, host_pair: Pair, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EtcdOf]:
    """Server with TLS that accepts any client."""
    flags, secrets = server_flags(host_pair), Secrets(authority.file)
    directory = tmp_path_factory.mktemp("etcd")
    with EtcdOf(program, directory, flags=flags, secrets=secrets) as server:
        yield server


@pytest.fixture(scope="module")
def mutual(
    program: str, authority: Authority, host_pair: Pair, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EtcdOf]:
    """Server with mutual TLS."""
    secrets = Secrets(authority.file, authority.pair("probe@example.org").both)
    flags = mutual_flags(host_pair, authority)
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
    """Return the fault that the diagnosis finds."""
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
    secure: EtcdOf, authority: Authority, connect: ConnectTo, host: str
) -> None:
    arguments = {"protocol": "https", "cert": str(authority.file)}
    works(connect(f"{host}:{secure.port}", **arguments))


@NEWER_ONLY
def test_tls_client_reconnects_after_restart(
    secure: EtcdOf, authority: Authority, connect: ConnectTo
) -> None:
    backend = connect(secure.endpoint, protocol="https", cert=str(authority.file))
    backend.delete("/a", must_exist=False)
    backend.create("/a", "0")
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.expect("0")
        secure.kill()
        secure.start()
        backend.update("/a", "1")
        loop.expect("1")


def test_mutual_tls_connection_works(
    mutual: EtcdOf, authority: Authority, connect: ConnectTo
) -> None:
    ours = authority.pair("me@example.org")
    works(
        connect(
            mutual.endpoint,
            protocol="https",
            cert=str(authority.file),
            client_cert=str(ours.certificate),
            client_key=str(ours.key),
        )
    )


def test_one_file_holds_client_certificate_and_key(
    start: Start, authority: Authority, host_pair: Pair, connect: ConnectTo, tmp_path: Path
) -> None:
    """The file contains the certificate of the authority too."""
    ours = authority.pair("me@example.org")
    everything = tmp_path / "everything.pem"
    everything.write_bytes(ours.both.read_bytes() + authority.file.read_bytes())
    server = start(
        secrets=Secrets(authority.file, ours.both), **mutual_flags(host_pair, authority)
    )
    works(connect(server.endpoint, protocol="https", cert=str(everything)))


@NEWER_ONLY
def test_error_of_missing_authority_names_its_setting(secure: EtcdOf) -> None:
    error = error_of(host=secure.endpoint, protocol="https")
    assert "SDP_CONFIG_CERT" in error
    assert secure.endpoint in error


@NEWER_ONLY
def test_error_of_another_authority_names_its_setting(secure: EtcdOf, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    arguments = {"host": secure.endpoint, "protocol": "https", "cert": str(other.file)}
    assert "SDP_CONFIG_CERT" in error_of(**arguments)
    assert "not signed" in fault_found(**arguments)


@NEWER_ONLY
def test_error_of_another_host_names_its_setting(start: Start, authority: Authority) -> None:
    pair = authority.pair("elsewhere.example.org")
    server = start(secrets=Secrets(authority.file), **server_flags(pair))
    arguments = {"host": server.endpoint, "protocol": "https", "cert": str(authority.file)}
    assert "SDP_CONFIG_HOST" in error_of(**arguments)
    assert "not for '127.0.0.1'" in fault_found(**arguments)


def test_diagnosis_of_missing_client_certificate_names_its_setting(
    mutual: EtcdOf, authority: Authority
) -> None:
    fault = fault_found(host=mutual.endpoint, protocol="https", cert=str(authority.file))
    assert "SDP_CONFIG_CLIENT_CERT" in fault
    assert "requires a client certificate" in fault


def test_diagnosis_of_unknown_client_certificate_names_its_setting(
    mutual: EtcdOf, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    theirs = Authority(tmp_path / "other").pair("me@example.org")
    fault = fault_found(
        host=mutual.endpoint,
        protocol="https",
        cert=str(authority.file),
        client_cert=str(theirs.certificate),
        client_key=str(theirs.key),
    )
    assert "SDP_CONFIG_CLIENT_CERT" in fault
    assert "rejected" in fault


def test_diagnosis_of_plain_text_to_tls_names_the_protocol(secure: EtcdOf) -> None:
    fault = fault_found(host=secure.endpoint)
    assert "SDP_CONFIG_PROTOCOL=https" in fault


@NEWER_ONLY
def test_diagnosis_of_plain_text_to_mutual_tls_names_the_protocol(mutual: EtcdOf) -> None:
    fault = fault_found(host=mutual.endpoint)
    assert "SDP_CONFIG_PROTOCOL=https" in fault


def test_diagnosis_of_tls_to_plain_text_names_the_protocol(
    server: EtcdOf, authority: Authority
) -> None:
    fault = fault_found(host=server.endpoint, protocol="https", cert=str(authority.file))
    assert "SDP_CONFIG_PROTOCOL=http" in fault


def test_error_of_unknown_host_names_its_setting() -> None:
    error = error_of(host="no-such-host.invalid:2379")
    assert "no host 'no-such-host.invalid'" in error
    assert "SDP_CONFIG_HOST" in error


@NEWER_ONLY
def test_misconfigured_member_is_skipped(
    secure: EtcdOf, start: Start, authority: Authority, connect: ConnectTo
) -> None:
    pair = authority.pair("elsewhere.example.org")
    faulty = start(secrets=Secrets(authority.file), **server_flags(pair))
    backend = connect(
        f"{faulty.endpoint},{secure.endpoint}", protocol="https", cert=str(authority.file)
    )
    works(backend)


@NEWER_ONLY
def test_error_names_the_fault_of_each_member(start: Start, authority: Authority) -> None:
    pair = authority.pair("elsewhere.example.org")
    one = start(secrets=Secrets(authority.file), **server_flags(pair))
    other = start(secrets=Secrets(authority.file), **server_flags(pair))
    error = error_of(
        host=f"{one.endpoint},{other.endpoint}", protocol="https", cert=str(authority.file)
    )
    assert f"{one.endpoint} is not accepted" in error
    assert f"{other.endpoint} is not accepted" in error


def test_invalid_certificate_file_is_rejected_at_once(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")
    with pytest.raises(ValueError, match=rf"SDP_CONFIG_CERT.*{re.escape(str(wrong))}"):
        Etcd3Backend(protocol="https", cert=str(wrong))


def test_certificate_file_with_a_key_is_of_the_client(authority: Authority) -> None:
    ours = authority.pair("me@example.org").both
    settings = Settings.load(protocol="https", cert=str(ours))
    assert settings.certificate == settings.key == ours.read_bytes()
    # The authorities of the system are trusted.
    assert settings.ca is None


def test_error_of_silent_server_does_not_mention_certificates(
    authority: Authority, connect: ConnectTo
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        backend = connect(endpoint, protocol="https", cert=str(authority.file), timeout=1)
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
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
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
