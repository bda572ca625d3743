"""FAULT and the recovery from it, across restarts of the server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import tango

from tests.e2e.rig import COMMAND_TIMEOUT_S, Observation, Rig
from tests.support.scripts import ARGUMENTS
from tests.support.waiting import wait_until

DEGRADED = 1
SHOWN = ("errorMessages", "healthInfo", "healthState", "ebID", "pbState", "scanType", "scanID")


def shown(rig: Rig) -> dict[str, Any]:
    return {name: rig.subarray.read(name) for name in SHOWN}


def come_back(observation: Observation, way: str) -> None:
    """Leave FAULT, and check that the observation continues."""
    rig = observation.rig
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
@pytest.mark.parametrize("way", ["ObsReset", "Restart"])
def test_fault_after_a_failed_script_survives_a_restart(rig: Rig, way: str) -> None:
    observation = Observation(rig)
    observation.resource()
    rig.subarray.configure("science")
    rig.subarray.start_scan(7)
    observation.write(status="FAILED", reason="no space left")
    rig.subarray.wait_for("FAULT")
    before = shown(rig)
    assert json.loads(before["errorMessages"]) == {observation.pb_id: "no space left"}
    assert before["healthState"] == DEGRADED
    assert (before["scanType"], before["scanID"]) == ("science", 7)
    rig.kill()
    rig.restart()
    assert rig.subarray.obs_state == "FAULT"
    assert shown(rig) == before
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
        observation.command("Configure", ARGUMENTS["Configure"])
    if is_up:
        rig.subarray.wait_for("FAULT")
        wait_until(lambda: rig.entry["errors"])
        before = shown(rig)
    rig.kill()
    if not is_up:
        # It expires while the server is down.
        rig.make_late()
    rig.restart()
    assert rig.subarray.obs_state == "FAULT"
    wait_until(lambda: rig.entry["errors"])
    after = shown(rig)
    if is_up:
        assert after == before
    (text,) = json.loads(after["errorMessages"]).values()
    assert f"within {seconds:g} s" in text
    assert observation.pb_id in text
    assert after["healthState"] == DEGRADED
    # A script that is ready after that is too late.
    observation.write(status="RUNNING", resources_available=True, deployments_ready=True)
    rig.recorder.prove()
    assert rig.subarray.obs_state == "FAULT"
    # Long enough for the rest of the test.
    set_timeout(name, COMMAND_TIMEOUT_S)
    come_back(observation, way)
