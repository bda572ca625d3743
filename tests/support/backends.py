"""Clients of each backend, on an empty database for each test."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.backends import connect as connect_to
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import EVERYTHING
from tests.services.versions import EtcdOf

Connect = Callable[[], Backend]
ConnectTo = Callable[..., Backend]

BACKENDS = [
    "memory",
    "etcd3",
    "etcd3_revolution1",
    pytest.param("etcd3 on 3.4", marks=pytest.mark.long),
    pytest.param("etcd3_revolution1 on 3.4", marks=pytest.mark.long),
]


@pytest.fixture(params=BACKENDS)
def connect(request: pytest.FixtureRequest, etcd_of: Callable[[str], EtcdOf]) -> Iterator[Connect]:
    """Factory of clients of one database, empty at first."""
    make: Connect
    if request.param == "memory":
        database = Database()

        def make() -> Backend:
            return MemoryBackend(database)
    else:
        kind, _, version = request.param.partition(" on ")
        server = etcd_of(version or "3.5")

        def make() -> Backend:
            return connect_to(kind, host=server.host, port=server.port)

    with ExitStack() as clients:

        def connect() -> Backend:
            return clients.enter_context(make())

        connect().store.commit([], [Delete(EVERYTHING)], timeout=20)
        yield connect


@pytest.fixture(params=["etcd3", "etcd3_revolution1"])
def etcd_client(request: pytest.FixtureRequest) -> ConnectTo:
    """Factory of clients of etcd over each transport; accepts the arguments of the backends."""
    return partial(connect_to, request.param)


@pytest.fixture
def backend(connect: Connect) -> Backend:
    return connect()


@pytest.fixture
def other(connect: Connect) -> Backend:
    """Another client of the same database."""
    return connect()


def put(backend: Backend, **values: str) -> None:
    """Write values, each at the path of its name."""
    for txn in backend.txn():
        for name, value in values.items():
            txn.delete(f"/{name}", must_exist=False)
            txn.create(f"/{name}", value)


def compact(backend: Backend, revision: int | None = None) -> None:
    """Compact the history up to a revision, by default the newest."""
    if revision is None:
        revision = backend.get("/a")[1].revision
    if isinstance(backend, MemoryBackend):
        backend.database.compact(revision)
    else:
        request = urllib.request.Request(
            f"http://{backend.address}/v3/kv/compaction", data=b'{"revision": "%d"}' % revision
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            response.read()
