"""Fixtures of all backends, those of etcd on both supported versions, with an empty database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.backends import connect as connect_to
from ska_sdp_config.drivers.etcd import limits
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import Span
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
    """Return a factory of clients of one database, which is empty at first."""
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

        connect().store.commit([], [Delete(Span("\0", "\U0010ffff"))], timeout=20)
        yield connect


@pytest.fixture(params=["etcd3", "etcd3_revolution1"])
def etcd_client(request: pytest.FixtureRequest) -> ConnectTo:
    """Return a factory of clients on each transport; it takes the arguments of the backends."""
    return partial(connect_to, request.param)


@pytest.fixture
def backend(connect: Connect) -> Backend:
    """A client of an empty database."""
    return connect()


@pytest.fixture
def set_pages() -> Iterator[Callable[[int, int], None]]:
    """Set the numbers of entries and of keys in a page."""
    with pytest.MonkeyPatch.context() as patch:

        def set_lengths(entries: int, keys: int) -> None:
            patch.setattr(limits, "VALUES_PER_PAGE", entries)
            patch.setattr(limits, "KEYS_PER_PAGE", keys)

        yield set_lengths
