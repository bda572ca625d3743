"""Commands of the controller and its attributes of the system."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ska_sdp_config.lmc.controller import ControllerEntry, apply_command, set_admin_mode
from ska_sdp_config.lmc.rejections import CommandRejected
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.states import AdminMode, ObsState
from ska_sdp_config.lmc.system import ControllerView, System, derive_system

from .cells import DISABLED
from .worlds import BATCH, EB, ENTRY, NOON, READY_STATE, RECEIVE, documents

SETTINGS = ModelSettings(
    components=("proccontrol", "helmdeploy", "absent"),
    storage_key="/resource/capacity-buffer",
)
LEADS_TO = {"On": "ON", "Standby": "STANDBY", "Off": "OFF", "Disable": "DISABLE"}


def view_of(found: dict[str, Any]) -> ControllerView:
    return derive_system(System(3, found), SETTINGS)


@pytest.mark.parametrize("state", list(LEADS_TO.values()))
@pytest.mark.parametrize("command", LEADS_TO)
def test_command_in_every_state_is_accepted_or_rejected_by_table(command: str, state: str) -> None:
    entry = ControllerEntry.read({"state_commanded": state, "command_count": 4})
    if LEADS_TO[command] == state:
        with pytest.raises(CommandRejected) as rejected:
            apply_command(command, entry, NOON, "txn-a")
        others = ", ".join(each for each in LEADS_TO.values() if each != state)
        text = f"Command {command} not allowed when device state is {state}; allowed in {others}"
        assert rejected.value.text == text
        return
    after = apply_command(command, entry, NOON, "txn-a")
    assert after.writes().documents == {
        "/lmc/controller": {
            "transaction_id": "txn-a",
            "last_command": command,
            "last_command_time": "2026-01-31T12:00:00+00:00",
            "command_count": 5,
            "state_commanded": LEADS_TO[command],
            "admin_mode": "ONLINE",
        }
    }
    assert ControllerEntry.read(after.writes().documents["/lmc/controller"]) == after


@pytest.mark.parametrize("command", LEADS_TO)
@pytest.mark.parametrize("mode", [AdminMode.OFFLINE, AdminMode.NOT_FITTED, AdminMode.RESERVED])
def test_admin_mode_disables_controller(command: str, mode: AdminMode) -> None:
    entry = set_admin_mode(ControllerEntry(), mode)
    assert entry.view(1).state.name == "DISABLE"
    with pytest.raises(CommandRejected) as rejected:
        apply_command(command, entry, NOON, "txn-a")
    assert rejected.value.text == DISABLED.format(command)
    back = set_admin_mode(entry, AdminMode.ENGINEERING)
    assert back.view(1).state.name == "STANDBY"


def test_controller_starts_in_standby() -> None:
    found = view_of({})
    assert found.state.name == "STANDBY"
    assert found.admin_mode is AdminMode.ONLINE
    assert found.capacity_buffer_storage == -1
    assert found.subarrays == found.execution_blocks == found.processing_blocks == "{}"


def test_components_lists_expected_and_present_ones() -> None:
    found = {
        "/component/proccontrol/owner": {"pid": 1, "hostname": "h"},
        "/component/lmc-subarray-01/owner": {"pid": 2, "hostname": "h"},
    }
    components = json.loads(view_of(found).components)
    assert components["proccontrol"] == {"status": "ONLINE", "pid": 1, "hostname": "h"}
    assert components["lmc-subarray-01"]["status"] == "ONLINE"
    assert components["absent"] == {"status": "OFFLINE"}
    view = derive_system(System(3, found), SETTINGS)
    assert [fault.text for fault in view.faults or ()] == [
        "Component helmdeploy is OFFLINE",
        "Component absent is OFFLINE",
    ]


@pytest.mark.parametrize(
    ("document", "expected"),
    [(None, -1), ({}, -1), ({"available_mb": 7}, 7), ({"available_mb": "x"}, -1),
     ({"available_mb": True}, -1), ({"available_mb": 12.7}, 12)],
)  # fmt: skip
def test_capacity_is_minus_one_unless_valid(
    document: dict[str, Any] | None, expected: int
) -> None:
    found = {} if document is None else {"/resource/capacity-buffer": document}
    assert view_of(found).capacity_buffer_storage == expected


def test_subarrays_show_the_obs_state_of_their_devices() -> None:
    found = documents(ObsState.RESOURCING)
    shown = derive_system(System(3, found), SETTINGS).subarrays
    assert json.loads(shown)["01"]["obsState"] == "RESOURCING"
    found[f"/pb/{RECEIVE}/state"] = READY_STATE
    shown = derive_system(System(3, found), SETTINGS).subarrays
    assert json.loads(shown)["01"]["obsState"] == "IDLE"
    found[ENTRY] = {**found[ENTRY], "errors": {"subarray": "AssignResources was not resourced"}}
    shown = derive_system(System(4, found), SETTINGS).subarrays
    assert json.loads(shown)["01"]["obsState"] == "FAULT"


def test_blocks_attributes_list_only_active_blocks() -> None:
    found = documents(ObsState.SCANNING)
    found["/component/lmc-subarray-01/owner"] = {}
    found["/eb/eb-old"] = {"status": "FINISHED"}
    found["/pb/pb-old"] = {"eb_id": "eb-old"}
    found["/pb/pb-old/state"] = {"status": "FAILED"}
    found["/pb/pb-old/owner"] = {"pid": 4}
    shown = view_of(found)
    assert json.loads(shown.subarrays) == {
        "01": {"state": "ON", "obsState": "SCANNING", "eb_id": EB, "online": True}
    }
    assert json.loads(shown.execution_blocks) == {
        EB: {"status": "ACTIVE", "subarray_id": "01", "scan_type": "science", "scan_id": 3}
    }
    blocks = json.loads(shown.processing_blocks)
    for status in ("READY", "CANCELLING", "an unknown one"):
        found["/pb/pb-old/state"] = {"status": status}
        shown_block = json.loads(view_of(found).processing_blocks)["pb-old"]
        assert shown_block["status"] == status
    assert set(blocks) == {RECEIVE, BATCH}
    assert blocks[RECEIVE]["status"] == "RUNNING"
    assert blocks[BATCH]["script"] == "batch:imaging:1.0.0"
