"""Derivation by an observer: settings in the entry, and snapshots read path by path."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from ska_sdp_config.lmc import upkeep
from ska_sdp_config.lmc.observe import observe, observed_obs_state, read_snapshot
from ska_sdp_config.lmc.settings import ModelSettings, read_settings, stored_settings
from ska_sdp_config.lmc.states import ObsState

from .worlds import ENTRY, World, documents

FINAL = [each for each in ObsState if each not in (ObsState.ABORTING, ObsState.RESTARTING)]
"""States that the database can hold; the others are only published."""

OTHER = ModelSettings(
    required_components=("proccontrol",),
    receive_scripts="capture",
    timeout_assign_resources=5,
    timeout_configure=0,
    components=("something",),
)


def test_stored_settings_are_read_back() -> None:
    stored = json.loads(json.dumps(stored_settings(OTHER)))
    assert stored == {
        "required_components": ["proccontrol"],
        "receive_scripts": "capture",
        "timeout_assign_resources": 5.0,
        "timeout_configure": 0.0,
    }
    # The other settings are the controller's.
    assert read_settings(stored) == OTHER.model_copy(
        update={"components": ModelSettings().components}
    )


@pytest.mark.parametrize(
    "invalid",
    [
        {"receive_scripts": "("},
        {"receive_scripts": "x{4294967296}"},
        {"receive_scripts": "(" * 900},
        {"receive_scripts": "x" * 1001},
        {"receive_scripts": 5},
        {"required_components": ["/"]},
        {"required_components": None},
        {"timeout_configure": -1},
        {"components": ["a"], "log_level": "none"},
    ],
    ids=lambda each: str(each)[:40],
)
def test_invalid_setting_has_its_default(invalid: dict[str, Any]) -> None:
    stored = {"timeout_assign_resources": 5, **invalid}
    assert read_settings(stored) == ModelSettings(timeout_assign_resources=5)


def test_settings_of_another_form_are_no_fault() -> None:
    world = World(documents(ObsState.IDLE))
    world.documents[ENTRY]["settings"] = ["x"]
    assert observed_obs_state(world.snapshot) is ObsState.IDLE


def test_server_writes_its_settings_when_they_differ() -> None:
    world = World(documents(ObsState.IDLE), OTHER)
    world.documents[ENTRY] |= {"settings": stored_settings(ModelSettings()), "of another": 1}
    world.write(upkeep.settings_writes(world.snapshot, OTHER))
    assert world.entry["settings"] == stored_settings(OTHER)
    assert world.entry["of another"] == 1
    assert upkeep.settings_writes(world.snapshot, OTHER) is None
    # The next command keeps them, and one with other settings replaces them.
    world.command("Abort")
    assert world.entry["settings"] == stored_settings(OTHER)


def test_server_adds_its_settings_to_an_entry_of_an_earlier_version() -> None:
    world = World(documents(ObsState.IDLE), OTHER)
    before = dict(world.entry)
    assert "settings" not in before
    world.write(upkeep.settings_writes(world.snapshot, OTHER))
    assert world.entry == {**before, "settings": stored_settings(OTHER)}


def test_ends_of_waits_are_written_with_the_settings() -> None:
    world = World(documents(ObsState.IDLE), OTHER)
    world.documents[ENTRY]["reached"] = False
    count = world.snapshot.entry.command_count
    world.write(upkeep.reached_writes(world.snapshot, count, OTHER))
    assert world.entry["reached"] is True
    assert world.entry["settings"] == stored_settings(OTHER)
    late = World(documents(ObsState.RESOURCING), OTHER)
    late.pass_time(100)
    late.write(upkeep.timeout_writes(late.snapshot, late.now, OTHER))
    assert late.entry["errors"]
    assert late.entry["settings"] == stored_settings(OTHER)


@pytest.mark.parametrize("fields", [{"eb_id": "a/b"}, {"admin_mode": 5}], ids=str)
def test_settings_are_not_written_to_an_entry_with_invalid_fields(fields: dict[str, Any]) -> None:
    world = World(documents(ObsState.IDLE), OTHER)
    world.documents[ENTRY] |= fields
    assert upkeep.settings_writes(world.snapshot, OTHER) is None


def test_settings_are_not_written_without_an_entry() -> None:
    assert upkeep.settings_writes(World().snapshot, OTHER) is None


def test_settings_are_not_written_to_a_damaged_entry() -> None:
    world = World()
    world.damage(ENTRY)
    assert upkeep.settings_writes(world.snapshot, OTHER) is None


def test_observer_uses_the_settings_of_the_entry() -> None:
    """A required component is missing only for a subarray that requires it."""
    found = documents(ObsState.IDLE)
    world = World({path: each for path, each in found.items() if "helmdeploy" not in path})
    assert [each.text for each in observe(world.snapshot).faults or ()] == [
        "Component helmdeploy is OFFLINE"
    ]
    world.documents[ENTRY]["settings"] = {"required_components": ["proccontrol"]}
    assert observe(world.snapshot).faults == ()


def test_timeout_shows_once_it_is_written() -> None:
    world = World(documents(ObsState.RESOURCING))
    world.pass_time(100)
    assert observed_obs_state(world.snapshot) is ObsState.RESOURCING
    assert world.reconcile().obs_state is ObsState.FAULT
    assert observed_obs_state(world.snapshot) is ObsState.FAULT
    # The start of the fault is the end of the timeout, as on the device.
    assert observe(world.snapshot).faults == world.view.faults


@pytest.mark.parametrize("obs_state", FINAL, ids=lambda each: each.name)
def test_read_snapshot_has_all_documents_of_a_subarray(obs_state: ObsState) -> None:
    world = World(documents(obs_state))
    texts = {path: json.dumps(each) for path, each in world.documents.items()}
    texts["/eb/eb-of-another-subarray"] = "{}"
    calls = []

    def read(paths: Iterable[str]) -> Mapping[str, str | None]:
        calls.append(list(paths))
        return {path: texts.get(path) for path in calls[-1]}

    snapshot = read_snapshot("01", 7, read)
    assert snapshot.revision == 7
    assert observe(snapshot).obs_state is observe(world.snapshot).obs_state
    assert observe(snapshot).faults == observe(world.snapshot).faults
    assert "/eb/eb-of-another-subarray" not in snapshot.documents
    assert len(calls) <= 4


def test_read_snapshot_names_unreadable_texts() -> None:
    snapshot = read_snapshot("01", 7, lambda paths: dict.fromkeys(paths, "no JSON"))
    assert ENTRY in snapshot.unreadable
    assert f"{ENTRY} holds no JSON object" in [
        each.text for each in observe(snapshot).faults or ()
    ]
