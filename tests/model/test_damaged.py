"""Damaged documents stop no command and are not overwritten."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config.lmc import upkeep
from ska_sdp_config.lmc.controller import ControllerEntry, set_admin_mode
from ska_sdp_config.lmc.entry import Entry
from ska_sdp_config.lmc.rejections import CommandRejected, Reason
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Writes, read_document
from ska_sdp_config.lmc.states import AdminMode, ObsState
from ska_sdp_config.lmc.system import System, derive_system
from ska_sdp_config.lmc.transitions import TRANSITIONS
from ska_sdp_lmc.messages.internal import AssignResources, Resources
from tests.model.commands import apply_command

from .worlds import EB, ENTRY, NOON, SETTINGS, World, assign_message, documents, message_for

EB_PATH, EB_STATE = f"/eb/{EB}", f"/eb/{EB}/state"
OBS_STATES = [each for each in ObsState if each.name not in ("ABORTING", "RESTARTING")]
MISSING = f"Execution block {EB} is missing"


@pytest.mark.parametrize(
    "text",
    [
        '{"max_length": 1e999}',
        '{"max_length": -1E+400}',
        f'{{"max_length": {"9" * 400}.0}}',
        f'{{"max_length": {"9" * 300}e10}}',
        '{"max_length": NaN}',
        '{"max_length": -Infinity}',
        r'{"context": "\ud800"}',
        r'{"\uDFFF": 1}',
        '{"context": "\udcff"}',
        "[" * 100_000,
        "5",
        "{",
        "[]",
    ],
)
def test_read_document_rejects_text_that_cannot_be_written_back(text: str) -> None:
    assert read_document(text) == ({}, False)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (None, None),
        (r'{"a": "\ud83d\ude00"}', {"a": "\U0001f600"}),
        ('{"a": 1e300}', {"a": 1e300}),
        ('{"a": "NaN, Infinity"}', {"a": "NaN, Infinity"}),
        ('{"a": 1e-999}', {"a": 0.0}),
    ],
)
def test_read_document_accepts_text_that_can_be_written_back(
    text: str | None, read: dict[str, Any] | None
) -> None:
    assert read_document(text) == (read, True)


def test_abort_works_with_maximum_last_command_time() -> None:
    world = World(documents(ObsState.RESOURCING))
    world.documents[ENTRY] |= {"last_command_time": "9999-12-31T23:59:59Z"}
    assert world.view.deadline is None
    world.command("Abort")
    assert world.entry["obs_state_commanded"] == "ABORTED"


@pytest.mark.parametrize("damaged", [5, "abc", {"a": 1}, None])
def test_assign_resources_replaces_invalid_block_list(damaged: Any) -> None:
    world = World(documents(ObsState.IDLE))
    world.update_eb(pb_batch=damaged, pb_realtime=damaged)
    pbs = assign_message().processing_blocks
    world.command("AssignResources", AssignResources(processing_blocks=pbs))
    listed = world.documents[f"/eb/{EB}"]
    assert {pb["pb_id"] for pb in pbs} == {*listed["pb_realtime"], *listed["pb_batch"]}


def test_assign_resources_drops_invalid_resources() -> None:
    world = World(documents(ObsState.IDLE))
    world.documents[ENTRY] |= {"resources": {"receptors": [{"a": 1}, "A", ["B"]]}}
    message = AssignResources(resources=Resources(receptors=("C",)))
    world.command("AssignResources", message)
    assert world.entry["resources"]["receptors"] == ["A", "C"]


def test_error_of_corrupt_entry_is_not_written() -> None:
    world = World(documents(ObsState.IDLE))
    world.documents[ENTRY] |= {"admin_mode": 5}
    assert "fix admin_mode" in world.snapshot.entry.errors["subarray"]
    written = upkeep.admin_mode_writes(world.snapshot, AdminMode.ONLINE).documents[ENTRY]
    assert written["errors"] == {}
    assert not Entry.read(written).errors


def command_on(world: World, command: str, obs_state: ObsState) -> Writes | CommandRejected:
    message = message_for(command, obs_state)
    try:
        return apply_command(command, world.snapshot, message, NOON, SETTINGS, "txn-a")
    except CommandRejected as rejected:
        return rejected


@pytest.mark.parametrize("path", [EB_PATH, EB_STATE, ENTRY])
@pytest.mark.parametrize("obs_state", OBS_STATES, ids=lambda each: each.name)
@pytest.mark.parametrize("command", TRANSITIONS)
def test_command_does_not_overwrite_damaged_document(
    command: str, obs_state: ObsState, path: str
) -> None:
    world = World(documents(obs_state))
    world.damage(path)
    outcome = command_on(world, command, obs_state)
    assert isinstance(outcome, CommandRejected) or path not in outcome.documents


@pytest.mark.parametrize("path", [EB_PATH, EB_STATE])
@pytest.mark.parametrize(
    ("command", "obs_state"),
    [
        ("AssignResources", ObsState.IDLE),
        ("Configure", ObsState.IDLE),
        ("Configure", ObsState.READY),
        ("Scan", ObsState.READY),
    ],
)
def test_damaged_block_is_rejected_like_missing_one(
    command: str, obs_state: ObsState, path: str
) -> None:
    world = World(documents(obs_state))
    del world.documents[EB_PATH], world.documents[EB_STATE]
    missing = command_on(world, command, obs_state)
    world = World(documents(obs_state))
    world.damage(path)
    damaged = command_on(world, command, obs_state)
    assert isinstance(missing, CommandRejected)
    assert isinstance(damaged, CommandRejected)
    assert (damaged.reason, damaged.text) == (missing.reason, missing.text)
    assert (damaged.reason, damaged.text) == (Reason.FAILED, MISSING)


@pytest.mark.parametrize("path", [EB_PATH, EB_STATE])
@pytest.mark.parametrize(
    ("command", "obs_state"),
    [
        ("EndScan", ObsState.SCANNING),
        ("End", ObsState.READY),
        ("ReleaseResources", ObsState.IDLE),
        ("ReleaseAllResources", ObsState.IDLE),
        ("Abort", ObsState.SCANNING),
        ("ObsReset", ObsState.ABORTED),
        ("Restart", ObsState.ABORTED),
        ("Off", ObsState.SCANNING),
    ],
)
def test_recovery_commands_work_with_damaged_block(
    command: str, obs_state: ObsState, path: str
) -> None:
    world = World(documents(obs_state))
    world.damage(path)
    outcome = command_on(world, command, obs_state)
    assert isinstance(outcome, Writes)
    assert ENTRY in outcome.documents
    assert path not in outcome.documents


def test_new_block_does_not_replace_damaged_state() -> None:
    world = World(documents(ObsState.EMPTY))
    world.damage("/eb/eb-new-20260131-00000/state")
    outcome = command_on(world, "AssignResources", ObsState.EMPTY)
    assert isinstance(outcome, CommandRejected)
    assert outcome.text == "Execution block eb-new-20260131-00000 already exists"


@pytest.mark.parametrize("path", [EB_PATH, EB_STATE, ENTRY])
def test_damaged_document_is_one_fault(path: str) -> None:
    world = World(documents(ObsState.READY))
    world.damage(path)
    assert [fault.text for fault in world.view.faults or ()] == [f"{path} holds no JSON object"]


def test_damaged_entry_is_not_overwritten() -> None:
    world = World(documents(ObsState.READY))
    world.damage(ENTRY)
    text = f"{ENTRY} holds no JSON object: fix it, or delete it to reset the device"
    with pytest.raises(CommandRejected) as rejected:
        world.command("On")
    assert (rejected.value.reason, rejected.value.text) == (Reason.FAILED, text)
    with pytest.raises(CommandRejected) as rejected:
        upkeep.admin_mode_writes(world.snapshot, AdminMode.ONLINE)
    assert (rejected.value.reason, rejected.value.text) == (Reason.FAILED, text)
    assert upkeep.first_writes(world.snapshot, world.settings) is None
    assert upkeep.reached_writes(world.snapshot, 0, world.settings) is None


INVALID_FIELDS = [
    ("eb_id", 5),
    ("eb_id", "a/b"),
    ("obs_state_commanded", "BUSY"),
    ("obs_state_commanded", 3),
    ("state_commanded", "MOVING"),
    ("reached", "yes"),
    ("command_count", "7"),
    ("errors", []),
    ("last_command_time", "noon"),
    ("last_command_milliseconds", 1000),
    ("last_command_milliseconds", "5"),
    ("resources", []),
    ("acknowledged", {}),
]


@pytest.mark.parametrize(("name", "value"), INVALID_FIELDS)
def test_corrupt_entry_leads_to_fault_naming_field(name: str, value: object) -> None:
    world = World(documents(ObsState.IDLE))
    world.entry[name] = value
    assert world.obs_state == "FAULT"
    assert name in world.view.error_messages
    world.entry["state_commanded"] = "ON"
    world.command("Restart" if name != "state_commanded" else "Off")
    assert world.obs_state == "EMPTY"
    assert world.entry["errors"] == {}


@pytest.mark.parametrize(("name", "value"), INVALID_FIELDS)
@pytest.mark.parametrize("mode", [AdminMode.ONLINE, AdminMode.OFFLINE])
def test_admin_mode_keeps_invalid_field_and_fault(
    name: str, value: object, mode: AdminMode
) -> None:
    world = World(documents(ObsState.IDLE))
    world.entry[name] = value
    assert world.obs_state == "FAULT"
    before = dict(world.entry)
    world.write(upkeep.admin_mode_writes(world.snapshot, mode))
    assert world.entry == {**before, "admin_mode": mode.name}
    assert world.obs_state == "FAULT"
    assert name in world.view.error_messages


def test_reached_is_not_written_to_damaged_entry() -> None:
    world = World(documents(ObsState.RESOURCING))
    count = world.entry["command_count"]
    assert upkeep.reached_writes(world.snapshot, count, world.settings) is not None
    world.entry["eb_id"] = 5
    assert upkeep.reached_writes(world.snapshot, count, world.settings) is None


CONTROLLER = "/lmc/controller"
DAMAGE = {
    "state_commanded": "MOVING",
    "command_count": True,
    "last_command_time": "noon",
    "last_command": 5,
}
NO_COMPONENTS = ModelSettings(components=(), storage_key="/resource/capacity-buffer")


def test_controller_admin_mode_keeps_invalid_fields() -> None:
    stored = {**DAMAGE, "admin_mode": "?", "transaction_id": "txn-a", "theirs": 1}
    view = derive_system(System(3, {CONTROLLER: stored}), NO_COMPONENTS)
    names = "last_command, last_command_time, command_count, state_commanded, admin_mode"
    (fault,) = view.faults or ()
    assert fault.text == f"{CONTROLLER} has invalid fields: {names}"
    entry = set_admin_mode(ControllerEntry.read(stored), AdminMode.OFFLINE)
    assert entry.writes().documents == {CONTROLLER: {**stored, "admin_mode": "OFFLINE"}}


def test_damaged_block_is_not_listed_as_active() -> None:
    found = {EB_PATH: {}, "/eb/eb-b": {"subarray_id": "01"}}
    view = derive_system(System(3, found, (EB_PATH,)), NO_COMPONENTS)
    assert EB not in view.execution_blocks
    assert "eb-b" in view.execution_blocks
