"""Endpoints and credentials of the database, from arguments and the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from ska_sdp_config.store.errors import quoted
from ska_sdp_config.store.redaction import AT_SIGN, quoted_redacted, redact_userinfo

__all__ = ["Settings"]

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 2379
DEFAULT_TIMEOUT_S = 5.0

CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
KEY = b"PRIVATE KEY-----"
"""Text in the first line of a PEM file."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Endpoints and credentials of etcd.

    Attributes:
        endpoints: ``host:port`` of each member, the preferred one first.
        secure: whether to use TLS.
        ca: PEM text of the authority that signs the servers' certificates, or None for the
            authorities that the system trusts.
        certificate, key: PEM texts of the client, for mutual TLS, or None.
        username, password: credentials of the etcd user, or None.
        timeout: default timeout of a call, in seconds.
    """

    endpoints: tuple[str, ...]
    secure: bool = False
    ca: bytes | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = DEFAULT_TIMEOUT_S

    @property
    def address(self) -> str:
        """The endpoints as one string, for messages."""
        return ",".join(self.endpoints)

    @classmethod
    def load(
        cls,
        host: str | None = None,
        port: int | str | None = None,
        protocol: str | None = None,
        cert: str | None = None,
        client_cert: str | None = None,
        client_key: str | None = None,
        username: str | None = None,
        password: str | None = None,
        timeout: float | str | None = None,
    ) -> Settings:
        """Create settings from arguments; the environment supplies those that are None.

        Args:
            host: ``host``, or ``host:port,host:port,…``; SDP_CONFIG_HOST.
            port: default for hosts without a port; SDP_CONFIG_PORT.
            protocol: ``http``, or ``https`` for TLS; SDP_CONFIG_PROTOCOL.
            cert: PEM file of the authority; or, when it also holds a key, of the client;
                SDP_CONFIG_CERT.
            client_cert: PEM file for mutual TLS; SDP_CONFIG_CLIENT_CERT.
            client_key: PEM file of its key; SDP_CONFIG_CLIENT_KEY.
            username: the etcd user; SDP_CONFIG_USERNAME.
            password: the password of the user; SDP_CONFIG_PASSWORD.
            timeout: default timeout of a call, in seconds; SDP_CONFIG_TIMEOUT.

        Raises:
            ValueError: a setting is invalid, or a file cannot be read.
        """

        def setting(value: object, name: str, default: str = "") -> str:
            chosen = os.environ.get(f"SDP_CONFIG_{name}", "") if value is None else str(value)
            return chosen or default

        protocol = setting(protocol, "PROTOCOL", "http").lower()
        if protocol not in ("http", "https"):
            raise ValueError(
                f"SDP_CONFIG_PROTOCOL is {quoted_redacted(protocol)}: write http or https."
            )
        authority = _pem(setting(cert, "CERT"), "SDP_CONFIG_CERT", CERTIFICATE)
        certificate = _pem(
            setting(client_cert, "CLIENT_CERT"), "SDP_CONFIG_CLIENT_CERT", CERTIFICATE
        )
        key = _pem(setting(client_key, "CLIENT_KEY"), "SDP_CONFIG_CLIENT_KEY", KEY)
        if authority and KEY in authority and not certificate:
            certificate = key = authority
            if authority.count(CERTIFICATE) == 1:
                # The only certificate in the file is that of the client.
                authority = None
        if bool(certificate) != bool(key):
            raise ValueError(
                "Mutual TLS needs both SDP_CONFIG_CLIENT_CERT and SDP_CONFIG_CLIENT_KEY: "
                f"{'the key' if certificate else 'the certificate'} is missing."
            )
        user, secret = setting(username, "USERNAME"), setting(password, "PASSWORD")
        if bool(user) != bool(secret):
            raise ValueError(
                "Logging in needs both SDP_CONFIG_USERNAME and SDP_CONFIG_PASSWORD: "
                f"{'the password' if user else 'the user name'} is missing."
            )
        return cls(
            endpoints=_endpoints(
                setting(host, "HOST", DEFAULT_HOST), setting(port, "PORT", str(DEFAULT_PORT))
            ),
            secure=protocol == "https",
            ca=authority,
            certificate=certificate,
            key=key,
            username=user or None,
            password=secret or None,
            timeout=_seconds(setting(timeout, "TIMEOUT", str(DEFAULT_TIMEOUT_S))),
        )


def _endpoints(hosts: str, port: str) -> tuple[str, ...]:
    parts = [part.strip() for part in hosts.split(",") if part.strip()]
    if any(map(_is_url, parts)):
        # Not quoted: a URL may contain a password, also with commas.
        raise ValueError(
            "SDP_CONFIG_HOST is a URL: write host:port; credentials are SDP_CONFIG_USERNAME and "
            "SDP_CONFIG_PASSWORD."
        )
    endpoints = []
    for part in parts:
        name, own_port = _host_and_port(part)
        own_port = port if own_port is None else own_port
        if not (re.fullmatch("[0-9]{1,5}", own_port) and 0 < int(own_port) < 65536):
            raise ValueError(
                f"SDP_CONFIG_HOST and SDP_CONFIG_PORT give port {quoted_redacted(own_port)} for "
                f"{quoted_redacted(name)}: write a number from 1 to 65535."
            )
        endpoints.append(f"{name}:{own_port}")
    if not endpoints:
        raise ValueError(
            f"SDP_CONFIG_HOST is {quoted(hosts)}: write host, or host:port,host:port."
        )
    return tuple(dict.fromkeys(endpoints))


def _is_url(part: str) -> bool:
    """Return whether a part looks like a URL; the zone of an IPv6 address may begin with %40."""
    address, _, rest = part[1:].partition("]") if part.startswith("[") else (part, "", "")
    has_at_sign = re.search(AT_SIGN, rest if _is_ipv6(address) else part)
    return "/" in part or has_at_sign is not None


def _host_and_port(part: str) -> tuple[str, str | None]:
    """Return the host, an IPv6 address in brackets, and the port or None."""
    if part.startswith("["):
        # In brackets, so that the colons of the address differ from that of a port.
        address, bracket, rest = part[1:].partition("]")
        is_valid = bool(bracket) and _is_ipv6(address) and (not rest or rest.startswith(":"))
        name, own_port = f"[{address}]", rest[1:] if rest else None
    elif part.count(":") > 1:
        is_valid = _is_ipv6(part)
        name, own_port = f"[{part}]", None
    else:
        name, colon, port = part.partition(":")
        is_valid = _is_name(name)
        own_port = port if colon else None
    if not is_valid:
        raise ValueError(
            f"SDP_CONFIG_HOST contains {quoted_redacted(part)}: write host, host:port, or an IPv6 "
            "address, in brackets before a port."
        )
    return name, own_port


def _is_name(name: str) -> bool:
    """Return whether a text has the form of a host name, which the resolver accepts."""
    if not (re.fullmatch(r"[^\s\[\]]+", name) and name.isprintable()):
        return False
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _is_ipv6(address: str) -> bool:
    # ip_address accepts any text as the zone.
    if not re.fullmatch(r"[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?", address):
        return False
    try:
        ip_address(address)
    except ValueError:
        return False
    return ":" in address


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError(
            f"SDP_CONFIG_TIMEOUT is {quoted_redacted(text)}: write seconds, more than 0."
        )
    return seconds


def _pem(file: str, name: str, holds: bytes) -> bytes | None:
    if not file:
        return None
    shown = redact_userinfo(file)
    try:
        text = Path(file).read_bytes()
    except OSError as exc:
        raise ValueError(f"{name} names {shown}, which cannot be read: {exc.strerror}.") from None
    if holds not in text:
        what = "certificate" if holds == CERTIFICATE else "private key"
        raise ValueError(f"{name} names {shown}, which holds no {what} in PEM format.")
    return text
