"""Certificates for servers and clients, signed by authorities of one test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from ska_sdp_sim.stack.etcd import Flag
from tests.services.versions import EtcdOf, Secrets


@dataclass(frozen=True)
class Pair:
    """Certificate and key as PEM files.

    Attributes:
        both: file that contains both.
    """

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Certificate authority.

    Args:
        directory: directory of the files.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._authority = trustme.CA()
        self.file = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def pair(self, *names: str, common_name: str | None = None) -> Pair:
        """Issue a certificate for hosts or for the user in its common name."""
        issued = self._authority.issue_cert(*names, common_name=common_name)
        stem = f"{common_name or names[0]}"
        pair = Pair(
            *(self._directory / f"{stem}.{kind}.pem" for kind in ("certificate", "key", "both"))
        )
        pair.certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(pair.key))
        pair.both.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
        return pair


def server_flags(pair: Pair) -> dict[str, Flag]:
    """Return the flags of an etcd with TLS."""
    return {"cert_file": str(pair.certificate), "key_file": str(pair.key)}


def mutual_flags(pair: Pair, authority: Authority) -> dict[str, Flag]:
    """Return the flags of an etcd that demands certificates of an authority."""
    return server_flags(pair) | {"client_cert_auth": True, "trusted_ca_file": str(authority.file)}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Authority that the servers and clients of a module share."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def host_pair(authority: Authority) -> Pair:
    """Certificate of this host."""
    return authority.pair("localhost", "127.0.0.1")


@pytest.fixture(scope="module")
def ours(authority: Authority) -> Pair:
    """Certificate of a client."""
    return authority.pair("me@example.org")


@pytest.fixture(scope="module")
def mutual(
    program: str, authority: Authority, host_pair: Pair, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EtcdOf]:
    """Server that demands client certificates."""
    secrets = Secrets(authority.file, authority.pair("probe@example.org").both)
    flags = mutual_flags(host_pair, authority)
    directory = tmp_path_factory.mktemp("etcd")
    with EtcdOf(program, directory, flags=flags, secrets=secrets) as server:
        yield server
