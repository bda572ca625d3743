"""TLS certificates signed by a dedicated certificate authority.

Subjects have no common name. With client certificates required, etcd treats a common name as a
user name, but only over gRPC: its JSON gateway ignores it. Without common names the rights of a
client depend only on its login on both transports, and a stolen certificate is not a login.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ska_sdp_lmc.ops.secure_etcd.files import PRIVATE, PUBLIC, SecurityError, write_file

__all__ = ["Client", "Server", "certify"]

AUTHORITY_DAYS = 3650
RENEW_BEFORE = timedelta(days=30)
"""Remaining validity below which a certificate is replaced."""

_EARLY = timedelta(minutes=5)
"""Tolerated clock difference."""

_ORGANISATION = "SDP"


@dataclass(frozen=True, slots=True)
class Server:
    """Member of etcd, with its host names and addresses."""

    name: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Client:
    """Client of etcd, or a group of clients with a common certificate."""

    name: str


@dataclass(frozen=True, slots=True)
class _Issued:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def certify(
    directory: Path,
    wanted: Iterable[Server | Client],
    *,
    days: int,
    dry_run: bool,
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> Iterator[str]:
    """Create certificates that are missing, invalid, for other names, or about to expire.

    The authority is ``ca.pem`` with ``ca.key``; a server's files are ``servers/NAME.pem`` and
    ``.key``, a client's ``clients/NAME.pem`` and ``.key``.

    Args:
        directory: directory of the files.
        wanted: members and clients to certify.
        days: validity of the certificates, in days.
        dry_run: report the changes without making them.
        now: returns the current time, timezone-aware.

    Yields:
        One line per certificate created.

    Raises:
        SecurityError: an existing file is unusable, or the authority is about to expire.
        OSError: a file cannot be read or written.
        ValueError: a host name is invalid.
    """
    time = now()
    authority = _read(directory / "ca")
    if authority is None:
        authority = _new_authority(time)
        if not dry_run:
            _write(directory / "ca", authority)
        yield f"authority created: {directory / 'ca.pem'}"
    end = authority.certificate.not_valid_after_utc
    if end - time < RENEW_BEFORE:
        raise SecurityError(
            f"The authority {directory / 'ca.pem'} expires on {end:%Y-%m-%d}: move "
            f"{directory} away, create all certificates again, and distribute the new ca.pem to "
            "every client."
        )
    for each in wanted:
        kind = "server" if isinstance(each, Server) else "client"
        stem = directory / f"{kind}s" / each.name
        # An interrupted run leaves a key without certificate.
        is_whole = _pem(stem).exists() and _key(stem).exists()
        reason = _why_replace(_read(stem) if is_whole else None, each, authority.certificate, time)
        if reason is None:
            continue
        issued = _issue(each, authority, time, min(time + timedelta(days=days), end))
        if not dry_run:
            _write(stem, issued)
        yield f"certificate of {kind} {each.name} created ({reason}): {_pem(stem)}"


def _why_replace(
    issued: _Issued | None, wanted: Server | Client, authority: x509.Certificate, now: datetime
) -> str | None:
    """Return why a certificate must be replaced, None if it is valid."""
    if issued is None:
        return "missing"
    certificate = issued.certificate
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return "signed by another authority"
    if certificate.public_key() != issued.key.public_key():
        return "key does not match"
    if certificate.not_valid_after_utc - now < RENEW_BEFORE:
        return f"expires on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if certificate.subject != _subject(wanted) or _names(certificate) != _wanted_names(wanted):
        return "issued for other names"
    return None


def _new_authority(now: datetime) -> _Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, "SDP etcd authority"),
        ]
    )
    usage = _usage(signs_certificates=True)
    builder = (
        _builder(name, name, key, now, now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return _Issued(builder.sign(key, hashes.SHA256()), key)


def _issue(wanted: Server | Client, authority: _Issued, now: datetime, end: datetime) -> _Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    # A member is also a client of the other members and of itself.
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if isinstance(wanted, Server):
        purposes.append(ExtendedKeyUsageOID.SERVER_AUTH)
    issuer = authority.certificate
    builder = (
        _builder(_subject(wanted), issuer.subject, key, now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
    )
    if names := _wanted_names(wanted):
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _Issued(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begin: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - _EARLY)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(wanted: Server | Client) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, wanted.name),
        ]
    )


def _wanted_names(wanted: Server | Client) -> list[x509.GeneralName]:
    hosts = wanted.hosts if isinstance(wanted, Server) else ()
    return [_name(host) for host in dict.fromkeys(hosts)]


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return list(found.value)


def _pem(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}.pem")


def _key(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}.key")


def _read(stem: Path) -> _Issued | None:
    if not _pem(stem).exists() and not _key(stem).exists():
        return None
    try:
        certificate = x509.load_pem_x509_certificate(_pem(stem).read_bytes())
        key = serialization.load_pem_private_key(_key(stem).read_bytes(), None)
    except (ValueError, TypeError, FileNotFoundError) as error:
        raise SecurityError(
            f"{_pem(stem)} and {_key(stem)} are not a certificate and its key: move both away."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SecurityError(
            f"{_key(stem)} is not an elliptic curve key: move it and the .pem file away."
        )
    return _Issued(certificate, key)


def _write(stem: Path, issued: _Issued) -> None:
    key = issued.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_file(_key(stem), key, PRIVATE)
    write_file(_pem(stem), issued.certificate.public_bytes(serialization.Encoding.PEM), PUBLIC)
