"""A Config on each backend, with an empty database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.backends import connect as connect_to
from ska_sdp_config.config import Config
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import Span

MakeConfig = Callable[..., Config]


@pytest.fixture(params=["memory", "etcd3", "etcd3_revolution1"])
def make_config(request: pytest.FixtureRequest) -> Iterator[MakeConfig]:
    """Makes Configs of one database, which is empty at first."""
    connect: Callable[[], Backend]
    if request.param == "memory":
        database = Database()

        def connect() -> Backend:
            return MemoryBackend(database)
    else:
        server = request.getfixturevalue("etcd")

        def connect() -> Backend:
            return connect_to(request.param, host=server.host, port=server.port)

    with ExitStack() as configs:

        def make(**arguments: Any) -> Config:
            return configs.enter_context(Config(backend=connect(), **arguments))

        everything = Delete(Span("\0", "\U0010ffff"))
        make().backend.store.commit([], [everything], timeout=20)
        yield make


@pytest.fixture
def config(make_config: MakeConfig) -> Config:
    """One Config, without a prefix: what it stores is the wire format."""
    return make_config()
