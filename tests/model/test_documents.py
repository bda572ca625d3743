"""Documents written by commands, also where present ones are damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.entity import ExecutionBlock
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc.new_eb import new_eb_fields
from ska_sdp_config.lmc.settings import stored_settings
from ska_sdp_config.lmc.snapshot import Writes, required_paths
from ska_sdp_config.lmc.states import Json, ObsState
from ska_sdp_lmc.commands.resources import merge, subtract
from ska_sdp_lmc.messages import parse_assign_resources, parse_configure
from ska_sdp_lmc.messages.examples import example, example_names
from ska_sdp_lmc.messages.internal import Configure, ReleaseResources, Resources, Scan
from tests.model.commands import apply_command

from .cells import CELLS, Cell
from .worlds import (
    BATCH,
    EB,
    ENTRY,
    NOON,
    RECEIVE,
    SETTINGS,
    World,
    assign_message,
    documents,
    entry_document,
    message_for,
    script,
)

NEW_EB = "eb-new-20260131-00000"


def test_assign_resources_in_empty_creates_blocks() -> None:
    world = World(documents(ObsState.EMPTY))
    pbs = (("pb-a", "realtime", "vis-receive"), ("pb-b", "batch", "imaging"))
    fields = {
        "context": {"project": "p"},
        "beams": [{"beam_id": "vis0", "function": "visibilities"}],
        "scan_types": [{"scan_type_id": "science"}],
        "channels": [{"channels_id": "all"}],
        "polarisations": [{"polarisations_id": "all"}],
        "fields": [{"field_id": "a"}],
    }
    message = assign_message(pbs=pbs)
    message = replace(message, execution_block={**(message.execution_block or {}), **fields})
    view = world.command("AssignResources", message)
    assert view.obs_state is ObsState.RESOURCING
    eb = world.documents[f"/eb/{NEW_EB}"]
    assert {name: eb[name] for name in fields} == fields
    assert eb["status"] == "ACTIVE"
    assert (eb["pb_realtime"], eb["pb_batch"]) == (["pb-a"], ["pb-b"])
    assert eb["pb_receive_addresses"] is None
    assert (eb["current_scan_type"], eb["scan_id"], eb["scans"]) == (None, None, [])
    assert eb.keys() == {*new_eb_fields(), "key", "eb_id", "max_length", "last_updated"}
    assert eb["key"] == eb["eb_id"] == NEW_EB
    assert (eb["subarray_id"], eb["max_length"]) == ("01", 60.0)
    assert eb["resources"] == {"receptors": ["SKA001"], "receive_nodes": 1}
    assert eb["last_updated"] == "2026-01-31 12:00:00"
    assert world.documents[f"/eb/{NEW_EB}/state"] == {
        "status": "ACTIVE",
        "scan_type": None,
        "scan_id": None,
        "scans": [],
        "scans_total": 0,
        "last_updated": "2026-01-31 12:00:00",
    }
    assert world.documents["/pb/pb-a"] == {
        "key": "pb-a",
        "pb_id": "pb-a",
        "eb_id": NEW_EB,
        "script": script("realtime", "vis-receive"),
        "parameters": {},
        "dependencies": [],
    }
    assert world.entry == entry_document(
        transaction_id="txn-test-20260131-b",
        last_command="AssignResources",
        command_count=8,
        obs_state_commanded="IDLE",
        reached=False,
        eb_id=NEW_EB,
        resources={"csp_links": [], "receptors": ["SKA001"], "receive_nodes": 1},
        settings=stored_settings(world.settings),
    )


def test_assign_resources_ignores_nulls_and_the_progress_in_a_message() -> None:
    world = World(documents(ObsState.EMPTY))
    message = assign_message()
    fields = {"max_length": None, "fields": None, "scans": [1], "scan_id": 5, "status": "FINISHED"}
    message = replace(message, execution_block={**(message.execution_block or {}), **fields})
    world.command("AssignResources", message)
    eb = world.documents[f"/eb/{NEW_EB}"]
    assert "max_length" not in eb
    assert (eb["fields"], eb["scans"], eb["scan_id"], eb["status"]) == ([], [], None, "ACTIVE")
    ExecutionBlock.from_stored(encode(eb), NEW_EB, f"/eb/{NEW_EB}")


def test_execution_block_without_max_length_can_be_read() -> None:
    world = World(documents(ObsState.EMPTY))
    message = replace(assign_message(), execution_block={"eb_id": NEW_EB})
    world.command("AssignResources", message)
    path = f"/eb/{NEW_EB}"
    ExecutionBlock.from_stored(encode(world.documents[path]), NEW_EB, path)


def test_assign_resources_in_idle_adds_to_the_active_execution_block() -> None:
    world = World(documents(ObsState.IDLE))
    more = Resources(receptors=("SKA002", "SKA003"), receive_nodes=3)
    message = assign_message(None, (("pb-c", "batch", "imaging"),), more)
    world.command("AssignResources", message)
    eb = world.documents[f"/eb/{EB}"]
    assert (eb["pb_realtime"], eb["pb_batch"]) == ([RECEIVE], [BATCH, "pb-c"])
    assert world.documents["/pb/pb-c"]["eb_id"] == EB
    assert world.documents[f"/eb/{EB}/state"]["last_updated"] == "2026-01-31 12:00:00"
    assert world.entry["resources"] == {
        "csp_links": [],
        "receptors": ["SKA001", "SKA002", "SKA003"],
        "receive_nodes": 5,
    }


def test_releasing_last_resources_ends_execution_block() -> None:
    world = World(documents(ObsState.IDLE))
    some = Resources(receptors=("SKA001", "SKA002"))
    view = world.command("ReleaseResources", ReleaseResources(some))
    assert view.obs_state is ObsState.IDLE
    assert world.entry["eb_id"] == EB
    view = world.command("ReleaseResources", ReleaseResources(Resources(receive_nodes=2)))
    assert view.transient is ObsState.RESOURCING
    assert view.obs_state is ObsState.EMPTY
    assert world.documents[f"/eb/{EB}"]["status"] == "FINISHED"
    assert view.eb_id == "null"


def test_scans_are_listed_in_the_state_of_the_execution_block() -> None:
    world = World(documents(ObsState.IDLE))
    world.command("Configure", Configure("science"))
    for scan_id in (0, 1):
        view = world.command("Scan", Scan(scan_id))
        assert view.scan_id == scan_id
        assert world.documents[f"/eb/{EB}"]["scan_id"] == scan_id
        world.command("EndScan")
    world.command("Configure", Configure("calibration"))
    world.command("Scan", Scan(2))
    world.command("Abort")
    assert world.documents[f"/eb/{EB}/state"]["scans"] == [
        {"scan_id": 0, "scan_type": "science", "status": "FINISHED"},
        {"scan_id": 1, "scan_type": "science", "status": "FINISHED"},
        {"scan_id": 2, "scan_type": "calibration", "status": "ABORTED"},
    ]


def test_last_hundred_scans_are_listed_and_all_are_counted() -> None:
    world = World(documents(ObsState.READY))
    for scan_id in range(1, 151):
        world.command("Scan", Scan(scan_id))
        world.command("EndScan")
    state = world.documents[f"/eb/{EB}/state"]
    assert [scan["scan_id"] for scan in state["scans"]] == [*range(51, 151)]
    assert {scan["status"] for scan in state["scans"]} == {"FINISHED"}
    assert state["scans_total"] == 150


@pytest.mark.parametrize("total", [None, 1, "many", True])
def test_scans_without_a_valid_total_are_counted(total: object) -> None:
    """As a server has left them that lists all scans."""
    world = World(documents(ObsState.READY))
    state = world.documents[f"/eb/{EB}/state"]
    state |= {"scans": [{"scan_id": 1}, {"scan_id": 2}], "scans_total": total}
    world.command("Scan", Scan(3))
    assert world.documents[f"/eb/{EB}/state"]["scans_total"] == 3


def test_scan_stores_planned_start_and_duration() -> None:
    world = World(documents(ObsState.READY))
    world.command("Scan", Scan(5, "2026-01-31T12:00:10Z", 30.0))
    assert world.documents[f"/eb/{EB}/state"]["scans"] == [
        {
            "scan_id": 5,
            "scan_type": "science",
            "status": "ACTIVE",
            "start_time": "2026-01-31T12:00:10Z",
            "duration": 30.0,
        }
    ]


def test_new_execution_block_replaces_externally_ended_one() -> None:
    world = World(documents(ObsState.IDLE))
    world.update_eb(status="CANCELLED", current_scan_type="science")
    world.command("AssignResources", assign_message())
    old = world.documents[f"/eb/{EB}"]
    assert (old["status"], old["subarray_id"], old["current_scan_type"]) == (
        "CANCELLED",
        None,
        None,
    )
    assert world.documents[f"/eb/{NEW_EB}"]["subarray_id"] == "01"
    assert world.entry["eb_id"] == NEW_EB


@pytest.mark.parametrize("damaged", [5, "x", {"a": 1}, None])
def test_configure_replaces_invalid_list(damaged: Any) -> None:
    world = World(documents(ObsState.IDLE))
    world.update_eb(scan_types=damaged, channels=damaged)
    new = {"scan_type_id": "new"}
    world.command("Configure", Configure("new", new_scan_types=[new]))
    assert world.documents[f"/eb/{EB}"]["scan_types"] == [new]


def test_configure_adds_scan_types_with_referenced_items() -> None:
    world = World(documents(ObsState.IDLE))
    world.update_eb(beams=[{"beam_id": "vis0"}])
    message = Configure(
        "new",
        new_scan_types=[{"scan_type_id": "new"}],
        new_channels=[{"channels_id": "c"}],
        new_fields=[{"field_id": "f"}],
        new_beams=[{"beam_id": "vis0", "function": "visibilities"}],
    )
    world.command("Configure", message)
    eb = world.documents[f"/eb/{EB}"]
    assert [item["scan_type_id"] for item in eb["scan_types"]] == ["science", "calibration", "new"]
    assert eb["channels"] == [{"channels_id": "c"}]
    assert eb["fields"] == [{"field_id": "f"}]
    assert eb["beams"] == [{"beam_id": "vis0"}]
    assert eb["current_scan_type"] == "new"


def test_unknown_fields_are_kept() -> None:
    found = documents(ObsState.READY)
    found[ENTRY]["owner_of_ours"] = {"x": 1}
    found[f"/eb/{EB}"]["theirs"] = [1]
    found[f"/eb/{EB}/state"]["theirs"] = [2]
    world = World(found)
    world.command("Scan", Scan(1))
    assert world.entry["owner_of_ours"] == {"x": 1}
    assert world.documents[f"/eb/{EB}"]["theirs"] == [1]
    assert world.documents[f"/eb/{EB}/state"]["theirs"] == [2]


def test_required_paths_include_paths_named_by_documents() -> None:
    found = documents(ObsState.READY)
    known: dict[str, Json] = {}
    rounds: list[list[str]] = []
    while missing := [
        path for path in required_paths("01", ["helmdeploy"], known) if path not in known
    ]:
        rounds.append(missing)
        known |= {path: found.get(path, {}) for path in missing}
    assert rounds[0] == [ENTRY, "/component/helmdeploy/owner"]
    assert rounds[1] == [f"/eb/{EB}", f"/eb/{EB}/state"]
    assert sorted(rounds[2]) == sorted(
        f"/pb/{pb}{leaf}" for pb in (RECEIVE, BATCH) for leaf in ("", "/state")
    )
    assert len(rounds) == 3


names = st.lists(st.sampled_from("abcdef"), unique=True).map(tuple)
numbers = st.lists(st.integers(1, 9), unique=True).map(tuple)
amounts = st.none() | st.integers(1, 5)
resources = st.builds(Resources, csp_links=numbers, receptors=names, receive_nodes=amounts)


@given(resources, resources)
def test_releasing_all_resources_leaves_none(first: Resources, second: Resources) -> None:
    assigned = merge(merge({}, first), second)
    everything = Resources(
        csp_links=tuple(assigned.get("csp_links", ())),
        receptors=tuple(assigned.get("receptors", ())),
        receive_nodes=assigned.get("receive_nodes"),
    )
    assert subtract(assigned, everything) == {}


def test_key_outside_schema_is_kept_but_not_a_resource() -> None:
    assigned = merge({}, Resources(receptors=("A", "B"), extra={"comment": "x"}))
    assert assigned == {"receptors": ["A", "B"], "comment": "x"}
    left = subtract(assigned, Resources(receptors=("A",), extra={"comment": "y", "more": 1}))
    assert left == {"receptors": ["B"], "comment": "x"}
    assert subtract(left, Resources(receptors=("B",))) == {}


@given(resources, resources)
def test_merging_keeps_sets_and_adds_nodes(first: Resources, second: Resources) -> None:
    assigned = merge(merge({}, first), second)
    receptors = [*(first.receptors or ()), *(second.receptors or ())]
    assert assigned.get("receptors", []) == sorted(set(receptors), key=receptors.index)
    assert assigned.get("receive_nodes", 0) == (first.receive_nodes or 0) + (
        second.receive_nodes or 0
    )


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.allowed], ids=str)
def test_written_documents_survive_encoding(cell: Cell) -> None:
    """The view after a commit uses the documents without parsing them again."""
    obs_state = ObsState[cell.obs_state]
    world = World(documents(obs_state))
    message = message_for(cell.command, obs_state)
    writes = apply_command(cell.command, world.snapshot, message, NOON, SETTINGS, "txn")
    _check_plain(writes)


@pytest.mark.parametrize("name", [name for name in example_names() if "assignres" in name])
def test_documents_of_assignment_survive_encoding(name: str) -> None:
    message = parse_assign_resources(example(name)).message
    world = World(documents(ObsState.EMPTY))
    _check_plain(apply_command("AssignResources", world.snapshot, message, NOON, SETTINGS, "txn"))


@pytest.mark.parametrize("name", [name for name in example_names() if "configure" in name])
def test_documents_of_new_scan_types_survive_encoding(name: str) -> None:
    message = parse_configure(example(name)).message
    world = World(documents(ObsState.IDLE))
    if not message.new_scan_types:
        world.documents[f"/eb/{EB}"]["scan_types"] = [{"scan_type_id": message.scan_type}]
    _check_plain(apply_command("Configure", world.snapshot, message, NOON, SETTINGS, "txn"))


def _check_plain(writes: Writes) -> None:
    for document in writes.documents.values():
        # Unlike ==, the text distinguishes a list from a tuple, and 1 from 1.0 and True.
        assert repr(_sorted(json.loads(encode(document)))) == repr(_sorted(document))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return list(map(_sorted, value)) if isinstance(value, list) else value
