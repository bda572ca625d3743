"""Controller device on an in-memory database."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import AdminMode, HealthState
from tests.support.waiting import wait_until

from .conftest import Events, Start, assign_text, rejection, stored


def test_commands_lead_to_their_states(controller: Any, config: Config) -> None:
    assert controller.state() == tango.DevState.STANDBY
    names = ("ON", "STANDBY", "OFF", "DISABLE")
    with Events(controller, "State") as events:
        for command, state in [
            ("On", tango.DevState.ON),
            ("Standby", tango.DevState.STANDBY),
            ("Off", tango.DevState.OFF),
            ("Disable", tango.DevState.DISABLE),
        ]:
            controller.command_inout(command)
            assert controller.state() == state
            allowed = ", ".join(each for each in names if each != state.name)
            where = f"device state is {state}; allowed in {allowed}"
            text = f"Command {command} not allowed when {where}"
            expected = ("API_CommandNotAllowed", text)
            assert rejection(controller.command_inout, command) == expected
        events.wait_for("State", [tango.DevState.names[name] for name in names])
    entry = json.loads(stored(config, "/lmc/controller") or "")
    found = entry["state_commanded"], entry["last_command"], entry["command_count"]
    assert found == ("DISABLE", "Disable", 4)


def test_components_follow_owner_keys(controller: Any, config: Config) -> None:
    wait_until(lambda: "lmc-controller" in json.loads(controller.components))
    assert controller.healthState == HealthState.DEGRADED
    assert len(controller.healthInfo) == 2
    with Events(controller, "healthState", "healthInfo", "components"):
        for txn in config.txn():
            txn.create("/component/proccontrol/owner", '{"pid": 3}')
            txn.create("/component/helmdeploy/owner", "{}")
        wait_until(lambda: controller.healthState == HealthState.OK)
        assert list(controller.healthInfo or ()) == []
        components = json.loads(controller.components)
        assert components["proccontrol"] == {"status": "ONLINE", "pid": 3}
        for txn in config.txn():
            txn.delete("/component/helmdeploy/owner")
        wait_until(lambda: controller.healthState == HealthState.DEGRADED)
    assert controller.healthInfo[0].startswith("Component helmdeploy is OFFLINE, since ")


def test_controller_publishes_the_system(start: Start, config: Config) -> None:
    controller, subarray = start(RequiredComponents="none")
    subarray.On()
    subarray.AssignResources(assign_text((("pb-a", "work"),)))
    wait_until(lambda: controller.processingBlocks != "{}")
    # The subarray registers as a component asynchronously, perhaps after its first commands.
    wait_until(lambda: json.loads(controller.subarrays)["01"]["online"])
    shown = json.loads(controller.subarrays)["01"]
    assert (shown["state"], shown["obsState"]) == ("ON", "RESOURCING")
    assert list(json.loads(controller.executionBlocks)) == ["eb-test-20260131-00000"]
    assert json.loads(controller.processingBlocks)["pb-a"]["status"] == "STARTING"
    assert controller.capacityBufferStorage == -1
    for txn in config.txn():
        txn.create("/resource/capacity-buffer", '{"available_mb": 1234}')
    wait_until(lambda: controller.capacityBufferStorage == 1234)


def test_admin_mode_rejects_commands_and_keeps_state(controller: Any) -> None:
    controller.adminMode = AdminMode.NOT_FITTED
    assert controller.state() == tango.DevState.DISABLE
    with pytest.raises(tango.DevFailed, match="set adminMode to ONLINE first"):
        controller.On()
    controller.adminMode = AdminMode.ONLINE
    assert controller.state() == tango.DevState.STANDBY


def test_versions_are_published(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    info = '{"version": "1.2.3", "components": {"proccontrol": {"image": "i", "version": "1"}}}'
    monkeypatch.setenv("SDP_LMC_VERSION_INFO", info)
    controller, subarray = start()
    assert controller.sdpVersion == info
    assert controller.versionId == subarray.versionId != ""


def test_non_ascii_version_is_escaped(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDP_LMC_VERSION_INFO", '{"version": "1 β"}')
    controller, _ = start()
    assert controller.sdpVersion.isascii()
    assert json.loads(controller.sdpVersion) == {"version": "1 β"}
