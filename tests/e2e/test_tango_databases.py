"""One observation, on the SQLite Tango database and on the MariaDB one, and by an old client;
and the MariaDB one without its MariaDB."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_sim.demo.content import Content
from ska_sdp_sim.demo.observe import define_scripts
from ska_sdp_sim.demo.steps import expected_obs_states, observation
from ska_sdp_sim.stack.local import Layout, LocalStack
from ska_sdp_sim.stack.programs import clean_environment
from tests.e2e.event_recorder import EventRecorder
from tests.e2e.killed import MARIADB, check_guide
from tests.e2e.lost_channel import check_channel
from tests.e2e.subarray import Subarray, answers, quick
from tests.services.mariadb import MariaTangoDatabase
from tests.services.old_pytango import debian_python
from tests.services.tango_db import Kind
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

SUBARRAY = "test-sdp/subarray/01"
OLD_CLIENT = Path(__file__).with_name("old_client.py")


@pytest.fixture(scope="module")
def stack(tango_db_kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A running stack on each kind of Tango database in turn."""
    directory = tmp_path_factory.mktemp("stack")
    tango_db = tango_db_kind(directory)
    try:
        # The second subarray and the health endpoint are for the outage of MariaDB.
        layout = Layout(subarrays=2, health=True)
        with LocalStack(directory, layout, tango_db=tango_db) as stack:
            with Config(backend="etcd3", host=stack.etcd.host, port=stack.etcd.port) as config:
                define_scripts(config)
            yield stack
    finally:
        # This also stops MariaDB, if there is one.
        tango_db.__exit__()


@pytest.fixture
def subarray(stack: LocalStack) -> Iterator[Subarray]:
    """The subarray, OFF; switched off after the test."""
    subarray = Subarray(f"tango://{stack.tango_db.tango_host}/{SUBARRAY}")
    assert subarray.proxy.state() == tango.DevState.OFF
    yield subarray
    if subarray.proxy.state() != tango.DevState.OFF:
        subarray.command("Off")


def demonstrate(stack: LocalStack) -> None:
    """Run the observation of the demo, which checks the received events."""
    done = subprocess.run(
        [sys.executable, "-m", "ska_sdp_lmc.cli", "demo"],
        env=clean_environment(**stack.environment),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    check_channel([done.stdout])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert "obsState events in order, none missing" in done.stdout


def test_observation_succeeds(stack: LocalStack, subarray: Subarray) -> None:
    demonstrate(stack)


def test_old_client_observes(stack: LocalStack, subarray: Subarray) -> None:
    python = debian_python()
    content = Content.new()
    steps = observation(content)
    given = [
        (step.command, step.argument, step.obs_states[-1] if step.obs_states else None)
        for step in steps
    ]
    done = subprocess.run(
        [python, "-I", OLD_CLIENT, subarray.trl],
        input=json.dumps(given),
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    check_channel([done.stdout, done.stderr])
    assert done.returncode == 0, done.stdout + done.stderr
    received = json.loads(done.stdout)
    assert received["tango"].startswith("9.")
    assert received["errors"] == []
    assert received["obs_states"] == expected_obs_states(steps)
    assert received["addresses"] == {}
    text = "Command EndScan not allowed when obsState is EMPTY; allowed in SCANNING"
    assert received["rejection"] == text


def test_lost_tango_database_does_not_affect_running_servers(
    stack: LocalStack, subarray: Subarray
) -> None:
    servers = [server.process.pid for server in stack.servers]
    content = quick()
    scan_type, other = content.scan_types[:2]
    with EventRecorder([subarray], "obsState") as recorder:
        subarray.command("On")
        subarray.assign(content)
        subarray.configure(scan_type)
        subarray.start_scan(1)
        recorder.wait_for_last("obsState", "SCANNING")
        recorder.clear()
        stack.tango_db.kill()
        try:
            subarray.command("EndScan")
            subarray.configure(other)
            subarray.start_scan(2)
            subarray.command("EndScan")
            recorder.wait_for("obsState", ["READY", "CONFIGURING", "READY", "SCANNING", "READY"])
            with pytest.raises(tango.DevFailed):
                tango.DeviceProxy(f"tango://{stack.tango_db.tango_host}/test-sdp/control/0")
        finally:
            stack.tango_db.start()
        subarray.command("End")
        subarray.command("ReleaseAllResources")
        recorder.wait_for_last("obsState", "EMPTY")
    assert [server.process.pid for server in stack.servers if server.running] == servers
    # A new client finds the devices again, without a restart of a server.
    wait_until(lambda: answers(f"tango://{stack.tango_db.tango_host}/test-sdp/control/0"))


def test_init_without_tango_database_fails_and_the_device_continues(
    stack: LocalStack, subarray: Subarray
) -> None:
    stack.tango_db.kill()
    try:
        with pytest.raises(tango.DevFailed, match="API_CantConnectToDevice"):
            subarray.command("Init")
        subarray.command("On")
        wait_until(lambda: subarray.proxy.state() == tango.DevState.ON)
    finally:
        stack.tango_db.start()
    wait_until(lambda: initialises(subarray))
    wait_until(lambda: subarray.proxy.state() == tango.DevState.ON)


def initialises(subarray: Subarray) -> bool:
    """Send Init; return whether it succeeded."""
    try:
        subarray.command("Init")
    except tango.DevFailed:
        # Tango attempts no connection within a second of a failed one.
        return False
    return True


@pytest.mark.parametrize("tango_db_kind", ["mariadb"], indirect=True)
def test_killed_mariadb_has_the_effects_of_the_guide(
    stack: LocalStack, subarray: Subarray
) -> None:
    assert isinstance(stack.tango_db, MariaTangoDatabase)
    database = stack.tango_db.process.pid
    subarray.command("On")
    with Config(backend="etcd3", host=stack.etcd.host, port=stack.etcd.port) as config:
        check_guide(MARIADB, stack.tango_db.mariadb, stack, subarray, config)
    assert (stack.tango_db.running, stack.tango_db.process.pid) == (True, database)
