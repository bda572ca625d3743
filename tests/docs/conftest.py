"""Databases and stacks for what the documentation shows."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import Span
from ska_sdp_sim.stack import Layout
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.local import LocalStack
from ska_sdp_sim.stack.programs import clean_environment
from tests.docs.page import ROOT

Environment = dict[str, str]


def environment(**variables: str) -> Environment:
    """The variables of a reader whose virtual environment is in use, and who has no others."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    return clean_environment(PATH=path, PYTHONUNBUFFERED="1", NO_COLOR="1", **variables)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A directory with what a page uses of a clone, and room for what its reader writes."""
    for name in ("examples", "devices"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


@pytest.fixture
def on_etcd(etcd: Etcd) -> Environment:
    """The variables of somebody whose database is an empty etcd."""
    with Config(host=etcd.host, port=etcd.port) as config:
        config.backend.store.commit([], [Delete(Span("\0", "\U0010ffff"))], timeout=60)
    return environment(SDP_CONFIG_HOST=etcd.host, SDP_CONFIG_PORT=str(etcd.port))


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Environment]]:
    """Starts a local stack of a test's own; gives the variables that lead to it.

    HEALTH is where its last server, that of a subarray, says how it is.
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
