"""The pytest plugin in a test suite of a user: on a database in memory, and without a database."""

from __future__ import annotations

from pathlib import Path

from ska_sdp_sim.stack.ports import free_port
from tests.support.in_time import in_time
from tests.support.suites import run_tests

CONFTEST = """
import pytest

pytest_plugins = ["ska_sdp_config.pytest_plugin", "ska_sdp_sim.pytest_plugin"]

@pytest.fixture
def sdp_config_arguments(sdp_memory_arguments):
    return sdp_memory_arguments
"""

BLOCK_FINISHES = """
from ska_sdp_config import ExecutionBlock, ProcessingBlock, Script

PB, EB = "pb-test-20260131-00000", "eb-test-20260131-00000"


def test_block_finishes(sdp_config, simulator):
    script = Script(key="batch:ical:1.0.0", image="ical:1.0.0")
    for txn in sdp_config.txn():
        txn.script.create(script)
        txn.execution_block.create(ExecutionBlock(key=EB, status="FINISHED"))
        txn.processing_block.create(ProcessingBlock(key=PB, eb_id=EB, script=script.key))
    for watcher in sdp_config.watcher(timeout=30):
        for txn in watcher.txn():
            state = txn.processing_block.state(PB).get() or {}
        if state.get("status") == "FINISHED":
            break
"""


def test_simulator_runs_on_a_database_in_memory(tmp_path: Path) -> None:
    run = run_tests(tmp_path, CONFTEST, BLOCK_FINISHES)
    assert run.returncode == 0, run.stdout + run.stderr


def test_simulator_takes_arguments_that_config_has_not(tmp_path: Path) -> None:
    conftest = f"""{CONFTEST}
from ska_sdp_sim.script import Settings
from ska_sdp_sim.simulator import COMPONENTS

@pytest.fixture
def sdp_config_arguments(sdp_memory_arguments):
    return {{**sdp_memory_arguments, "components": COMPONENTS, "settings": Settings()}}
"""
    run = run_tests(tmp_path, conftest, BLOCK_FINISHES)
    assert run.returncode == 0, run.stdout + run.stderr


def test_simulator_without_a_database_fails_at_once(tmp_path: Path) -> None:
    port = free_port()
    conftest = f"""
import pytest

pytest_plugins = ["ska_sdp_sim.pytest_plugin"]

@pytest.fixture
def sdp_config_arguments():
    return {{"host": "127.0.0.1", "port": {port}}}
"""
    with in_time(30):
        run = run_tests(tmp_path, conftest, "def test_observation(simulator): ...")
    assert run.returncode == 1
    assert "The simulator has no database: " in run.stdout
    assert f"127.0.0.1:{port}" in run.stdout
    assert "return sdp_memory_arguments" in run.stdout
