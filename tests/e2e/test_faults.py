"""FAULT and the recovery from it, across restarts of the server; Abort from each obsState."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import tango

from tests.e2e.rig import COMMAND_TIMEOUT_S, Rig
from tests.e2e.scripts import ADDRESSES, assignment, name_receiver, new_id, write_state
from tests.support.waiting import wait_until

CONFIGURE = '{"scan_type": "science"}'
DEGRADED = 1
SHOWN = ("errorMessages", "healthInfo", "healthState", "ebID", "pbState", "scanType", "scanID")


class Observation:
    """An observation with one processing block, whose script the test plays."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.eb_id, self.pb_id = new_id("eb"), new_id("pb")
        rig.subarray.command("On")
        block = {self.pb_id: ("realtime", "vis-receive")}
        self.command("AssignResources", assignment(self.eb_id, block))

    def command(self, name: str, argument: str | None = None) -> None:
        self.rig.subarray.command(name, argument)

    def write(self, **state: Any) -> None:
        write_state(self.rig.config, self.pb_id, **state)

    def resource(self, ready: bool = True) -> None:
        """Write resources, receive addresses and ready deployments, as the script does."""
        self.write(
            status="RUNNING",
            resources_available=True,
            deployments_ready=ready,
            receive_addresses=ADDRESSES,
        )
        name_receiver(self.rig.config, self.eb_id, self.pb_id)
        self.rig.subarray.wait_for("IDLE")

    def shown(self) -> dict[str, Any]:
        """Attributes of the subarray."""
        return {name: self.rig.subarray.read(name) for name in SHOWN}


def restart(rig: Rig) -> None:
    rig.kill()
    rig.restart()


def come_back(observation: Observation, way: str) -> None:
    """Leave FAULT, and check that the observation continues."""
    rig = observation.rig
    # All events pushed before this one are received before it.
    rig.recorder.prove()
    rig.recorder.clear()
    if way == "Restart":
        observation.command("Restart")
        rig.recorder.wait_for("obsState", ["RESTARTING", "EMPTY"])
        assert rig.subarray.read("errorMessages") == "{}"
        return
    observation.command("ObsReset")
    if rig.subarray.obs_state == "RESETTING":
        observation.resource()
    rig.recorder.wait_for("obsState", ["RESETTING", "IDLE"])
    assert rig.subarray.read("errorMessages") == "{}"
    rig.subarray.configure("science")


@pytest.mark.long
@pytest.mark.parametrize("way", ["ObsReset", pytest.param("Restart", marks=pytest.mark.long)])
def test_fault_after_a_failed_script_survives_a_restart(rig: Rig, way: str) -> None:
    observation = Observation(rig)
    observation.resource()
    rig.subarray.configure("science")
    rig.subarray.start_scan(7)
    observation.write(status="FAILED", reason="no space left")
    rig.subarray.wait_for("FAULT")
    before = observation.shown()
    assert json.loads(before["errorMessages"]) == {observation.pb_id: "no space left"}
    assert before["healthState"] == DEGRADED
    assert (before["scanType"], before["scanID"]) == ("science", 7)
    restart(rig)
    assert rig.subarray.obs_state == "FAULT"
    assert observation.shown() == before
    come_back(observation, way)


@pytest.fixture
def set_timeout(rig: Rig) -> Iterator[Callable[[str, float], None]]:
    """Function that sets a timeout property of the device, in seconds, for the test."""
    database = tango.Database(*rig.server.settings["TANGO_HOST"].split(":"))
    device = rig.server.devices[0]
    names = []

    def set_property(name: str, seconds: float) -> None:
        names.append(name)
        database.put_device_property(device, {name: [str(seconds)]})
        initialize()

    def initialize() -> None:
        rig.subarray.command("Init")
        wait_until(lambda: rig.subarray.proxy.state() != tango.DevState.INIT)

    yield set_property
    for name in names:
        database.delete_device_property(device, name)
    initialize()


@pytest.mark.long
@pytest.mark.parametrize(("way", "is_up"), [("ObsReset", True), ("Restart", False)])
def test_fault_after_a_timeout_survives_a_restart(
    rig: Rig, set_timeout: Callable[[str, float], None], way: str, is_up: bool
) -> None:
    name = "TimeoutConfigure" if way == "ObsReset" else "TimeoutAssignResources"
    seconds = 0.5 if is_up else COMMAND_TIMEOUT_S
    set_timeout(name, seconds)
    observation = Observation(rig)
    if way == "ObsReset":
        observation.resource(ready=False)
        observation.command("Configure", CONFIGURE)
    if is_up:
        rig.subarray.wait_for("FAULT")
        wait_until(lambda: rig.entry["errors"])
        before = observation.shown()
    rig.kill()
    if not is_up:
        # It expires while the server is down.
        rig.make_late()
    rig.restart()
    assert rig.subarray.obs_state == "FAULT"
    wait_until(lambda: rig.entry["errors"])
    shown = observation.shown()
    if is_up:
        assert shown == before
    (text,) = json.loads(shown["errorMessages"]).values()
    assert f"within {seconds:g} s" in text
    assert observation.pb_id in text
    assert shown["healthState"] == DEGRADED
    # A script that is ready after that is too late.
    observation.write(status="RUNNING", resources_available=True, deployments_ready=True)
    rig.recorder.prove()
    assert rig.subarray.obs_state == "FAULT"
    # Long enough for the rest of the test.
    set_timeout(name, COMMAND_TIMEOUT_S)
    come_back(observation, way)


def lead_to(observation: Observation, obs_state: str) -> None:
    """Lead to an obsState that lasts until the script continues."""
    if obs_state == "RESOURCING":
        return
    if obs_state == "RESETTING":
        observation.command("Abort")
        observation.command("ObsReset")
        return
    observation.resource(ready=obs_state != "CONFIGURING")
    if obs_state != "IDLE":
        observation.command("Configure", CONFIGURE)
    if obs_state == "SCANNING":
        observation.rig.subarray.start_scan(1)


@pytest.mark.long
@pytest.mark.parametrize(
    "obs_state", ["IDLE", "RESOURCING", "CONFIGURING", "READY", "SCANNING", "RESETTING"]
)
def test_abort_is_accepted_in_each_obs_state(rig: Rig, obs_state: str) -> None:
    observation = Observation(rig)
    lead_to(observation, obs_state)
    rig.subarray.wait_for(obs_state)
    rig.recorder.wait_for_last("obsState", obs_state)
    rig.recorder.clear()
    observation.command("Abort")
    assert rig.subarray.obs_state == "ABORTED"
    rig.recorder.wait_for("obsState", ["ABORTING", "ABORTED"])
    assert rig.subarray.read("ebID") == observation.eb_id
    assert rig.subarray.read("scanID") == 0
