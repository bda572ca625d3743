"""Pytest fixture that runs the simulator.

Load it with ``pytest_plugins = ["ska_sdp_sim.pytest_plugin"]`` in the top-level ``conftest.py``.
The simulator connects to the database of the environment, unless the test suite overrides the
fixture ``sdp_config_arguments``::

    @pytest.fixture
    def sdp_config_arguments(my_etcd):
        return {"host": my_etcd.host, "port": my_etcd.port}

    def test_observation(simulator):
        ...  # processing blocks that are created now run

Scripts must be defined in the database. The parameters of a processing block set the behaviour
and the failures of its script.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_sim.simulator import Simulator


@pytest.fixture
def sdp_config_arguments() -> dict[str, Any]:
    """Arguments of ``ska_sdp_config.Config``; override it to select a database."""
    return {}


@pytest.fixture
def simulator(sdp_config_arguments: dict[str, Any]) -> Iterator[Simulator]:
    """Run a simulator during one test, and raise its error, if any, in the test."""
    with Simulator(**sdp_config_arguments) as running:
        yield running
        running.wait(0)


@pytest.fixture
def stand_in_sdp(simulator: Simulator) -> Simulator:
    """Former name of the fixture ``simulator``."""
    return simulator
