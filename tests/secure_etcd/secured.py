"""An etcd with certificates and users made by ``ska-sdp-lmc secure-etcd``."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from ska_sdp_config import Config
from ska_sdp_lmc.cli import main
from ska_sdp_sim.stack.etcd import Flag
from ska_sdp_sim.stack.programs import clean_environment, installed_program
from tests.services.etcd import version_of
from tests.services.versions import EtcdOf, Secrets
from tests.support.waiting import CALL

SUBARRAYS = 2

CLIENT = "sdp"
"""Name of the client certificate, shared by all clients."""


def run(*words: str, **variables: str) -> Result:
    """Run ``ska-sdp-lmc secure-etcd``."""
    return CliRunner().invoke(main, ["secure-etcd", *words], env=variables)


class Secured:
    """Etcd with TLS, and its secrets.

    Args:
        program: path of etcd.
        directory: directory of its files.
        mutual: whether clients need a certificate too, as in the guide.
    """

    def __init__(self, program: str, directory: Path, *, mutual: bool = True) -> None:
        self.certificates = directory / "certificates"
        self.passwords = directory / "passwords"
        made = run(
            *("certificates", str(self.certificates), "--server", "etcd=localhost,127.0.0.1"),
            *("--client", CLIENT),
        )
        assert made.exit_code == 0, made.output
        self.authority = self.certificates / "ca.pem"
        self.mutual = mutual
        clients = self.certificates / "clients"
        self.client_pair = (clients / f"{CLIENT}.pem", clients / f"{CLIENT}.key")
        servers = self.certificates / "servers"
        flags: dict[str, Flag] = {
            "cert_file": str(servers / "etcd.pem"),
            "key_file": str(servers / "etcd.key"),
        }
        both = directory / "both.pem"
        both.write_bytes(
            b"".join((servers / f"etcd.{kind}").read_bytes() for kind in ("pem", "key"))
        )
        if mutual:
            flags |= {"client_cert_auth": True, "trusted_ca_file": str(self.authority)}
        self.etcd = EtcdOf(program, directory, flags=flags, secrets=Secrets(self.authority, both))

    @property
    def version(self) -> tuple[int, ...]:
        return tuple(int(number) for number in version_of(self.etcd.program).split("."))

    def variables(self) -> dict[str, str]:
        """Return the environment variables of a client without a login."""
        variables = {
            "SDP_CONFIG_HOST": self.etcd.host,
            "SDP_CONFIG_PORT": str(self.etcd.port),
            "SDP_CONFIG_PROTOCOL": "https",
            "SDP_CONFIG_CERT": str(self.authority),
        }
        if self.mutual:
            certificate, key = map(str, self.client_pair)
            variables |= {"SDP_CONFIG_CLIENT_CERT": certificate, "SDP_CONFIG_CLIENT_KEY": key}
        return variables

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of Config or Settings of a client without a login."""
        return {
            name.removeprefix("SDP_CONFIG_").lower(): value
            for name, value in self.variables().items()
        }

    def variables_of(self, user: str) -> dict[str, str]:
        password = (self.passwords / user).read_text().strip()
        return self.variables() | {"SDP_CONFIG_USERNAME": user, "SDP_CONFIG_PASSWORD": password}

    def users(self, *options: str) -> Result:
        words = ("users", str(self.passwords), "--subarrays", str(SUBARRAYS), *options)
        return run(*words, **self.variables(), SDP_CONFIG_TIMEOUT=str(CALL))

    def choose_password(self, user: str, password: str) -> Path:
        """Write the password of a user before ``users``; return its file."""
        self.passwords.mkdir()
        file = self.passwords / user
        file.write_text(f"{password}\n")
        file.chmod(0o600)
        return file

    def config_of(self, user: str, **arguments: Any) -> Config:
        """Return a Config of a user; accepts further arguments of Config."""
        password = self.variables_of(user)["SDP_CONFIG_PASSWORD"]
        login = {"username": user, "password": password}
        return Config(**self.arguments() | login, timeout=CALL, **arguments)

    def read(self, path: str) -> str | None:
        """Read a path as the user who may read everything."""
        with self.config_of("dashboard") as config:
            return config.backend.get(path)[0]

    def run_as(
        self, user: str, program: str, *words: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of ours as a user."""
        return subprocess.run(
            [installed_program(program, "tango"), *words],
            env=clean_environment(**self.variables_of(user), **variables),
            capture_output=True,
            text=True,
            timeout=300,
        )
