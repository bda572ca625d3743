"""Databases and stacks for the samples of the documentation."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import EVERYTHING
from ska_sdp_sim.stack import Layout
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.local import LocalStack
from ska_sdp_sim.stack.programs import clean_environment
from tests.docs.page import ROOT

Environment = dict[str, str]


def environment(**variables: str) -> Environment:
    """Return a reader's environment: an active virtual environment and the given variables."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    return clean_environment(PATH=path, PYTHONUNBUFFERED="1", NO_COLOR="1", **variables)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Create a writable directory with the parts of a clone that pages use."""
    for name in ("examples", "devices", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


@pytest.fixture
def on_etcd(etcd: Etcd) -> Environment:
    """Return a reader's environment whose database is an empty etcd."""
    with Config(host=etcd.host, port=etcd.port) as config:
        config.backend.store.commit([], [Delete(EVERYTHING)], timeout=60)
    return environment(SDP_CONFIG_HOST=etcd.host, SDP_CONFIG_PORT=str(etcd.port))


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Environment]]:
    """Return a function that starts a local stack and returns its environment.

    HEALTH is the address of the health endpoint of its last server, that of a subarray.
    """
    started: list[LocalStack] = []

    def start(*, simulate: bool = True) -> Environment:
        stack = LocalStack(
            tmp_path_factory.mktemp("stack"), Layout(simulate=simulate, health=True)
        )
        started.append(stack)
        stack.start()
        health = stack.servers[-1].health
        assert health is not None
        return environment(HEALTH=health, **stack.environment)

    yield start
    for each in started:
        each.stop()
