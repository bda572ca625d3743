"""TLS connections, and the errors of failed handshakes."""

from __future__ import annotations

import contextlib
import gc
import re
import socket
import struct
import warnings
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config.backend import ConfigConnectionError, Etcd3Backend
from ska_sdp_config.drivers.etcd.diagnosis import _speaks_tls
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.engine.backend import Backend
from tests.connection.certificates import Authority, Pair, mutual_flags, server_flags
from tests.connection.conftest import ConnectTo
from tests.in_time import in_time
from tests.services.versions import NEWER_ONLY, EtcdOf, Secrets, Start
from tests.support.watching import looping
from tests.waiting import LATE, wait_until

TIMEOUT = 12.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def host_pair(authority: Authority) -> Pair:
    return authority.pair("localhost", "127.0.0.1")


@pytest.fixture
def secure(start: Start, authority: Authority, host_pair: Pair) -> EtcdOf:
    """Server with TLS that accepts any client."""
    return start(secrets=Secrets(authority.file), **server_flags(host_pair))


@pytest.fixture
def mutual(start: Start, authority: Authority, host_pair: Pair) -> EtcdOf:
    """Server with mutual TLS."""
    ours = authority.pair("probe@example.org").both
    flags = mutual_flags(host_pair, authority)
    return start(secrets=Secrets(authority.file, ours), **flags)


def refused(**arguments: Any) -> str:
    """Return the message of a failed read, which must be raised well before the timeout."""
    with Etcd3Backend(timeout=TIMEOUT, **arguments) as backend:
        with in_time(TIMEOUT / 2), pytest.raises(ConfigConnectionError) as raised:
            backend.get("/a")
        with pytest.raises(ConfigConnectionError, match=re.escape(str(raised.value)[:40])):
            backend.create("/a", "1")
    return str(raised.value)


def works(backend: Backend) -> None:
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.saw(None)
        backend.create("/a", "1")
        loop.saw("1")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_tls(secure: EtcdOf, authority: Authority, connect: ConnectTo, host: str) -> None:
    arguments = {"protocol": "https", "cert": str(authority.file)}
    works(connect(f"{host}:{secure.port}", **arguments))


@NEWER_ONLY
def test_tls_client_reconnects_after_restart(
    secure: EtcdOf, authority: Authority, connect: ConnectTo
) -> None:
    backend = connect(secure.endpoint, protocol="https", cert=str(authority.file))
    backend.create("/a", "0")
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.saw("0")
        secure.kill()
        secure.start()
        backend.update("/a", "1")
        loop.saw("1")


def test_mutual_tls(mutual: EtcdOf, authority: Authority, connect: ConnectTo) -> None:
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
    """The file is the authority's too, as it holds the certificate that signs."""
    ours = authority.pair("me@example.org")
    everything = tmp_path / "everything.pem"
    everything.write_bytes(ours.both.read_bytes() + authority.file.read_bytes())
    server = start(
        secrets=Secrets(authority.file, ours.both), **mutual_flags(host_pair, authority)
    )
    works(connect(server.endpoint, protocol="https", cert=str(everything)))


@NEWER_ONLY
def test_missing_authority(secure: EtcdOf) -> None:
    words = refused(host=secure.endpoint, protocol="https")
    assert "SDP_CONFIG_CERT" in words
    assert secure.endpoint in words


