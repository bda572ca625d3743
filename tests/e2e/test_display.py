"""Entries of a running observation as a display of the deployed SDP reads them."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import ObsState, State
from tests.e2e.subarray import Subarray
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
