"""Clusters, and networks that break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.engine.backend import Backend
from tests.support.cluster import Cluster
from tests.support.proxy import Proxy

Through = Callable[..., Proxy]
ConnectTo = Callable[..., Backend]


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
