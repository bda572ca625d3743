"""Derivation of obsState from documents and time, rule by rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ska_sdp_config.lmc import upkeep
from ska_sdp_config.lmc.error_messages import error_texts
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.states import Json, ObsState
from ska_sdp_lmc.messages.internal import Configure

from .worlds import (
    ADDRESSES,
    BATCH,
    EB,
    ENTRY,
    NOON,
    READY_STATE,
    RECEIVE,
    World,
    documents,
    script,
)

SECOND = "pb-test-20260131-00002"
DONE = {**READY_STATE}
NESTED: Any = "x"
for _ in range(50):
    NESTED = [NESTED]

# The state of the real-time block, fields of the execution block, of the entry; the obsState.
RESOURCING: list[tuple[dict[str, Any] | None, dict[str, Any], dict[str, Any], str]] = [
    (None, {}, {}, "RESOURCING"),
    ({"status": "STARTING", "resources_available": True}, {}, {}, "RESOURCING"),
    ({"status": "WAITING", "resources_available": True}, {}, {}, "RESOURCING"),
    ({**DONE, "resources_available": False}, {}, {}, "RESOURCING"),
    ({**DONE, "receive_addresses": {}}, {}, {}, "RESOURCING"),
    ({**DONE, "deployments_ready": False}, {}, {}, "IDLE"),
    (DONE, {}, {}, "IDLE"),
    # Running, but its addresses are yet to be named by the execution block.
    (DONE, {"pb_receive_addresses": None}, {}, "RESOURCING"),
    ({**DONE, "status": "READY"}, {}, {}, "IDLE"),
    ({**DONE, "status": "CANCELLING"}, {}, {}, "RESOURCING"),
    ({"status": "FINISHED"}, {}, {}, "IDLE"),
    ({"status": "FINISHED"}, {"pb_receive_addresses": None}, {}, "IDLE"),
    ({"status": "CANCELLED"}, {}, {}, "RESOURCING"),
    ({**DONE, "status": "CANCELLED"}, {}, {}, "RESOURCING"),
    ({"status": "FAILED"}, {}, {}, "FAULT"),
    ({"status": "FAILED"}, {}, {"acknowledged": [RECEIVE]}, "IDLE"),
    ({"status": "WAITING"}, {}, {"reached": True}, "IDLE"),
    ({"status": "WAITING"}, {"pb_realtime": []}, {}, "RESOURCING"),
    ({"status": "WAITING"}, {"pb_realtime": [], "pb_receive_addresses": None}, {}, "IDLE"),
    (DONE, {}, {"errors": {"subarray": "x"}}, "FAULT"),
    ({"status": "FAILED"}, {}, {"obs_state_commanded": "ABORTED"}, "ABORTED"),
    (DONE, {}, {"errors": {"x": "y"}, "obs_state_commanded": "ABORTED"}, "ABORTED"),
    ({"status": "WAITING"}, {}, {"eb_id": None}, "IDLE"),
    ({"status": "FAILED"}, {}, {"eb_id": "eb-gone"}, "IDLE"),
    (DONE, {}, {"eb_id": None, "errors": {"subarray": "x"}}, "FAULT"),
]


@pytest.mark.parametrize("command", ["AssignResources", "ObsReset"])
@pytest.mark.parametrize(("state", "eb", "entry", "expected"), RESOURCING)
def test_resourcing_ends_when_blocks_are_resourced(
    command: str,
    state: dict[str, Any] | None,
    eb: dict[str, Any],
    entry: dict[str, Any],
    expected: str,
) -> None:
    found = documents(ObsState.RESOURCING)
    found.pop(f"/pb/{RECEIVE}/state")
    if state is not None:
        found[f"/pb/{RECEIVE}/state"] = state
    found[f"/eb/{EB}"] |= eb
    found[ENTRY] |= {"last_command": command, **entry}
    if expected == "RESOURCING" and command == "ObsReset":
        expected = "RESETTING"
    assert World(found).obs_state == expected


@pytest.mark.parametrize("column", ["RESOURCING", "IDLE", "CONFIGURING", "READY", "SCANNING"])
def test_cancelling_is_not_resourced_and_no_fault(column: str) -> None:
    world = World(documents(ObsState[column]))
    world.set_state(RECEIVE, **{**DONE, "status": "CANCELLING", "deployments_ready": False})
    assert world.obs_state == column
    assert world.view.error_messages == "{}"
    world.set_state(RECEIVE, status="FAILED")
    assert world.obs_state == "FAULT"


CONFIGURING: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({**DONE, "deployments_ready": False}, {}, "CONFIGURING"),
    ({**DONE, "deployments_ready": None}, {}, "READY"),
    ({"status": "RUNNING"}, {}, "READY"),
    ({"status": "FINISHED", "deployments_ready": False}, {}, "READY"),
    ({"status": "FAILED", "deployments_ready": False}, {}, "FAULT"),
    ({"status": "FAILED", "deployments_ready": False}, {"acknowledged": [RECEIVE]}, "READY"),
    ({**DONE, "deployments_ready": False}, {"reached": True}, "READY"),
]


@pytest.mark.parametrize(("state", "entry", "expected"), CONFIGURING)
def test_configuring_ends_when_deployments_are_ready(
    state: dict[str, Any], entry: dict[str, Any], expected: str
) -> None:
    found = documents(ObsState.CONFIGURING)
    found[f"/pb/{RECEIVE}/state"] = state
    found[ENTRY] |= entry
    assert World(found).obs_state == expected


def test_wait_includes_realtime_blocks_only() -> None:
    world = World(documents(ObsState.RESOURCING))
    world.update_eb(pb_realtime=[RECEIVE, SECOND])
    world.documents[f"/pb/{SECOND}"] = {"script": script("realtime", "pointing")}
    world.set_state(RECEIVE, **DONE)
    assert world.obs_state == "RESOURCING"
    world.set_state(SECOND, status="RUNNING", resources_available=True)
    assert world.obs_state == "IDLE"
    world.set_state(BATCH, status="FAILED", reason="no space")
    assert world.obs_state == "IDLE"
    world.set_state(SECOND, status="FAILED", reason="no beam")
    assert world.obs_state == "FAULT"
    assert json.loads(world.view.error_messages) == {SECOND: "no beam"}


@pytest.mark.parametrize(
    ("recorded", "texts"),
    [
        (None, []),
        ("", []),
        ([], []),
        ({}, []),
        ("no space", ["no space"]),
        (["no space", "no beam", "no space"], ["no space", "no beam"]),
        ({"receive": "no space", "write": ["no beam"]}, ["receive: no space", "write: no beam"]),
        ([{"error": "no space", "code": 5}], ["error: no space", "code: 5"]),
        (NESTED, ["(nested too deeply)"]),
    ],
)
def test_pb_state_error_messages_are_a_string_a_list_or_an_object(
    recorded: Any, texts: list[str]
) -> None:
    world = World(documents(ObsState.IDLE))
    world.set_state(RECEIVE, error_messages=recorded)
    assert json.loads(world.view.pb_state)[RECEIVE]["errors"] == texts
    assert world.view.error_messages == "{}"
    world.set_state(RECEIVE, status="FAILED")
    expected = "; ".join(texts) or "it gave no reason"
    assert json.loads(world.view.error_messages) == {RECEIVE: expected}
    world.set_state(RECEIVE, reason="out of memory")
    expected = "; ".join(["out of memory", *texts])
    assert json.loads(world.view.error_messages) == {RECEIVE: expected}


@pytest.mark.parametrize(("number", "shown"), [(100, 100), (101, 101), (20_000, 101)])
def test_pb_state_has_the_last_100_errors(number: int, shown: int) -> None:
    world = World(documents(ObsState.IDLE))
    texts = [f"chunk {each} is lost" for each in range(number)]
    world.set_state(RECEIVE, error_messages=texts)
    errors = json.loads(world.view.pb_state)[RECEIVE]["errors"]
    assert len(errors) == shown
    assert errors[:100] == texts[-100:]
    assert errors[100:] == ([f"and {number - 100} earlier"] if number > 100 else [])
    world.set_state(RECEIVE, status="FAILED", reason="out of memory")
    expected = "; ".join(["out of memory", *errors])
    assert json.loads(world.view.error_messages) == {RECEIVE: expected}


def test_errors_of_a_block_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []

    def read(state: Json) -> list[str]:
        reads.append(state)
        return error_texts(state)

    monkeypatch.setattr("ska_sdp_config.lmc.blocks.error_texts", read)
    world = World(documents(ObsState.IDLE))
    world.set_state(RECEIVE, status="FAILED", error_messages=["no space"])
    assert "no space" in world.view.error_messages
    assert len(reads) == len(json.loads(world.view.pb_state))


@pytest.mark.parametrize("deployments", [None, {}, {"proc-x": "RUNNING"}])
def test_pb_state_deployments_are_statuses_by_id_or_null(
    deployments: dict[str, str] | None,
) -> None:
    world = World(documents(ObsState.IDLE))
    world.set_state(RECEIVE, deployments=deployments)
    assert json.loads(world.view.pb_state)[RECEIVE]["deployments"] == (deployments or {})


def test_receive_scripts_setting_selects_scripts() -> None:
    world = World(documents(ObsState.RESOURCING))
    world.update_eb(pb_receive_addresses=None)
    world.set_state(RECEIVE, **DONE)
    assert world.obs_state == "RESOURCING"
    world.documents[f"/pb/{RECEIVE}"] = {"workflow": {"type": "realtime", "id": "pointing"}}
    assert world.obs_state == "IDLE"


@pytest.mark.parametrize(
    ("column", "seconds"), [("RESOURCING", 60), ("CONFIGURING", 60), ("RESETTING", 60)]
)
def test_expired_timeout_leads_to_fault(column: str, seconds: float) -> None:
    world = World(documents(ObsState[column]))
    world.pass_time(seconds - 0.001)
    assert world.reconcile().obs_state.name == column
    deadline = world.view.deadline
    assert deadline is not None
    assert (deadline - NOON).total_seconds() == seconds
    world.pass_time(0.001)
    assert world.obs_state == "FAULT"
    assert world.view.timed_out
    assert world.entry["errors"] == {}
    assert world.reconcile().obs_state is ObsState.FAULT
    assert not world.view.timed_out
    assert world.view.deadline is None
    assert f"within {seconds} s" in world.entry["errors"]["subarray"]
    assert RECEIVE in world.entry["errors"]["subarray"]
    # Readiness that comes too late changes nothing.
    world.set_state(RECEIVE, **DONE)
    assert world.reconcile().obs_state is ObsState.FAULT


def test_block_ready_before_timeout_is_written_prevents_fault() -> None:
    world = World(documents(ObsState.RESOURCING))
    world.pass_time(61)
    assert world.view.timed_out
    world.set_state(RECEIVE, **DONE)
    assert upkeep.timeout_writes(world.snapshot, world.now, world.settings) is None
    assert world.reconcile().obs_state is ObsState.IDLE


def test_zero_timeout_never_expires() -> None:
    world = World(documents(ObsState.RESOURCING), ModelSettings(timeout_assign_resources=0))
    world.pass_time(1e7)
    assert world.obs_state == "RESOURCING"
    assert world.view.deadline is None


def test_reached_wait_stays_over() -> None:
    world = World(documents(ObsState.CONFIGURING))
    assert not world.reconcile().wait_over
    world.set_state(RECEIVE, deployments_ready=True)
    assert world.reconcile().wait_over
    assert world.entry["reached"] is True
    world.set_state(RECEIVE, deployments_ready=False)
    view = world.reconcile()
    assert view.obs_state is ObsState.READY
    assert [fault.text for fault in view.faults or ()] == [
        f"Processing block {RECEIVE} has lost its readiness"
    ]


def test_reached_is_written_only_for_its_command() -> None:
    world = World(documents(ObsState.RESOURCING))
    count = world.view.command_count
    assert upkeep.reached_writes(world.snapshot, count, world.settings) is not None
    world.command("Abort")
    assert upkeep.reached_writes(world.snapshot, count, world.settings) is None


def test_configure_from_ready_has_transient_configuring() -> None:
    world = World(documents(ObsState.READY))
    view = world.command("Configure", Configure("calibration"))
    assert view.transient is ObsState.CONFIGURING
    assert view.obs_state is ObsState.READY
    assert view.scan_type == "calibration"
    # The condition already held, which is stored with the command.
    assert world.entry["reached"] is True
    assert not view.wait_over


def test_obs_reset_acknowledges_failed_blocks() -> None:
    world = World(documents(ObsState.FAULT))
    world.set_state(BATCH, status="FAILED")
    view = world.command("ObsReset")
    assert view.obs_state is ObsState.IDLE
    assert world.entry["acknowledged"] == [RECEIVE, BATCH]
    assert world.entry["errors"] == {}
    world.command("Configure", Configure("science"))
    assert world.obs_state == "READY"
    world.command("End")
    assert world.entry["acknowledged"] == []


def test_values_of_an_empty_subarray() -> None:
    view = World().view
    assert view.resources == view.receive_addresses == view.error_messages == "{}"
    assert view.eb_state == view.pb_state == "{}"
    assert (view.eb_id, view.scan_type, view.scan_id) == ("null", "null", 0)
    assert (view.last_command, view.transaction_id) == ("", "")
    assert view.commanded_state == "OFF"
    assert view.commanded_obs_state is ObsState.EMPTY


def test_values_of_a_scanning_subarray() -> None:
    view = World(documents(ObsState.SCANNING)).view
    assert json.loads(view.receive_addresses) == ADDRESSES
    assert (view.eb_id, view.scan_type, view.scan_id) == (EB, "science", 3)
    assert json.loads(view.eb_state)["scans"] == [
        {"scan_id": 3, "scan_type": "science", "status": "ACTIVE"}
    ]
    pb_state = json.loads(view.pb_state)
    assert pb_state[BATCH]["status"] == "STARTING"
    assert pb_state[RECEIVE] == {
        "status": "RUNNING",
        "resources_available": True,
        "deployments": {},
        "errors": [],
    }
    assert view.last_command == "Scan"
    assert view.commanded_obs_state is ObsState.SCANNING