@NEWER_ONLY
def test_another_authority(secure: EtcdOf, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    words = refused(host=secure.endpoint, protocol="https", cert=str(other.file))
    assert "SDP_CONFIG_CERT" in words
    assert "not signed" in words


@NEWER_ONLY
def test_certificate_of_another_host(start: Start, authority: Authority) -> None:
    pair = authority.pair("elsewhere.example.org")
    server = start(secrets=Secrets(authority.file), **server_flags(pair))
    words = refused(host=server.endpoint, protocol="https", cert=str(authority.file))
    assert "not for '127.0.0.1'" in words
    assert "SDP_CONFIG_HOST" in words


def test_missing_client_certificate(mutual: EtcdOf, authority: Authority) -> None:
    words = refused(host=mutual.endpoint, protocol="https", cert=str(authority.file))
    assert "SDP_CONFIG_CLIENT_CERT" in words
    assert "asks for" in words


def test_client_certificate_of_another_authority(
    mutual: EtcdOf, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    theirs = Authority(tmp_path / "other").pair("me@example.org")
    words = refused(
        host=mutual.endpoint,
        protocol="https",
        cert=str(authority.file),
        client_cert=str(theirs.certificate),
        client_key=str(theirs.key),
    )
    assert "SDP_CONFIG_CLIENT_CERT" in words
    assert "refused" in words


def test_plain_text_to_a_server_that_speaks_tls(secure: EtcdOf) -> None:
    words = refused(host=secure.endpoint)
    assert "SDP_CONFIG_PROTOCOL=https" in words


@NEWER_ONLY
def test_plain_text_to_a_server_that_speaks_mutual_tls(mutual: EtcdOf) -> None:
    words = refused(host=mutual.endpoint)
    assert "SDP_CONFIG_PROTOCOL=https" in words


def test_tls_to_a_server_that_speaks_plain_text(server: EtcdOf, authority: Authority) -> None:
    words = refused(host=server.endpoint, protocol="https", cert=str(authority.file))
    assert "SDP_CONFIG_PROTOCOL=http" in words


def test_host_that_there_is_not() -> None:
    words = refused(host="no-such-host.invalid:2379")
    assert "no host 'no-such-host.invalid'" in words
    assert "SDP_CONFIG_HOST" in words


@NEWER_ONLY
def test_one_member_with_a_fault_is_passed_over(
    secure: EtcdOf, start: Start, authority: Authority, connect: ConnectTo
) -> None:
    pair = authority.pair("elsewhere.example.org")
    faulty = start(secrets=Secrets(authority.file), **server_flags(pair))
    backend = connect(
        f"{faulty.endpoint},{secure.endpoint}", protocol="https", cert=str(authority.file)
    )
    works(backend)


@NEWER_ONLY
def test_fault_of_every_member_is_told(start: Start, authority: Authority) -> None:
    pair = authority.pair("elsewhere.example.org")
    one = start(secrets=Secrets(authority.file), **server_flags(pair))
    other = start()
    words = refused(
        host=f"{one.endpoint},{other.endpoint}", protocol="https", cert=str(authority.file)
    )
    assert f"{one.endpoint} is not for" in words
    assert f"{other.endpoint} does not speak TLS" in words


def test_what_is_no_certificate_is_refused_at_once(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")
    with pytest.raises(ValueError, match=rf"SDP_CONFIG_CERT.*{re.escape(str(wrong))}"):
        Etcd3Backend(protocol="https", cert=str(wrong))


def test_key_in_the_file_makes_it_the_clients(authority: Authority) -> None:
    ours = authority.pair("me@example.org").both
    settings = Settings.load(protocol="https", cert=str(ours))
    assert settings.certificate == settings.key == ours.read_bytes()
    # Whom to trust is then the system's matter.
    assert settings.ca is None


def test_server_that_never_answers_is_not_blamed_for_its_certificate(
    authority: Authority, connect: ConnectTo
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        endpoint = f"127.0.0.1:{mute.getsockname()[1]}"
        backend = connect(endpoint, protocol="https", cert=str(authority.file), timeout=1)
        said = pytest.raises(ConfigConnectionError, match="did not answer within 1 s")
        with in_time(1 + LATE), said:
            backend.get("/a")


def test_reset_leaves_no_socket_behind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.close()

        def is_reset() -> bool:
            try:
                connection.getpeername()
            except OSError:
                return True
            return False

        wait_until(is_reset)
        with connection, warnings.catch_warnings(record=True) as left:
            warnings.simplefilter("always")
            with contextlib.suppress(OSError):
                assert not _speaks_tls(connection)
            gc.collect()
        assert left == []


def test_reset_is_not_taken_for_tls() -> None:
    """What was reset before it was tried is no connection, with which nothing was spoken."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.close()
        wait_until(lambda: connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        with connection:
            assert not _speaks_tls(connection)
