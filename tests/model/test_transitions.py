"""Every command in every obsState, compared with a table."""

from __future__ import annotations

import copy

import pytest

from ska_sdp_config.lmc.rejections import CommandRejected, Reason
from ska_sdp_config.lmc.states import AdminMode, ObsState, State
from ska_sdp_config.lmc.transitions import TRANSITIONS, check_allowed

from .cells import CELLS, COLUMNS, DISABLED, MOMENTS, PATHS, Cell
from .worlds import NO_RESOURCES, World, documents, message_for


def test_table_has_every_command() -> None:
    assert {cell.command for cell in CELLS} == set(TRANSITIONS) == set(PATHS)


@pytest.mark.parametrize("column", COLUMNS)
def test_documents_of_column_derive_its_obs_state(column: str) -> None:
    assert World(documents(ObsState[column])).obs_state == column


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.command}-{cell.obs_state}")
def test_cell_is_accepted_or_rejected(cell: Cell) -> None:
    command, obs_state = cell.command, ObsState[cell.obs_state]
    world = World(documents(obs_state))
    before = copy.deepcopy(world.documents)
    if not cell.allowed:
        with pytest.raises(CommandRejected) as rejected:
            world.command(command, message_for(command, obs_state))
        assert rejected.value.reason is Reason.NOT_ALLOWED
        assert rejected.value.text == cell.rejection
        assert world.documents == before
        return
    view = world.command(command, message_for(command, obs_state))
    *through, target = PATHS[command]
    # The new processing block has no resources yet; all others are resourced and configured.
    final = "RESOURCING" if command == "AssignResources" else target
    assert view.obs_state.name == final
    assert ([view.transient.name] if view.transient else []) == through
    assert view.commanded_obs_state.name == target
    assert view.command_count == 8
    assert world.entry["last_command"] == command
    assert world.entry["transaction_id"] == "txn-test-20260131-b"
    assert view.state.name == ("OFF" if command == "Off" else "ON")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("command", sorted(TRANSITIONS))
def test_command_is_rejected_in_transient_state(command: str, moment: str) -> None:
    if command == "Off":
        check_allowed(command, State.ON, ObsState[moment], AdminMode.ONLINE)
        return
    with pytest.raises(CommandRejected) as rejected:
        check_allowed(command, State.ON, ObsState[moment], AdminMode.ONLINE)
    assert rejected.value.reason is Reason.NOT_ALLOWED
    assert rejected.value.text == Cell(command, moment, allowed=False).rejection


@pytest.mark.parametrize("command", sorted(TRANSITIONS))
@pytest.mark.parametrize("mode", ["OFFLINE", "NOT_FITTED", "RESERVED"])
def test_disabling_admin_mode_rejects_every_command(command: str, mode: str) -> None:
    world = World(documents(ObsState.IDLE))
    world.entry["admin_mode"] = mode
    with pytest.raises(CommandRejected) as rejected:
        world.command(command, message_for(command, ObsState.IDLE))
    assert rejected.value.text == DISABLED.format(command)


@pytest.mark.parametrize("command", sorted(set(TRANSITIONS) - {"On"}))
def test_only_on_is_allowed_when_off(command: str) -> None:
    world = World()
    with pytest.raises(CommandRejected) as rejected:
        world.command(command, message_for(command, ObsState.EMPTY))
    text = f"Command {command} not allowed when device state is OFF; allowed in ON"
    assert rejected.value.text == text
    assert world.documents == {}


def test_subarray_starts_off_and_empty() -> None:
    view = World().view
    assert (view.state.name, view.obs_state.name) == ("OFF", "EMPTY")
    view = World().command("On")
    assert (view.state.name, view.obs_state.name) == ("ON", "EMPTY")


# Values kept after a command: scan type, scan ID, link of the execution block.
@pytest.mark.parametrize(
    ("command", "column", "scan_type", "linked", "status"),
    [
        ("EndScan", "SCANNING", "science", True, "ACTIVE"),
        ("Abort", "SCANNING", "science", True, "ACTIVE"),
        ("ObsReset", "ABORTED", None, True, "ACTIVE"),
        ("ObsReset", "FAULT", None, True, "ACTIVE"),
        ("End", "READY", None, False, "FINISHED"),
        ("ReleaseAllResources", "IDLE", None, False, "FINISHED"),
        ("Restart", "FAULT", None, False, "CANCELLED"),
        ("Restart", "ABORTED", None, False, "CANCELLED"),
        ("Off", "SCANNING", None, False, "CANCELLED"),
    ],
)
def test_command_keeps_values(
    command: str, column: str, scan_type: str | None, linked: bool, status: str
) -> None:
    world = World(documents(ObsState[column]))
    eb_path = f"/eb/{world.entry['eb_id']}"
    resources = {"csp_links": [], **world.entry["resources"]}
    view = world.command(command)
    eb, state = world.documents[eb_path], world.documents[f"{eb_path}/state"]
    assert (eb["current_scan_type"], eb["scan_id"], eb["status"]) == (scan_type, None, status)
    assert (state["scan_type"], state["scan_id"], state["status"]) == (scan_type, None, status)
    assert eb["subarray_id"] == ("01" if linked else None)
    assert world.entry["eb_id"] == (eb["eb_id"] if linked else None)
    assert (view.receive_addresses != "{}") == linked
    assert view.eb_id == (eb["eb_id"] if linked else "null")
    released = command in ("ReleaseAllResources", "Restart", "Off")
    assert world.entry["resources"] == (NO_RESOURCES if released else resources)
    if column == "SCANNING":
        ended = "FINISHED" if command == "EndScan" else "ABORTED"
        assert [scan["status"] for scan in state["scans"]] == [ended]


def test_fault_keeps_everything() -> None:
    world = World(documents(ObsState.SCANNING))
    before = world.view
    world.set_state(
        world.documents[f"/eb/{world.entry['eb_id']}"]["pb_realtime"][0],
        status="FAILED",
        reason="disk full",
    )
    after = world.view
    assert after.obs_state is ObsState.FAULT
    for name in ("scan_type", "scan_id", "eb_id", "receive_addresses", "resources"):
        assert getattr(after, name) == getattr(before, name)


@pytest.mark.parametrize("state", ["DISABLE", "STANDBY"])
def test_state_that_another_program_stored_is_ended_by_on(state: str) -> None:
    """Setting adminMode to ONLINE, which it is, would change nothing."""
    world = World(documents(ObsState.EMPTY))
    world.entry["state_commanded"] = state
    with pytest.raises(CommandRejected) as rejected:
        world.command("Off")
    assert rejected.value.text == (
        f"Command Off not allowed when device state is {state}; allowed in ON"
    )
    assert world.command("On").state is State.ON
