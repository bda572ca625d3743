"""Pytest fixtures with a database of their own for each test, in memory.

Load them in the top-level ``conftest.py``::

    pytest_plugins = ["ska_sdp_config.pytest_plugin"]

A test gets an empty database, whatever the environment says::

    def test_script(sdp_config):
        for txn in sdp_config.txn():
            txn.processing_block.create(...)

Programs under test that create their own Config get the arguments of that database::

    def test_program(sdp_config, sdp_memory_arguments):
        main(Config(component_name="mine", **sdp_memory_arguments))

The database exists only in the process of the test, not in programs that the test starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_config.config import Config
from ska_sdp_config.drivers.memory import Database


@pytest.fixture
def sdp_memory_arguments(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Arguments of ``Config`` for a database in memory that is empty when the test begins."""
    return {"backend": "memory", "database": Database(request.node.name)}


@pytest.fixture
def sdp_config(sdp_memory_arguments: dict[str, Any]) -> Iterator[Config]:
    """Config on the database of ``sdp_memory_arguments``, closed after the test."""
    with Config(**sdp_memory_arguments) as config:
        yield config
