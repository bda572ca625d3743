"""Pytest fixture that runs the simulator.

Load it in the top-level ``conftest.py``. With the fixtures of the library, it runs on the database
in memory of each test::

    pytest_plugins = ["ska_sdp_config.pytest_plugin", "ska_sdp_sim.pytest_plugin"]

    @pytest.fixture
    def sdp_config_arguments(sdp_memory_arguments):
        return sdp_memory_arguments

    def test_observation(sdp_config, simulator):
        ...  # processing blocks that are created now run

Another database is selected in the same way, such as ``return {"host": …, "port": …}``. Without
this override it is the one of the environment.

Scripts must be defined in the database. The parameters of a processing block set the behaviour
and the failures of its script.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_sim.simulator import Simulator

OF_SIMULATOR = ("components", "settings")
"""Names of the arguments of Simulator that Config does not have."""

CHECK_TIMEOUT_S = 5.0
"""Longest time that the database may take to respond before a test, in seconds."""


@pytest.fixture
def sdp_config_arguments() -> dict[str, Any]:
    """Arguments of ``ska_sdp_config.Config``; override it to select a database.

    ``components`` and ``settings`` of ``ska_sdp_sim.simulator.Simulator`` are accepted too.
    """
    return {}


@pytest.fixture
def simulator(sdp_config_arguments: dict[str, Any]) -> Iterator[Simulator]:
    """Run a simulator during one test, and raise its error, if any, in the test.

    The test fails if the database does not respond, as the simulator would wait for it.
    """
    _check_database(sdp_config_arguments)
    with Simulator(**sdp_config_arguments) as running:
        yield running
        running.wait(0)


@pytest.fixture
def stand_in_sdp(simulator: Simulator) -> Simulator:
    """Former name of the fixture ``simulator``."""
    return simulator


def _check_database(arguments: dict[str, Any]) -> None:
    """Fail the test if the database does not respond."""
    of_config = {name: each for name, each in arguments.items() if name not in OF_SIMULATOR}
    with Config(**of_config) as config:
        try:
            for txn in config.txn(timeout=CHECK_TIMEOUT_S):
                txn.processing_block.exists("pb-none")
        except ConfigConnectionError as error:
            pytest.fail(
                f"The simulator has no database: {error}\nOverride the fixture "
                "sdp_config_arguments: return sdp_memory_arguments, of "
                "ska_sdp_config.pytest_plugin, for a database in memory; or start the database "
                "that the arguments or SDP_CONFIG_HOST and SDP_CONFIG_PORT name.",
                pytrace=False,
            )
