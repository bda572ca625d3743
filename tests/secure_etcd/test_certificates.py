"""Creation and renewal of certificates, and the permissions of private keys."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509

from ska_sdp_lmc.ops.secure_etcd.certificates import Client, Server, certify
from ska_sdp_lmc.ops.secure_etcd.files import SecurityError
from tests.secure_etcd.secured import run

HOSTS = ("etcd-0.etcd", "10.0.0.1", "*.etcd.sdp.svc")
WANTED: list[Server | Client] = [Server("etcd-0", HOSTS), Client("operator")]


def at(days: int) -> datetime:
    return datetime.now(timezone.utc) + timedelta(days=days)


def made(directory: Path, *wanted: Server | Client, days_from_now: int = 0) -> list[str]:
    steps = certify(directory, wanted, days=365, dry_run=False, now=lambda: at(days_from_now))
    return list(steps)


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def names_of(file: Path) -> list[str]:
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in found]


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Directory of an authority and certificates; checks the permissions of keys at the end."""
    directory = tmp_path / "certificates"
    assert len(made(directory, *WANTED)) == 3
    yield directory
    keys = list(directory.rglob("*.key"))
    assert keys
    for key in keys:
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_certificates_are_created_once(directory: Path) -> None:
    before = contents(directory)
    assert made(directory, *WANTED) == []
    assert contents(directory) == before


def test_certificates_name_hosts_but_no_user(directory: Path) -> None:
    """A common name would make its holder a user of etcd, over gRPC alone."""
    assert names_of(directory / "servers/etcd-0.pem") == [*HOSTS]
    for file in ("servers/etcd-0.pem", "clients/operator.pem"):
        certificate = x509.load_pem_x509_certificate((directory / file).read_bytes())
        assert not certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)


@pytest.mark.parametrize(
    ("days", "renewed"), [(334, 0), (336, 2)], ids=["enough left", "less than 30 days left"]
)
def test_certificates_are_renewed_in_time(directory: Path, days: int, renewed: int) -> None:
    authority = (directory / "ca.pem").read_bytes()
    steps = made(directory, *WANTED, days_from_now=days)
    assert len(steps) == renewed
    assert all("expires on" in step for step in steps)
    assert (directory / "ca.pem").read_bytes() == authority


def test_certificate_is_replaced_for_other_names(directory: Path) -> None:
    (step,) = made(directory, Server("etcd-0", ("etcd-0.other",)), Client("operator"))
    assert "other names" in step
    assert names_of(directory / "servers/etcd-0.pem") == ["etcd-0.other"]


def test_certificates_are_replaced_for_another_authority(directory: Path, tmp_path: Path) -> None:
    made(tmp_path / "other", *WANTED)
    for name in ("ca.pem", "ca.key"):
        (tmp_path / "other" / name).replace(directory / name)
    steps = made(directory, *WANTED)
    assert len(steps) == 2
    assert all("another authority" in step for step in steps)


def test_missing_certificate_is_created(directory: Path) -> None:
    (directory / "clients/operator.pem").unlink()
    (step,) = made(directory, *WANTED)
    assert "client operator" in step


def test_expiring_authority_is_not_replaced(directory: Path) -> None:
    with pytest.raises(SecurityError, match=r"ca\.pem expires on .* move"):
        made(directory, *WANTED, days_from_now=3640)


def test_incomplete_authority_is_rejected(directory: Path) -> None:
    (directory / "ca.key").replace(directory / "elsewhere.key")
    with pytest.raises(SecurityError, match="not a certificate and its key"):
        made(directory, *WANTED)


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "none"
    result = run("certificates", str(directory), "--server", "a=localhost", "--dry-run")
    assert result.exit_code == 0, result.output
    assert result.output.count("would change: ") == 2
    assert result.output.endswith("2 changes\n")
    assert not directory.exists()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--server", "../a=localhost"], "'../a' cannot name a file"),
        (["--client", ""], "'' cannot name a file"),
        (["--server", "a=höst"], "A-label"),
    ],
)
def test_invalid_argument_is_rejected(tmp_path: Path, words: list[str], error: str) -> None:
    result = run("certificates", str(tmp_path / "certificates"), *words)
    assert result.exit_code == 1
    assert error in result.output
    assert "Traceback" not in result.output
