"""Entries of devices that other versions of the SDP have written."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.entry import Entry
from ska_sdp_config.lmc.states import ObsState, State

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


@pytest.mark.parametrize(("document", "state"), [({"state": "ON"}, "ON"), ({}, "STANDBY")])
def test_controller_entry_has_present_or_older_names(document: dict[str, Any], state: str) -> None:
    entry = ControllerEntry.read(document)
    assert entry.state_commanded.name == state
    (written,) = entry.writes().documents.values()
    assert written["state_commanded"] == state
    assert "state" not in written


def test_entry_has_the_form_that_displays_read() -> None:
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


def test_entry_of_another_version_waits_for_nothing() -> None:
    """It has no reached and no command_count."""
    entry = Entry.read({**PRESENT, "last_command": "AssignResources"})
    assert entry.reached
    assert entry.command_count == 0


def test_invalid_reached_is_damage_and_keeps_waiting() -> None:
    entry = Entry.read({**PRESENT, "reached": "yes"})
    assert not entry.reached
    assert entry.damage is not None
    assert "reached" in entry.damage
