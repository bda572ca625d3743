"""Clusters, and proxies that break connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.engine.backend import Backend
from tests.services.versions import EtcdOf
from tests.support.backends import etcd_client
from tests.support.certificates import authority, host_pair, mutual, ours
from tests.support.cluster import Cluster
from tests.support.proxy import Proxy

__all__ = [
    "ConnectTo",
    "authority",
    "backend",
    "cluster",
    "connect",
    "etcd_client",
    "host_pair",
    "mutual",
    "network",
    "ours",
    "proxied",
]

ConnectTo = Callable[..., Backend]


@pytest.fixture
def cluster(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Cluster of three members for one test, which may break it."""
    cluster = Cluster(program, tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def network(server: EtcdOf) -> Iterator[Proxy]:
    """Proxy to the server."""
    with Proxy(server.host, server.port) as proxy:
        yield proxy


@pytest.fixture
def connect() -> Iterator[ConnectTo]:
    """Factory of clients of one or more endpoints; accepts the arguments of the backend."""
    with ExitStack() as clients:

        def connect(endpoint: str, **arguments: Any) -> Backend:
            return clients.enter_context(Etcd3Backend(host=endpoint, **arguments))

        yield connect


@pytest.fixture
def backend(server: EtcdOf, connect: ConnectTo) -> Backend:
    """Client of the server."""
    return connect(server.endpoint)


@pytest.fixture
def proxied(network: Proxy, connect: ConnectTo) -> Backend:
    """Client of the server through the proxy."""
    return connect(network.endpoint)
