"""Every backend, those of etcd on both versions in use, each test on an empty database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.backends import connect as connect_to
from ska_sdp_config.drivers.etcd.grpc import codec
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
    """Makes clients of one database, which is empty at first."""
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
    """Makes clients of servers, by each of the ways to etcd; takes what the backends take."""
    return partial(connect_to, request.param)


@pytest.fixture
def backend(connect: Connect) -> Backend:
    """One client."""
    return connect()


@pytest.fixture
def set_pages() -> Iterator[Callable[[int, int], None]]:
    """Sets how many entries, and how many keys alone, there are in a page."""

    def forget() -> None:
        # Requests that are kept have the length of a page in them.
        codec._read_newest.cache_clear()
        codec._read_all_newest.cache_clear()

    with pytest.MonkeyPatch.context() as patch:

        def set_lengths(entries: int, keys: int) -> None:
            for way in ("grpc", "gateway"):
                patch.setattr(f"ska_sdp_config.drivers.etcd.{way}.codec.PAGE", entries)
                patch.setattr(f"ska_sdp_config.drivers.etcd.{way}.codec.KEYS_PAGE", keys)
            forget()

        yield set_lengths
    forget()
