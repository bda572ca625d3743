"""Real etcd servers of both versions in use, and networks that break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ska_sdp_config.backend import Etcd3Backend
from ska_sdp_config.backend.backend import Backend
from ska_sdp_lmc.stack.etcd import Flag
from tests.connection.proxy import Proxy
from tests.connection.servers import Cluster, EtcdOf, Secrets, programs

Start = Callable[..., EtcdOf]
Through = Callable[..., Proxy]
ConnectTo = Callable[..., Backend]


NEWER_FIRST = pytest.mark.parametrize(
    "program", [pytest.param("3.4", marks=pytest.mark.long), "3.5"], indirect=True
)
"""For what takes its time: on the older version it is left to the long tests."""

NEWER_ONLY = pytest.mark.parametrize("program", ["3.5"], indirect=True)
"""For what is this library's own matter, whatever the server's version."""


@pytest.fixture(scope="session", params=["3.4", "3.5"])
def program(request: pytest.FixtureRequest) -> str:
    """Path of an etcd program: of Debian's version, and of the wheel's."""
    path = programs().get(request.param)
    if path is None:
        pytest.skip(f"There is no etcd {request.param} here: .ci/run installs it on Debian.")
    return path


@pytest.fixture
def start(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts servers; takes ``secrets`` and flags by name."""
    with ExitStack() as servers:

        def start(secrets: Secrets | None = None, **flags: Flag) -> EtcdOf:
            directory = tmp_path_factory.mktemp("etcd")
            return servers.enter_context(EtcdOf(program, directory, flags=flags, secrets=secrets))

        yield start


@pytest.fixture
def server(start: Start) -> EtcdOf:
    """One server, to be broken at will."""
    return start()


@pytest.fixture
def cluster(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three members, to be broken at will."""
    cluster = Cluster(program, tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def through() -> Iterator[Through]:
    """Makes proxies before servers."""
    with ExitStack() as proxies:
        yield lambda server: proxies.enter_context(Proxy((server.host, server.port)))


@pytest.fixture
def connect() -> Iterator[ConnectTo]:
    """Makes clients of an endpoint, or of several; takes what the backend takes."""
    with ExitStack() as clients:

        def connect(endpoint: str, **arguments: Any) -> Backend:
            return clients.enter_context(Etcd3Backend(host=endpoint, **arguments))

        yield connect
