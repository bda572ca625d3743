"""What others wrote in place of what should be there stops no command, and is not made worse."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_lmc.messages.internal import AssignResources, Resources
from ska_sdp_lmc.model import upkeep
from ska_sdp_lmc.model.entry import Entry
from ska_sdp_lmc.model.snapshot import read_document
from ska_sdp_lmc.model.states import AdminMode, ObsState

from .worlds import EB, ENTRY, World, assign_message, documents


@pytest.mark.parametrize(
    "text",
    [
        '{"max_length": 1e999}',
        '{"max_length": -1E+400}',
        f'{{"max_length": {"9" * 400}.0}}',
        '{"max_length": NaN}',
        '{"max_length": -Infinity}',
        r'{"context": "\ud800"}',
        r'{"\uDFFF": 1}',
        '{"context": "\udcff"}',
        "[" * 100_000,
        "5",
    ],
)
def test_what_could_not_be_written_again_is_not_readable(text: str) -> None:
    assert read_document(text) == ({}, False)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r'{"a": "\ud83d\ude00"}', {"a": "\U0001f600"}),
        ('{"a": 1e300}', {"a": 1e300}),
        ('{"a": "NaN, Infinity"}', {"a": "NaN, Infinity"}),
        ('{"a": 1e-999}', {"a": 0.0}),
    ],
)
def test_what_can_be_written_again_is_readable(text: str, read: dict[str, Any]) -> None:
    assert read_document(text) == (read, True)


def test_a_time_at_the_end_of_all_times_does_not_stop_an_abort() -> None:
    world = World(documents(ObsState.RESOURCING))
    world.documents[ENTRY] |= {"last_command_time": "9999-12-31T23:59:59Z"}
    assert world.view.deadline is None
    world.command("Abort")
    assert world.entry["obs_state_target"] == "ABORTED"


@pytest.mark.parametrize("damaged", [5, "abc", {"a": 1}, None])
def test_blocks_are_added_where_there_is_no_list(damaged: Any) -> None:
    world = World(documents(ObsState.IDLE))
    world.update_eb(pb_batch=damaged, pb_realtime=damaged)
    pbs = assign_message().processing_blocks
    world.command("AssignResources", AssignResources(processing_blocks=pbs))
    listed = world.documents[f"/eb/{EB}"]
    assert {pb["pb_id"] for pb in pbs} == {*listed["pb_realtime"], *listed["pb_batch"]}


def test_resources_that_are_none_are_left_out() -> None:
    world = World(documents(ObsState.IDLE))
    world.documents[ENTRY] |= {"resources": {"receptors": [{"a": 1}, "A", ["B"]]}}
    message = AssignResources(resources=Resources(receptors=("C",)))
    world.command("AssignResources", message)
    assert world.entry["resources"]["receptors"] == ["A", "C"]


def test_that_an_entry_could_not_be_read_is_not_written() -> None:
    world = World(documents(ObsState.IDLE))
    world.documents[ENTRY] |= {"admin_mode": 5}
    assert "mend admin_mode" in world.snapshot.entry.errors["subarray"]
    written = upkeep.admin_mode_writes(world.snapshot, AdminMode.ONLINE).documents[ENTRY]
    assert written["errors"] == {}
    assert not Entry.read(written).errors
