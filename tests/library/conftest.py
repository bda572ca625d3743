"""A Config on every backend, each test on an empty database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import Span
from tests.waiting import wait_until

MakeConfig = Callable[..., Config[Any]]


def wait_until_gone(config: Config, path: str) -> None:
    """Who closes does not wait for an answer for long; by itself a lease lives for eight more."""
    wait_until(lambda: config.backend.get(path)[0] is None, 5, f"{path} goes")


@pytest.fixture(params=["memory", "etcd3", "etcd3_revolution1"])
def make_config(request: pytest.FixtureRequest) -> Iterator[MakeConfig]:
    """Makes Configs of one database, which is empty at first; takes what Config takes."""
    where: dict[str, Any] = {"backend": "memory"}
    if request.param == "memory":
        MemoryBackend.shared.clear()
    else:
        server = request.getfixturevalue("etcd")
        where = {"backend": request.param, "host": server.host, "port": server.port}

    with ExitStack() as configs:

        def make(**arguments: Any) -> Config:
            return configs.enter_context(Config(**{**where, **arguments}))

        make().backend.store.commit([], [Delete(Span("\0", "\U0010ffff"))], timeout=20)
        yield make


@pytest.fixture
def config(make_config: MakeConfig) -> Config:
    """One Config."""
    return make_config()
