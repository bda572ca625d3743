"""Diagnosis of connections that fail for reasons that a retry does not cure.

gRPC's messages differ between versions, and often state only that the socket was closed. So a
connection is opened without gRPC to find the cause.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator

from ska_sdp_config.drivers.etcd.settings import Settings

__all__ = ["find_fault"]

NAME_MISMATCH_CODES = (62, 64)
"""OpenSSL's codes for a certificate of another host name or IP address."""

VALIDITY_PERIOD_CODES = (9, 10)
"""OpenSSL's codes for a certificate that is not yet valid or has expired."""

MAX_STEP_S = 1.0
"""Longest time for a step of the diagnosis."""

MAX_ALERT_DELAY_S = 0.2
"""Time after the handshake within which a server rejects a client certificate."""


def find_fault(settings: Settings, endpoint: str) -> str:
    """Return a message about a permanent fault; empty if none was found.

    Args:
        settings: TLS settings and credentials.
        endpoint: ``host:port``.
    """
    timeout = min(MAX_STEP_S, settings.timeout)
    host, _, port = endpoint.rpartition(":")
    host = host.strip("[]")
    try:
        with socket.create_connection((host, int(port)), timeout) as connection:
            if settings.secure:
                return _fault_of_tls(settings, endpoint, host, connection, timeout)
            if _speaks_tls(connection):
                return f"The database at {endpoint} speaks TLS: set SDP_CONFIG_PROTOCOL=https."
    except socket.gaierror as exc:
        return f"Host {host!r} does not resolve ({exc.strerror}): check SDP_CONFIG_HOST."
    except OSError:
        # Unreachable or timed out, which may be temporary.
        pass
    return ""


def _fault_of_tls(
    settings: Settings, endpoint: str, host: str, connection: socket.socket, timeout: float
) -> str:
    authority = settings.ca.decode("ascii", "ignore") if settings.ca else None
    context = ssl.create_default_context(cadata=authority)
    try:
        with _secured(connection, context, host) as secure:
            secure.settimeout(min(timeout, MAX_ALERT_DELAY_S))
            secure.recv(1)
    except ssl.SSLCertVerificationError as exc:
        return _fault_of_certificate(exc, endpoint, host)
    except TimeoutError:
        return ""
    except ssl.SSLError as exc:
        if "CERTIFICATE" in (exc.reason or ""):
            return _fault_of_client_certificate(settings, endpoint)
    except OSError:
        pass
    with contextlib.suppress(OSError):
        if _speaks_http(host, endpoint, timeout):
            return f"The database at {endpoint} does not speak TLS: set SDP_CONFIG_PROTOCOL=http."
    return ""


def _fault_of_certificate(exc: ssl.SSLCertVerificationError, endpoint: str, host: str) -> str:
    if exc.verify_code in NAME_MISMATCH_CODES:
        return (
            f"The certificate of the database at {endpoint} is not for {host!r} "
            f"({exc.verify_message.rstrip('.')}): set SDP_CONFIG_HOST to a name that is in it."
        )
    if exc.verify_code in VALIDITY_PERIOD_CODES:
        return (
            f"The certificate of the database at {endpoint} is not valid now "
            f"({exc.verify_message.rstrip('.')}): renew it, or set this machine's clock."
        )
    return (
        f"The certificate of the database at {endpoint} is not signed by an authority that is "
        f"trusted ({exc.verify_message.rstrip('.')}): name that authority's PEM file in "
        "SDP_CONFIG_CERT."
    )


def _fault_of_client_certificate(settings: Settings, endpoint: str) -> str:
    if settings.certificate is None:
        return (
            f"The database at {endpoint} requires a client certificate: set "
            "SDP_CONFIG_CLIENT_CERT and SDP_CONFIG_CLIENT_KEY."
        )
    return (
        f"The database at {endpoint} rejected the client certificate: check "
        "SDP_CONFIG_CLIENT_CERT and SDP_CONFIG_CLIENT_KEY, and which authority it trusts."
    )


def _speaks_tls(connection: socket.socket) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with _secured(connection, context):
            return True
    except ssl.SSLError as exc:
        # An alert, such as for a missing client certificate, is a message of TLS.
        return "ALERT" in (exc.reason or "")
    except OSError:
        # The connection was closed without a response.
        return False


@contextlib.contextmanager
def _secured(
    connection: socket.socket, context: ssl.SSLContext, host: str | None = None
) -> Iterator[ssl.SSLSocket]:
    """Open a TLS connection to the peer of a connection.

    The socket is wrapped before it connects: if a connected socket is reset just before it is
    wrapped, Python raises and leaks its descriptor.
    """
    with context.wrap_socket(socket.socket(connection.family), server_hostname=host) as secure:
        secure.settimeout(connection.gettimeout())
        secure.connect(connection.getpeername())
        yield secure


def _speaks_http(host: str, endpoint: str, timeout: float) -> bool:
    port = int(endpoint.rpartition(":")[2])
    with socket.create_connection((host, port), timeout) as connection:
        connection.settimeout(timeout)
        connection.sendall(f"GET /version HTTP/1.0\r\nHost: {endpoint}\r\n\r\n".encode())
        return connection.recv(5) == b"HTTP/"
