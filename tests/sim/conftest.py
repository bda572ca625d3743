"""Fixtures: every backend, each test on an empty database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import EVERYTHING
from ska_sdp_sim.pytest_plugin import simulator, stand_in_sdp
from tests.sim.observation import define_scripts

__all__ = ["config", "sdp_config_arguments", "simulator", "stand_in_sdp"]


@pytest.fixture(params=["memory", "etcd3"])
def sdp_config_arguments(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Override the fixture of the plugin."""
    arguments: dict[str, Any] = {"backend": "memory"}
    if request.param == "memory":
        MemoryBackend.shared.clear()
    else:
        server = request.getfixturevalue("etcd")
        arguments = {"backend": "etcd3", "host": server.host, "port": server.port}
    with Config(**arguments) as config:
        config.backend.store.commit([], [Delete(EVERYTHING)], timeout=20)
    return arguments


@pytest.fixture
def config(sdp_config_arguments: dict[str, Any]) -> Iterator[Config]:
    """Config of the test itself, with scripts defined."""
    with Config(**sdp_config_arguments) as access:
        define_scripts(access)
        yield access
