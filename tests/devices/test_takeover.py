"""Devices that start on a database which another version of the SDP has left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import ObsState

from .conftest import Start, assign_text, stored

EB, PB = "eb-today-20260131-00000", "pb-today-20260131-00000"
SCRIPT = {"kind": "realtime", "name": "vis-receive", "version": "5.0.0"}
ADDRESSES = {"science": {"vis0": {"function": "visibilities", "host": [[0, "10.0.0.1"]]}}}

# The only fields of a subarray's entry there: no reached, no command_count, no admin_mode.
ENTRY: dict[str, Any] = {
    "eb_id": None,
    "last_command": None,
    "last_command_time": None,
    "obs_state_commanded": "EMPTY",
    "resources": {"csp_links": [1, 2], "receptors": ["SKA001"], "receive_nodes": 1},
    "state_commanded": "ON",
}
CONTROLLER = {
    "last_command": "On",
    "last_command_time": "2026-01-31T12:00:00+00:00",
    "state_commanded": "ON",
    "transaction_id": "txn-today-20260131-00000",
}
BLOCK = {
    "key": EB,
    "eb_id": EB,
    "subarray_id": "01",
    "status": "ACTIVE",
    "scan_types": [{"scan_type_id": "science"}],
    "pb_realtime": [PB],
    "pb_batch": [],
    "pb_receive_addresses": PB,
    "current_scan_type": None,
    "scan_id": None,
    "scans": [],
}
STATE = {
    "status": "READY",
    "resources_available": True,
    "deployments_ready": True,
    "deployments": {f"proc-{PB}-script": "RUNNING", f"proc-{PB}-vis-receive": "RUNNING"},
    "receive_addresses": ADDRESSES,
    "error_messages": {},
    "last_updated": "2026-01-31 12:00:00",
}

Left = tuple[str, dict[str, Any], dict[str, Any], str, str, str]

LEFT: list[Left] = [
    # obsState, fields of the execution block, of the state; the next command, its argument and
    # the obsState that it leads to.
    ("EMPTY", {}, {}, "AssignResources", assign_text(), "IDLE"),
    ("IDLE", {}, {}, "Configure", '{"scan_type": "science"}', "READY"),
    ("READY", {"current_scan_type": "science"}, {}, "Scan", '{"scan_id": 5}', "SCANNING"),
    ("SCANNING", {"current_scan_type": "science", "scan_id": 4}, {}, "EndScan", "", "READY"),
    ("ABORTED", {"current_scan_type": "science"}, {}, "ObsReset", "", "IDLE"),
    ("FAULT", {}, {"status": "FAILED"}, "Restart", "", "EMPTY"),
]


def put(config: Config, documents: dict[str, dict[str, Any]]) -> None:
    for txn in config.txn():
        for path, document in documents.items():
            txn.raw.create(path, json.dumps(document))


@pytest.mark.parametrize(
    ("obs_state", "eb", "state", "command", "argument", "then"), LEFT, ids=lambda value: None
)
def test_subarray_goes_on_from_each_obs_state(
    start: Start,
    config: Config,
    obs_state: str,
    eb: dict[str, Any],
    state: dict[str, Any],
    command: str,
    argument: str,
    then: str,
) -> None:
    entry = ENTRY | {"obs_state_commanded": "IDLE" if obs_state == "FAULT" else obs_state}
    documents: dict[str, dict[str, Any]] = {
        "/lmc/controller": CONTROLLER,
        "/lmc/subarray/01": entry,
    }
    if obs_state != "EMPTY":
        entry["eb_id"] = EB
        documents |= {
            f"/eb/{EB}": BLOCK | eb,
            f"/eb/{EB}/state": {"scan_id": eb.get("scan_id"), "scans": [], "status": "ACTIVE"},
            f"/pb/{PB}": {"key": PB, "eb_id": EB, "script": SCRIPT, "parameters": {}},
            f"/pb/{PB}/state": STATE | state,
        }
    put(config, documents)
    controller, subarray = start(RequiredComponents="none")
    assert (str(controller.State()), str(subarray.State())) == ("ON", "ON")
    assert ObsState(subarray.obsState).name == obs_state
    call = getattr(subarray, command)
    call(argument) if argument else call()
    assert ObsState(subarray.obsState).name == then
    entry = json.loads(stored(config, "/lmc/subarray/01") or "")
    assert (entry["last_command"], entry["command_count"]) == (command, 1)
    if command != "AssignResources":
        assert entry["resources"] == ({} if then == "EMPTY" else ENTRY["resources"])
