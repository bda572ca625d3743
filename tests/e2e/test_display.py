"""Entries of a running observation as a display of the deployed SDP reads them."""

from __future__ import annotations

import json
from typing import Annotated, Any

import tango
from pydantic import BaseModel, ConfigDict, Field

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import ObsState, State
from ska_sdp_sim.stack.local import LocalStack
from tests.e2e.subarray import Subarray, is_connected
from tests.support.waiting import wait_until

Json = dict[str, Any]

MODEL = ConfigDict(strict=True)


class Resources(BaseModel):
    """Resources of a subarray."""

    model_config = MODEL

    csp_links: list[int]
    receptors: list[str]
    receive_nodes: int


class SubarrayEntry(BaseModel):
    """The six fields of a subarray's entry that the display reads."""

    model_config = MODEL

    eb_id: str | None
    last_command: str | None
    last_command_time: (
        Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")] | None
    )
    obs_state_commanded: str
    resources: Resources
    state_commanded: str


def document(config: Config, path: str) -> Json:
    text = None
    for txn in config.txn():
        text = txn.get(path)
    found: Json = json.loads(text or "{}")
    return found


def shown(config: Config) -> tuple[str, str]:
    """Return the names of State and obsState that the display shows."""
    entry = SubarrayEntry.model_validate(document(config, "/lmc/subarray/01"))
    assert entry.state_commanded in State.__members__
    assert entry.obs_state_commanded in ObsState.__members__
    return entry.state_commanded, entry.obs_state_commanded


def test_subarray_entry_shows_on_and_the_obs_state(subarray: Subarray, config: Config) -> None:
    assert shown(config) == ("ON", "EMPTY")
    content = subarray.assign()
    assert shown(config) == ("ON", "IDLE")
    subarray.configure(content.scan_types[0])
    assert shown(config) == ("ON", "READY")
    subarray.start_scan(1)
    assert shown(config) == ("ON", "SCANNING")
    subarray.command("Off")
    assert shown(config) == ("OFF", "EMPTY")


def test_subarray_entry_without_a_command_has_nulls(stack: LocalStack, config: Config) -> None:
    path = "/lmc/subarray/02"
    other = Subarray(f"tango://{stack.tango_db.tango_host}/test-sdp/subarray/02")
    wait_until(lambda: is_connected(other), 30)
    if other.proxy.state() != tango.DevState.OFF:
        other.command("Off")
    for txn in config.txn():
        if txn.get(path) is not None:
            txn.delete(path)
    other.proxy.Init()
    wait_until(lambda: document(config, path) != {}, 30, f"{path} is written")
    entry = document(config, path)
    assert (entry["last_command"], entry["last_command_time"]) == (None, None)
    SubarrayEntry.model_validate(entry)
    wait_until(lambda: is_connected(other), 30)
    assert (other.read("lastCommand"), other.obs_state) == ("", "EMPTY")


def test_processing_block_never_changes_after_its_creation(
    subarray: Subarray, config: Config
) -> None:
    content = subarray.assign()
    pb_ids = [block["pb_id"] for block in content.message["processing_blocks"]]
    created = {pb_id: config.backend.get(f"/pb/{pb_id}")[1].mod_revision for pb_id in pb_ids}
    assert len(set(created.values())) == 1, "AssignResources creates them in one transaction"
    subarray.configure(content.scan_types[0])
    subarray.start_scan(1)
    subarray.command("EndScan")
    subarray.command("End")
    for pb_id in pb_ids:
        path = f"/pb/{pb_id}/state"
        wait_until(
            lambda path=path: document(config, path)["status"] == "FINISHED",  # type: ignore[misc]
            60,
            f"{path} is FINISHED",
        )
    after = {pb_id: config.backend.get(f"/pb/{pb_id}")[1].mod_revision for pb_id in pb_ids}
    assert after == created


def test_receiving_block_of_a_running_observation_is_ready_with_both_flags(
    subarray: Subarray, config: Config
) -> None:
    content = subarray.assign()
    subarray.configure(content.scan_types[0])
    subarray.start_scan(1)
    pb_id = document(config, f"/eb/{subarray.read('ebID')}")["pb_receive_addresses"]
    path = f"/pb/{pb_id}/state"
    wait_until(lambda: document(config, path)["status"] == "READY", 30, f"{path} is READY")
    state = document(config, path)
    assert state["resources_available"] is state["deployments_ready"] is True
    assert json.loads(subarray.read("pbState"))[pb_id]["status"] == "READY"
    (dpl_id,) = state["deployments"]
    assert state["deployments"][dpl_id] == "RUNNING"
    charts = {}
    for each in (dpl_id, f"proc-{pb_id}-script"):
        deployment = document(config, f"/deploy/{each}/state")
        assert deployment == {"num_pod": 1, "pods": {f"{each}-0": "RUNNING"}}
        charts[each] = document(config, f"/deploy/{each}")["args"]["chart"]
    assert charts == {f"proc-{pb_id}-{chart}": chart for chart in ("vis-receive", "script")}
