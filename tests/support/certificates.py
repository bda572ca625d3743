"""Certificates for servers and clients, of authorities made for one test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme

from ska_sdp_sim.stack.etcd import Flag


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files.

    Attributes:
        both: a file with the one and the other.
    """

    certificate: Path
    key: Path
    both: Path


class Authority:
    """One who signs certificates.

    Args:
        directory: where the files are put.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._authority = trustme.CA()
        self.file = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def pair(self, *names: str, common_name: str | None = None) -> Pair:
        """Get a certificate for hosts, or for a user named in it."""
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
    """The flags of an etcd that speaks TLS."""
    return {"cert_file": str(pair.certificate), "key_file": str(pair.key)}


def mutual_flags(pair: Pair, authority: Authority) -> dict[str, Flag]:
    """The flags of an etcd that speaks TLS with those whom an authority knows."""
    return server_flags(pair) | {
        "client_cert_auth": True,
        "trusted_ca_file": str(authority.file),
    }
