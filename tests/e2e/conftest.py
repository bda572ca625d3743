"""The whole stack, every part a process of its own, and a client that drives a subarray."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.store.interface import Entry, Query
from ska_sdp_config.store.keys import Span, path_of_key
from ska_sdp_sim.demo.content import scripts
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.local import Layout, LocalStack
from ska_sdp_sim.stack.tango_db import TangoDatabase
from tests.e2e.rig import TIME_OUT, Rig, built_rig
from tests.e2e.scripts import entry
from tests.e2e.subarray import Subarray, answers
from tests.services.etcd import QUICK
from tests.services.servers import serving
from tests.services.simulator import is_written_by_simulator
from tests.waiting import wait_until


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A running stack of two subarrays; whatever a test breaks, it mends."""
    with LocalStack(tmp_path_factory.mktemp("stack"), Layout(subarrays=2)) as stack:
        yield stack


@pytest.fixture
def config(stack: LocalStack) -> Iterator[Config]:
    """The stack's configuration database."""
    with Config(backend="etcd3", host=stack.etcd.host, port=stack.etcd.port) as config:
        for txn in config.txn():
            for definition in scripts():
                key = (definition["kind"], definition["name"], definition["version"])
                if txn.get_script(*key) is None:
                    txn.create_script(*key, {"image": definition["image"]})
        yield config


def everything(config: Config) -> list[Entry]:
    """All that the database holds, byte for byte, with the revisions of the last writes.

    But for what the simulator writes on its own time: it may still be at the blocks of a test
    before.
    """
    reply = config.backend.store.read([Query(Span("0", ":"))], timeout=20)
    found = reply.found[0]
    assert found is not None
    return [each for each in found if not is_written_by_simulator(path_of_key(each.key))]


def settle(config: Config) -> None:
    """Wait until the device has written that the last command's wait is over, as it was told."""
    wait_until(lambda: entry(config)["reached"])


@pytest.fixture
def subarray(stack: LocalStack, config: Config) -> Iterator[Subarray]:
    """Subarray 01, ON and EMPTY at first; whatever it does is ended after the test."""
    subarray = Subarray(f"tango://{stack.tango_db.tango_host}/test-sdp/subarray/01")
    _switch_off(subarray)
    subarray.command("On")
    yield subarray
    _switch_off(subarray)


def _switch_off(subarray: Subarray) -> None:
    wait_until(lambda: answers(subarray), 30)
    if subarray.proxy.state() != tango.DevState.OFF:
        subarray.command("Off")


@pytest.fixture(scope="module")
def _rig(tango_db: TangoDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    # Its proxies would not outlive the end of a server that another file runs in this process.
    directory = tmp_path_factory.mktemp("rig")
    # No time-out passes by itself, however long a busy machine takes for a test.
    time_outs = dict.fromkeys(("TimeoutAssignResources", "TimeoutConfigure"), TIME_OUT)
    with (
        Etcd(directory, flags=QUICK) as etcd,
        serving(tango_db, directory) as serve,
        built_rig(etcd, serve, **time_outs) as rig,
    ):
        yield rig


@pytest.fixture
def rig(_rig: Rig) -> Rig:
    """A subarray, OFF at first, with all that may break around it; no simulator."""
    _rig.begin()
    return _rig
