"""Rows of the tables that operators see."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.deployment_status import deployment_status
from ska_sdp_config.lmc.observe import observe
from ska_sdp_config.lmc.rows import (
    FaultRow,
    SubarrayRow,
    command_rows,
    deployment_row,
    flow_row,
    pb_row,
    subarray_row,
)
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import HealthState, ObsState, State
from ska_sdp_config.lmc.transitions import commands_out_of_fault

from .worlds import EB, ENTRY, NOON, RECEIVE, documents, entry_document

FINAL = [each for each in ObsState if each not in (ObsState.ABORTING, ObsState.RESTARTING)]
FAILED_AT = datetime(2026, 1, 31, 11, 59, tzinfo=timezone.utc)


def row_of(found: dict[str, Any], is_online: bool = True) -> SubarrayRow:
    return subarray_row(Snapshot(1, "01", found), is_online)


@pytest.mark.parametrize("obs_state", FINAL, ids=lambda each: each.name)
def test_subarray_has_the_observed_states(obs_state: ObsState) -> None:
    found = documents(obs_state)
    row, view = row_of(found), observe(Snapshot(1, "01", found))
    assert (row.obs_state, row.state, row.since) == (
        obs_state,
        State.ON,
        FAILED_AT if obs_state is ObsState.FAULT else NOON,
    )
    assert row.eb_id == (None if obs_state is ObsState.EMPTY else EB)
    assert row.scan_id == (3 if obs_state is ObsState.SCANNING else None)
    assert [fault.text for fault in row.faults] == [fault.text for fault in view.faults or ()]


def test_fault_has_its_reason_its_start_and_the_commands_that_end_it() -> None:
    row = row_of(documents(ObsState.FAULT))
    text = f"Processing block {RECEIVE} is FAILED: out of memory"
    (fault,) = row.faults
    assert fault == FaultRow(
        text,
        FAILED_AT,
        about=f"/pb/{RECEIVE}",
        commands=("ObsReset", "Restart"),
        way_out="ObsReset or Restart",
    )
    assert (row.health, row.pbs_done, row.pbs_total) == (HealthState.DEGRADED, 1, 2)


def test_ways_out_of_fault_are_those_of_the_table() -> None:
    assert commands_out_of_fault() == ["ObsReset", "Restart"]


@pytest.mark.parametrize(
    ("fields", "commands", "way_out"),
    [
        ({}, ["ObsReset", "Restart"], "ObsReset or Restart"),
        (
            {"state_commanded": "OFF"},
            ["ObsReset", "Restart"],
            "send On, then ObsReset or Restart",
        ),
        (
            {"state_commanded": "DISABLE"},
            ["ObsReset", "Restart"],
            "send On, then ObsReset or Restart",
        ),
        (
            {"admin_mode": "OFFLINE"},
            ["ObsReset", "Restart"],
            "set adminMode to ONLINE, then send ObsReset or Restart",
        ),
        ({"reached": "soon"}, ["Restart"], "Restart"),
        ({"reached": "soon", "state_commanded": "OFF"}, ["Restart"], "send On, then Restart"),
    ],
    ids=str,
)
def test_way_out_begins_with_what_enables_commands(
    fields: dict[str, str], commands: list[str], way_out: str
) -> None:
    errors = {"subarray": "Configure timed out"}
    (fault,) = row_of({**owners(), ENTRY: entry_document(**{"errors": errors, **fields})}).faults
    assert ([*fault.commands], fault.way_out) == (commands, way_out)


def test_fault_that_no_command_ends_has_no_way_out() -> None:
    found = documents(ObsState.FAULT)
    del found["/component/helmdeploy/owner"]
    failed, offline = row_of(found).faults
    assert offline == FaultRow(
        "Component helmdeploy is OFFLINE", None, about="/component/helmdeploy/owner"
    )
    assert failed.commands


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({ENTRY: {"errors": {"subarray": "late"}}}, ENTRY),
        ({ENTRY: {"errors": {RECEIVE: "late"}}}, f"/pb/{RECEIVE}"),
        ({f"/pb/{RECEIVE}": None, f"/pb/{RECEIVE}/state": None}, f"/pb/{RECEIVE}"),
        ({f"/pb/{RECEIVE}/state": {"status": "CANCELLED"}}, f"/pb/{RECEIVE}"),
        ({f"/pb/{RECEIVE}/state": {"resources_available": False}}, f"/pb/{RECEIVE}"),
        ({f"/pb/{RECEIVE}/state": {"receive_addresses": {"science": 3}}}, f"/pb/{RECEIVE}"),
        ({f"/eb/{EB}": {"status": "CANCELLED"}}, f"/eb/{EB}"),
        ({"/component/proccontrol/owner": None}, "/component/proccontrol/owner"),
    ],
    ids=str,
)
def test_fault_has_the_path_that_it_is_about(
    changes: dict[str, dict[str, Any] | None], about: str
) -> None:
    found = documents(ObsState.IDLE)
    for path, fields in changes.items():
        before = found.pop(path, {})
        if fields is not None:
            found[path] = {**before, **fields}
    assert {fault.about for fault in row_of(found).faults} == {about}


def test_fault_of_unreadable_text_has_its_path() -> None:
    path = f"/pb/{RECEIVE}/state"
    snapshot = Snapshot(1, "01", documents(ObsState.IDLE) | {path: {}}, (path,))
    assert path in {fault.about for fault in subarray_row(snapshot, is_online=True).faults}


def owners() -> dict[str, Any]:
    return {f"/component/{name}/owner": {} for name in ("proccontrol", "helmdeploy")}


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        (None, "STARTING", ""),
        ({"status": "RUNNING"}, "RUNNING", ""),
        ({"status": "FAILED", "reason": "no disk is left"}, "FAILED", "no disk is left"),
        ({"status": "FAILED"}, "FAILED", "it gave no reason"),
        ({"status": "RUNNING", "error_messages": ["a", "b"]}, "RUNNING", "a; b"),
        ({"status": 3}, "STARTING", ""),
    ],
    ids=str,
)
def test_processing_block_has_status_and_reason(
    state: dict[str, Any] | None, status: str, reason: str
) -> None:
    document = {"eb_id": EB, "script": {"kind": "batch", "name": "imaging", "version": "1"}}
    row = pb_row(RECEIVE, document, state)
    assert (row.status, row.reason, row.eb_id) == (status, reason, EB)
    assert row.script == "batch:imaging:1"


def test_processing_block_without_documents_has_a_row() -> None:
    row = pb_row(RECEIVE, None, None)
    assert (row.eb_id, row.script, row.last_updated) == (None, "", None)


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        (None, "PENDING", "it has no state yet"),
        ({}, "PENDING", ""),
        ({"status": "RUNNING"}, "RUNNING", ""),
        ({"num_pod": 2, "pods": {"a": "RUNNING"}}, "PENDING", "1 of 2 pods exist"),
        ({"num_pod": 0, "pods": {}}, "PENDING", "it has no pods"),
        ({"pods": {"a": "RUNNING", "b": "FINISHED"}}, "RUNNING", ""),
        ({"pods": {"a": "PENDING"}}, "PENDING", "pod a"),
        ({"pods": {"a": "EVICTED", "b": "RUNNING"}}, "EVICTED", "pod a: 1 EVICTED, 1 RUNNING"),
        (
            {"pods": {"a": "FAILED", "b": "PENDING", "c": "FAILED"}},
            "FAILED",
            "pod a and 1 more: 2 FAILED, 1 PENDING",
        ),
        ({"pods": "many", "num_pod": "two"}, "PENDING", ""),
    ],
    ids=str,
)
def test_deployment_has_the_status_of_its_worst_pod(
    state: dict[str, Any] | None, status: str, reason: str
) -> None:
    assert deployment_status(state) == (status, reason)


def test_deployment_row_reads_current_and_earlier_names() -> None:
    assert deployment_row("a", {"kind": "helm", "args": {"chart": "x"}}, None)[:3] == (
        "a",
        "helm",
        "x",
    )
    assert deployment_row("a", {"type": "helm", "args": 3}, None)[:3] == ("a", "helm", "")


def test_flow_row_has_errors_of_error_state_and_time_of_epoch() -> None:
    state = {
        "status": "FAILED",
        "last_updated": NOON.timestamp(),
        "error_state": [{"error": "disk is full"}, "other", {"error": "disk is full"}],
    }
    row = flow_row("pb-a:data-product:x", {"data_model": "Visibility"}, state)
    assert row == ("pb-a:data-product:x", "Visibility", "FAILED", "disk is full", NOON)
    assert flow_row("pb-a:data-product:x", None, None).status == "PENDING"


def test_commands_are_sorted_with_the_newest_first() -> None:
    controller = ControllerEntry(last_command="On", transaction_id="txn-0")
    rows = [
        row_of({ENTRY: entry_document(last_command="On", last_command_time=f"2026-01-3{day}")})
        for day in (0, 1)
    ]
    assert [each.device for each in command_rows(controller, rows)] == [
        "subarray 01",
        "subarray 01",
        "controller",
    ]
    assert command_rows(ControllerEntry(), rows)[0] == (
        "subarray 01",
        "On",
        datetime(2026, 1, 31, tzinfo=timezone.utc),
        "txn-test-20260131-a",
    )
