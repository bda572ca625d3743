"""Rejections by rules other than State and obsState; devices/test_rejection_order.py has more."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ska_sdp_config.lmc.rejections import CommandRejected, Reason
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_lmc.commands import Message, message_paths
from ska_sdp_lmc.messages.internal import Configure, ReleaseResources, Resources, Scan

from .cells import OFFLINE
from .worlds import EB, ENTRY, World, assign_message, documents

NEW_PB = (("pb-new-20260131-00000", "realtime", "work"),)


def rejection(world: World, command: str, message: Message | None) -> str:
    before = copy.deepcopy(world.documents)
    with pytest.raises(CommandRejected) as rejected:
        world.command(command, message)
    assert rejected.value.reason is Reason.FAILED
    assert world.documents == before
    return rejected.value.text


def ended(world: World, status: str) -> World:
    if status == "missing":
        del world.documents[f"/eb/{EB}"]
    else:
        world.update_eb(status=status)
    return world


def test_processing_blocks_alone_require_active_execution_block() -> None:
    world = World(documents(ObsState.READY))
    world.command("End")
    message = assign_message(None, NEW_PB, None)
    assert rejection(world, "AssignResources", message) == "No execution block is active"
    assert rejection(world, "Configure", Configure("none")) == "No execution block is active"


@pytest.mark.parametrize("status", ["FINISHED", "CANCELLED", "missing"])
def test_command_with_ended_execution_block_is_rejected(status: str) -> None:
    text = f"Execution block {EB} is {status}"
    idle = ended(World(documents(ObsState.IDLE)), status)
    assert rejection(idle, "AssignResources", assign_message(None, NEW_PB)) == text
    assert rejection(idle, "Configure", Configure("none")) == text
    ready = ended(World(documents(ObsState.READY)), status)
    assert rejection(ready, "Configure", Configure("none")) == text
    assert rejection(ready, "Scan", Scan(1)) == text


@pytest.mark.parametrize("status", ["FINISHED", "CANCELLED", "missing"])
@pytest.mark.parametrize(
    ("column", "command", "to"),
    [
        ("SCANNING", "EndScan", "READY"),
        ("READY", "End", "IDLE"),
        ("IDLE", "ReleaseAllResources", "EMPTY"),
        ("SCANNING", "Abort", "ABORTED"),
        ("ABORTED", "Restart", "EMPTY"),
    ],
)
def test_command_is_accepted_with_ended_execution_block(
    status: str, column: str, command: str, to: str
) -> None:
    world = ended(World(documents(ObsState[column])), status)
    assert world.command(command).obs_state.name == to
    eb: dict[str, Any] | None = world.documents.get(f"/eb/{EB}")
    assert (eb["status"] if eb else "missing") == status


def test_ended_execution_block_is_replaced() -> None:
    world = ended(World(documents(ObsState.IDLE)), "CANCELLED")
    world.command("AssignResources", assign_message())
    assert world.entry["eb_id"] == "eb-new-20260131-00000"


def test_configure_with_wrong_scan_type_is_rejected() -> None:
    world = World(documents(ObsState.IDLE))
    science = {"scan_type_id": "science"}
    new = {"scan_type_id": "new"}
    text = rejection(world, "Configure", Configure("no"))
    assert text == "Scan type no is not defined; defined are science, calibration"
    text = rejection(world, "Configure", Configure("no", new_scan_types=[science]))
    assert text == "Scan type no is not defined; defined are science, calibration"
    text = rejection(world, "Configure", Configure("science", new_scan_types=[science]))
    assert text == "Scan type science is already defined"
    text = rejection(world, "Configure", Configure("new", new_scan_types=[new, new]))
    assert text == "Scan type new is already defined"


def test_releasing_unassigned_resources_names_them() -> None:
    world = World(documents(ObsState.IDLE))
    resources = Resources(
        receptors=("SKA001", "SKA009", "SKA010"), csp_links=(7,), receive_nodes=3
    )
    assert rejection(world, "ReleaseResources", ReleaseResources(resources)) == (
        "Resources are not assigned: receptors SKA009, SKA010; csp_links 7; receive_nodes 3 of 2"
    )


def test_rejection_shortens_long_values() -> None:
    world = World(documents(ObsState.IDLE))
    many = Resources(receptors=tuple(f"SKA{number}" for number in range(2000, 9000)))
    text = rejection(world, "ReleaseResources", ReleaseResources(many))
    assert text.startswith("Resources are not assigned: receptors SKA2000, SKA2001, ")
    assert text.endswith("...")
    assert len(text) < 600
    assert len(rejection(world, "Configure", Configure("x" * 10**6))) < 600


@pytest.mark.parametrize("absent", ["proccontrol", "helmdeploy"])
def test_processing_blocks_require_online_components(absent: str) -> None:
    world = World(documents(ObsState.EMPTY))
    del world.documents[f"/component/{absent}/owner"]
    assert rejection(world, "AssignResources", assign_message()) == OFFLINE
    world.command("AssignResources", assign_message(pbs=()))
    assert world.obs_state == "IDLE"


def test_required_components_may_be_empty() -> None:
    world = World(documents(ObsState.EMPTY))
    del world.documents["/component/proccontrol/owner"]
    world.settings = type(world.settings)(required_components=())
    world.command("AssignResources", assign_message())
    assert world.obs_state == "RESOURCING"


def test_message_paths_names_new_entities() -> None:
    paths = message_paths(assign_message())
    assert sorted(paths) == [
        "/eb/eb-new-20260131-00000",
        "/eb/eb-new-20260131-00000/state",
        "/pb/pb-new-20260131-00000",
    ]
    assert ENTRY not in paths
