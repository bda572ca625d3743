"""Pytest fixture: a stand-in SDP for the tests of others.

Use it by ``pytest_plugins = ["ska_sdp_sim.pytest_plugin"]`` in the top ``conftest.py``. The
database is that of the environment, unless the test suite has a fixture ``sdp_config_arguments``
of its own::

    @pytest.fixture
    def sdp_config_arguments(my_etcd):
        return {"host": my_etcd.host, "port": my_etcd.port}

    def test_observation(stand_in_sdp):
        ...  # processing blocks that are created now run

Scripts must be defined in the database, and how they behave, and fail, is said by the parameters
of their processing blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_sim.stand_in import StandIn

__all__ = ["sdp_config_arguments", "stand_in_sdp"]


@pytest.fixture
def sdp_config_arguments() -> dict[str, Any]:
    """Give the arguments of ``ska_sdp_config.Config``; made to be overridden."""
    return {}


@pytest.fixture
def stand_in_sdp(sdp_config_arguments: dict[str, Any]) -> Iterator[StandIn]:
    """Run a stand-in SDP for one test; an error in it is the test's."""
    with StandIn(**sdp_config_arguments) as sdp:
        yield sdp
        sdp.wait(0)
