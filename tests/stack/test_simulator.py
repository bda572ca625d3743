"""Simulator process of the stack."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ska_sdp_config import Config
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.simulator import ARGUMENTS, OWNER_PATHS, Simulator

OTHER = {
    "PORT": "many",
    "PROTOCOL": "https",
    "CERT": "/nonexistent",
    "CLIENT_CERT": "/nonexistent",
    "CLIENT_KEY": "/nonexistent",
    "USERNAME": "other",
    "PASSWORD": "secret",
    "TIMEOUT": "never",
}
"""Variables of the caller, with which no connection is possible."""


@pytest.fixture(scope="module")
def settings(etcd: Etcd) -> Iterator[dict[str, str]]:
    """Settings of a simulator whose owner keys name this process."""
    with Config(host=etcd.host, port=etcd.port) as config:
        lease = config.client_lease.id
        for txn in config.backend.txn():
            for path in OWNER_PATHS:
                txn.create(path, json.dumps({"pid": os.getpid()}), lease)
        yield {"SDP_CONFIG_HOST": f"{etcd.host}:{etcd.port}"}


@pytest.mark.parametrize("name", OTHER)
def test_readiness_does_not_depend_on_the_environment_of_the_caller(
    settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The simulator has a clean environment."""
    monkeypatch.setattr(Simulator, "process", SimpleNamespace(pid=os.getpid()))
    monkeypatch.setenv(f"SDP_CONFIG_{name}", OTHER[name])
    assert Simulator(tmp_path, settings).is_ready()


def test_readiness_uses_all_settings_of_the_connection() -> None:
    assert set(inspect.signature(Settings.load).parameters) == set(ARGUMENTS)
