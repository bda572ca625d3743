"""Devices that start on a database which today's SDP has left in the middle of an observation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.times import iso
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.scripts import change
from tests.support.todays_sdp import (
    ADDRESSES,
    EB,
    ENTRY,
    ENTRY_PATH,
    PB,
    PB_STATE,
    WAITING,
    left_by_todays_sdp,
    put,
)
from tests.support.waiting import wait_until

from .bare_server import SUBARRAY
from .conftest import ServeOn, assign_text, served, stored
from .observing import emptied

CONFIGURED = {"current_scan_type": "science"}
SCANNING = {**CONFIGURED, "scan_id": 4}
NOT_READY = {**PB_STATE, "status": "RUNNING", "deployments_ready": False}
FAILED = {**PB_STATE, "status": "FAILED", "error_messages": ["no disk is left"]}

CONFIGURE = ("Configure", '{"scan_type": "science"}', "READY")
SCAN = ("Scan", '{"scan_id": 5}', "SCANNING")
END_SCAN = ("EndScan", "", "READY")
END = ("End", "", "IDLE")
RELEASE = ("ReleaseAllResources", "", "EMPTY")
ABORT = ("Abort", "", "ABORTED")
OBS_RESET = ("ObsReset", "", "IDLE")
RESTART = ("Restart", "", "EMPTY")
OFF = ("Off", "", "EMPTY")


@dataclass(frozen=True)
class Takeover:
    """Observation that was left, and the commands from there to EMPTY.

    Attributes:
        obs_state: obsState that is left.
        commands: each with its argument and the obsState that it leads to.
        entry: fields of the subarray's entry, besides its obsState.
        eb: fields of the execution block.
        pb_state: state of the processing block.
    """

    obs_state: str
    commands: list[tuple[str, str, str]]
    entry: dict[str, Any] = field(default_factory=dict)
    eb: dict[str, Any] = field(default_factory=dict)
    pb_state: dict[str, Any] = field(default_factory=lambda: PB_STATE)

    def documents(self) -> dict[str, dict[str, Any]]:
        documents = left_by_todays_sdp(
            {"obs_state_commanded": self.obs_state, **self.entry}, self.eb, self.pb_state
        )
        if self.obs_state == "EMPTY":
            return {path: each for path, each in documents.items() if path.startswith("/lmc/")}
        return documents


LEFT = [
    Takeover("EMPTY", [("AssignResources", assign_text(), "IDLE"), RELEASE], {"eb_id": None}),
    Takeover("RESOURCING", [ABORT, RESTART], pb_state=WAITING),
    Takeover("IDLE", [CONFIGURE, SCAN, END_SCAN, END, RELEASE]),
    Takeover("CONFIGURING", [ABORT, OBS_RESET, RELEASE], eb=CONFIGURED, pb_state=NOT_READY),
    Takeover("READY", [CONFIGURE, SCAN, END_SCAN, END, RELEASE], eb=CONFIGURED),
    Takeover("SCANNING", [END_SCAN, END, RELEASE], eb=SCANNING),
    Takeover("ABORTING", [OFF], eb=CONFIGURED),
    Takeover("ABORTED", [OBS_RESET, CONFIGURE, END, RELEASE], eb=CONFIGURED),
    Takeover("RESETTING", [ABORT, RESTART], pb_state=WAITING),
    Takeover("FAULT", [OBS_RESET, RELEASE], {"obs_state_commanded": "IDLE"}, pb_state=FAILED),
    Takeover("FAULT", [RESTART], pb_state=FAILED),
    Takeover("RESTARTING", [OFF]),
]
"""A row for each obsState; the entry has no ``reached``."""


def test_every_obs_state_is_taken_over() -> None:
    assert {left.obs_state for left in LEFT} == set(ObsState.__members__)


@pytest.fixture
def config(etcd: Etcd) -> Iterator[Config]:
    """Config on an etcd that was emptied, which the devices of this process use."""
    with emptied(etcd) as config:
        yield config


def obs_state(subarray: Any) -> str:
    return ObsState(subarray.obsState).name


def send_all(subarray: Any, commands: list[tuple[str, str, str]]) -> None:
    """Send commands, and wait for the obsState that each leads to."""
    for command, argument, then in commands:
        subarray.command_inout(command, *([argument] if argument else []))
        wait_until(lambda then=then: obs_state(subarray) == then, what=f"{then} by {command}")  # type: ignore[misc]


def entry_of(config: Config) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(stored(config, ENTRY_PATH) or "")
    return entry


@pytest.mark.parametrize("left", LEFT, ids=lambda left: f"{left.obs_state}-{left.commands[0][0]}")
def test_subarray_continues_from_each_obs_state_to_empty(config: Config, left: Takeover) -> None:
    documents = left.documents()
    put(config, documents)
    with served(RequiredComponents="none", TimeoutDatabase="20") as (controller, subarray):
        assert (str(controller.State()), str(subarray.State())) == ("ON", "ON")
        assert obs_state(subarray) == left.obs_state
        assert json.loads(subarray.resources) == ENTRY["resources"]
        if left.obs_state != "EMPTY":
            assert subarray.ebID == EB
            assert json.loads(subarray.pbState)[PB]["status"] == left.pb_state["status"]
            has_addresses = "receive_addresses" in left.pb_state
            assert json.loads(subarray.receiveAddresses) == (ADDRESSES if has_addresses else {})
            assert subarray.scanID == left.eb.get("scan_id", 0)
        if left.obs_state == "FAULT" and left.entry:
            assert json.loads(subarray.errorMessages) == {PB: "no disk is left"}
        # Until a command is sent, the devices only add the settings.
        settings = entry_of(config)["settings"]
        assert settings["required_components"] == []
        assert entry_of(config) == {**documents[ENTRY_PATH], "settings": settings}
        send_all(subarray, left.commands)
        assert subarray.State() == (
            tango.DevState.OFF if left.commands == [OFF] else tango.DevState.ON
        )
        assert subarray.ebID == "null"
    entry = entry_of(config)
    assert entry["command_count"] == len(left.commands)
    assert (entry["last_command"], entry["obs_state_commanded"]) == (left.commands[-1][0], "EMPTY")
    assert entry["resources"] == {"csp_links": [], "receptors": [], "receive_nodes": 0}
    if left.obs_state != "EMPTY":
        is_finished = left.commands[-1] == RELEASE
        status = json.loads(stored(config, f"/eb/{EB}") or "")["status"]
        assert status == ("FINISHED" if is_finished else "CANCELLED")
        # Those belong to other programs.
        untouched = [path for path in documents if path.startswith(("/pb/", "/deploy/"))]
        assert [json.loads(stored(config, path) or "") for path in untouched] == [
            documents[path] for path in untouched
        ]


WAITS = [
    ("AssignResources", "IDLE", "RESOURCING", WAITING, [RELEASE]),
    ("Configure", "READY", "CONFIGURING", NOT_READY, [END, RELEASE]),
    ("ObsReset", "IDLE", "RESETTING", WAITING, [RELEASE]),
]
"""Last command, its target, pending obsState, state of the processing block, commands to EMPTY."""


@pytest.mark.parametrize(("command", "target", "pending", "pb_state", "commands"), WAITS)
def test_reached_false_continues_the_wait(
    config: Config,
    command: str,
    target: str,
    pending: str,
    pb_state: dict[str, Any],
    commands: list[tuple[str, str, str]],
) -> None:
    fields = {"last_command": command, "obs_state_commanded": target, "reached": False}
    put(config, left_by_todays_sdp(fields, {}, pb_state))
    with served(RequiredComponents="none", TimeoutDatabase="20") as (_, subarray):
        assert obs_state(subarray) == pending
        change(config, f"/pb/{PB}/state", **PB_STATE)
        wait_until(lambda: obs_state(subarray) == target)
        send_all(subarray, commands)


@pytest.mark.parametrize(("command", "target", "pending", "pb_state", "commands"), WAITS)
def test_wait_in_an_entry_of_version_0_1_is_continued(
    config: Config,
    command: str,
    target: str,
    pending: str,
    pb_state: dict[str, Any],
    commands: list[tuple[str, str, str]],
) -> None:
    documents = left_by_todays_sdp({}, {}, pb_state)
    documents[ENTRY_PATH] = {
        "transaction_id": "txn-test-20260131-00000",
        "last_command": command,
        "last_command_time": iso(datetime.now(timezone.utc)),
        "command_count": 7,
        "state": "ON",
        "obs_state_target": target,
        "reached": False,
        "admin_mode": "ONLINE",
        "eb_id": EB,
        "resources": {"receptors": ["SKA001"]},
        "acknowledged": [],
        "errors": {},
    }
    put(config, documents)
    with served(RequiredComponents="none", TimeoutDatabase="20") as (_, subarray):
        assert (subarray.State(), obs_state(subarray)) == (tango.DevState.ON, pending)
        change(config, f"/pb/{PB}/state", **PB_STATE)
        wait_until(lambda: obs_state(subarray) == target)
        # The end of the wait is written under the present names.
        wait_until(lambda: entry_of(config).get("obs_state_commanded") == target)
        entry = entry_of(config)
        assert (entry["reached"], entry["command_count"]) == (True, 7)
        assert not {"state", "obs_state_target"} & entry.keys()
        send_all(subarray, commands)
        assert entry_of(config)["command_count"] == 7 + len(commands)


def test_missing_reached_is_true(config: Config) -> None:
    """The processing block still waits, but the entry has no wait to continue."""
    fields = {"last_command": "AssignResources", "obs_state_commanded": "IDLE"}
    put(config, left_by_todays_sdp(fields, {}, WAITING))
    with served(RequiredComponents="none", TimeoutDatabase="20") as (_, subarray):
        assert obs_state(subarray) == "IDLE"
        assert any("resources" in line for line in subarray.healthInfo)


def test_new_process_takes_over_a_scan(config: Config, etcd: Etcd, serve_on: ServeOn) -> None:
    put(config, left_by_todays_sdp({"obs_state_commanded": "SCANNING"}, SCANNING))
    subarray = serve_on(etcd).proxy(SUBARRAY)
    wait_until(lambda: subarray.state() == tango.DevState.ON)
    assert (obs_state(subarray), subarray.scanID) == ("SCANNING", 4)
    send_all(subarray, [END_SCAN, END, RELEASE])
