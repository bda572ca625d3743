"""Entries of devices that other versions of the SDP have written."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.entry import Entry
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import AdminMode, ObsState, State
from ska_sdp_config.lmc.system import System, derive_system
from ska_sdp_config.lmc.upkeep import admin_mode_writes

PRESENT = {"state_commanded": "ON", "obs_state_commanded": "SCANNING"}
SIX = (
    "eb_id",
    "last_command",
    "last_command_time",
    "obs_state_commanded",
    "resources",
    "state_commanded",
)
OLDER = {"state": "ON", "obs_state_target": "SCANNING"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (PRESENT, (State.ON, ObsState.SCANNING)),
        (OLDER, (State.ON, ObsState.SCANNING)),
        # The present name counts if both are there.
        (PRESENT | {"state": "OFF", "obs_state_target": "IDLE"}, (State.ON, ObsState.SCANNING)),
        ({"state": "ON", "obs_state_commanded": "READY"}, (State.ON, ObsState.READY)),
        # null counts as missing.
        (dict.fromkeys(PRESENT) | OLDER, (State.ON, ObsState.SCANNING)),
        (PRESENT | dict.fromkeys(OLDER), (State.ON, ObsState.SCANNING)),
        ({}, (State.OFF, ObsState.EMPTY)),
    ],
)
def test_entry_has_present_or_older_names(
    document: dict[str, Any], expected: tuple[State, ObsState]
) -> None:
    entry = Entry.read(document)
    assert (entry.state_commanded, entry.obs_state_commanded) == expected
    assert entry.damage is None
    written = entry.document()
    assert {name: written[name] for name in PRESENT} == {
        "state_commanded": expected[0].name,
        "obs_state_commanded": expected[1].name,
    }
    assert not OLDER.keys() & written.keys()


CONTROLLERS = [
    ({"state": "ON"}, "ON"),
    ({"state_commanded": None, "state": "ON"}, "ON"),
    ({}, "STANDBY"),
]


@pytest.mark.parametrize(("document", "state"), CONTROLLERS)
def test_controller_entry_has_present_or_older_names(document: dict[str, Any], state: str) -> None:
    entry = ControllerEntry.read(document)
    assert entry.state_commanded.name == state
    (written,) = entry.writes().documents.values()
    assert written["state_commanded"] == state
    assert "state" not in written


def test_entry_has_the_six_fields_of_displays_in_their_form() -> None:
    noon = datetime(2026, 1, 31, 12, 0, 0, 250_000, timezone.utc)
    written = Entry(
        last_command="Scan", last_command_time=noon, state_commanded=State.ON
    ).document()
    assert {name: written[name] for name in SIX} == {
        "eb_id": None,
        "last_command": "Scan",
        "last_command_time": "2026-01-31T12:00:00+00:00",
        "obs_state_commanded": "EMPTY",
        "resources": {"csp_links": [], "receptors": [], "receive_nodes": 0},
        "state_commanded": "ON",
    }
    assert Entry.read(written).last_command_time == noon
    assert Entry.read(written).resources == {}
    assert Entry().document()["last_command_time"] is None


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2026-01-31T12:00:00.250Z", {}),
        ("2026-01-31T12:00:00+00:00", {"last_command_milliseconds": 250}),
        # Version 0.1 keeps the field of the command before its own.
        ("2026-01-31T12:00:00.250Z", {"last_command_milliseconds": 700}),
    ],
)
def test_time_of_a_command_is_read_in_present_and_older_form(
    text: str, milliseconds: dict[str, int]
) -> None:
    entry = Entry.read({**PRESENT, "last_command_time": text, **milliseconds})
    assert entry.last_command_time == datetime(2026, 1, 31, 12, 0, 0, 250_000, timezone.utc)
    assert entry.damage is None
    controller = ControllerEntry.read({"last_command_time": text})
    (written,) = controller.writes().documents.values()
    assert written["last_command_time"] == "2026-01-31T12:00:00+00:00"


def test_milliseconds_are_those_of_a_time_without_fraction() -> None:
    stored = {"last_command_time": "2026-01-31T12:00:00.000Z", "last_command_milliseconds": 700}
    noon = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
    assert Entry.read({**PRESENT, **stored}).last_command_time == noon


@pytest.mark.parametrize("name", [*PRESENT, *OLDER])
def test_invalid_value_is_reported_under_its_stored_name(name: str) -> None:
    entry = Entry.read({name: "BUSY"})
    assert f"fix {name}, or" in str(entry.damage)


@pytest.mark.parametrize("name", ["state_commanded", "state"])
def test_invalid_value_of_the_controller_is_reported_under_its_stored_name(name: str) -> None:
    view = derive_system(System(1, {"/lmc/controller": {name: "BUSY"}}), ModelSettings())
    assert f"/lmc/controller has invalid fields: {name}" in [
        each.text for each in view.faults or ()
    ]


def test_admin_mode_is_written_under_present_names() -> None:
    path = "/lmc/subarray/01"
    snapshot = Snapshot(1, "01", {path: {**OLDER, "resources": 5}})
    document = admin_mode_writes(snapshot, AdminMode.ENGINEERING).documents[path]
    assert document == {**PRESENT, "resources": 5, "admin_mode": "ENGINEERING"}


def test_missing_reached_is_true_and_missing_command_count_is_zero() -> None:
    """It has no reached and no command_count."""
    entry = Entry.read({**PRESENT, "last_command": "AssignResources"})
    assert entry.reached
    assert entry.command_count == 0


def test_invalid_reached_is_damage_and_keeps_waiting() -> None:
    entry = Entry.read({**PRESENT, "reached": "yes"})
    assert not entry.reached
    assert entry.damage is not None
    assert "reached" in entry.damage
