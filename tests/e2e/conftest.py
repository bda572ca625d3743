"""Fixtures: clients of the local stack, and the rig."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.store.interface import Entry, Query
from ska_sdp_config.store.keys import Span, path_of_key
from ska_sdp_sim.demo.observe import define_scripts
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.local import LocalStack
from ska_sdp_sim.stack.tango_db import TangoDatabase
from tests.e2e.rig import COMMAND_TIMEOUT_S, Rig, running_rig
from tests.e2e.subarray import Subarray, is_connected
from tests.services.etcd import QUICK
from tests.services.servers import serving
from tests.services.simulator import is_written_by_simulator
from tests.support.scripts import entry
from tests.support.waiting import wait_until


@pytest.fixture
def config(stack: LocalStack) -> Iterator[Config]:
    with Config(backend="etcd3", host=stack.etcd.host, port=stack.etcd.port) as config:
        define_scripts(config)
        yield config


def everything(config: Config) -> list[Entry]:
    """Return all entries with their revisions, without those of the simulator.

    The simulator may still process the blocks of an earlier test.
    """
    reply = config.backend.store.read([Query(Span("0", ":"))], timeout=20)
    found = reply.found[0]
    assert found is not None
    return [each for each in found if not is_written_by_simulator(path_of_key(each.key))]


def settle(config: Config) -> None:
    """Wait until the device has stored the end of the last command's wait."""
    wait_until(lambda: entry(config)["reached"])


@pytest.fixture
def subarray(stack: LocalStack, config: Config) -> Iterator[Subarray]:
    """Subarray 01, ON and EMPTY; switched off after the test."""
    subarray = Subarray(f"tango://{stack.tango_db.tango_host}/test-sdp/subarray/01")
    _switch_off(subarray)
    subarray.command("On")
    yield subarray
    _switch_off(subarray)


def _switch_off(subarray: Subarray) -> None:
    wait_until(lambda: is_connected(subarray), 30)
    if subarray.proxy.state() != tango.DevState.OFF:
        subarray.command("Off")


@pytest.fixture(scope="package")
def _rig(tango_db: TangoDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    # Not longer: its proxies do not survive a server that other tests run in this process.
    directory = tmp_path_factory.mktemp("rig")
    # Long timeouts, so that none expires on a busy machine.
    timeouts = dict.fromkeys(("TimeoutAssignResources", "TimeoutConfigure"), COMMAND_TIMEOUT_S)
    with (
        Etcd(directory, flags=QUICK) as etcd,
        serving(tango_db, directory) as serve,
        running_rig(etcd, serve, **timeouts) as rig,
    ):
        yield rig


@pytest.fixture
def rig(_rig: Rig) -> Rig:
    """A subarray, OFF, with parts that can fail; no simulator."""
    _rig.begin()
    return _rig
