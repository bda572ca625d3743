"""Configs on each backend, with an empty database for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import EVERYTHING
from tests.support.waiting import wait_until

MakeConfig = Callable[..., Config[Any]]


def wait_until_gone(config: Config, path: str) -> None:
    """Wait until a key is deleted, in less time than its lease needs to expire."""
    wait_until(lambda: config.backend.get(path)[0] is None, 5, f"{path} goes")


@pytest.fixture(params=["memory", "etcd3", "etcd3_revolution1"])
def make_config(request: pytest.FixtureRequest) -> Iterator[MakeConfig]:
    """Factory of Configs that share one database; accepts the arguments of Config."""
    where: dict[str, Any] = {"backend": "memory"}
    if request.param == "memory":
        MemoryBackend.shared.clear()
    else:
        server = request.getfixturevalue("etcd")
        where = {"backend": request.param, "host": server.host, "port": server.port}

    with ExitStack() as configs:

        def make(**arguments: Any) -> Config:
            return configs.enter_context(Config(**{**where, **arguments}))

        make().backend.store.commit([], [Delete(EVERYTHING)], timeout=20)
        yield make


@pytest.fixture
def config(make_config: MakeConfig) -> Config:
    """One Config, without a global prefix."""
    return make_config()
