"""Timeouts of a subarray."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc import upkeep
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_lmc.devices import subarray as server
from tests.support.waiting import wait_until

from .conftest import Events, Start, assign_text, obs_states, stored_entry, write_state


class Clock:
    """Clock of the subarray's server, which the test advances."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta()
        monkeypatch.setattr(server, "_now", self.now)

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.ahead

    def expire_timeouts(self) -> None:
        self.ahead = timedelta(hours=1)


def test_timeout_is_written_to_database(start: Start, config: Config) -> None:
    _, subarray = start(RequiredComponents="none", TimeoutAssignResources="0.3")
    subarray.On()
    with Events(subarray, "obsState") as events:
        subarray.AssignResources(assign_text((("pb-a", "work"),)))
        events.wait_for("obsState", obs_states("RESOURCING FAULT"))
    # A timeout that expires during reconciliation is published before it is written.
    wait_until(lambda: stored_entry(config)["errors"])
    errors = stored_entry(config)["errors"]
    assert errors == json.loads(subarray.errorMessages)
    assert "within 0.3 s: pb-a is STARTING" in errors["subarray"]
    # The device shows the same after Init.
    subarray.Init()
    wait_until(lambda: subarray.state() == tango.DevState.ON)
    assert subarray.obsState == ObsState.FAULT


def test_timeout_during_reconciliation_is_written(
    subarray: Any, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, looked = Clock(monkeypatch), upkeep.timeout_writes
    subarray.On()
    subarray.AssignResources(assign_text((("pb-a", "work"),)))

    def look_and_be_held_up(*arguments: Any) -> Any:
        found = looked(*arguments)
        clock.expire_timeouts()
        return found

    monkeypatch.setattr(upkeep, "timeout_writes", look_and_be_held_up)
    write_state(config, "pb-a", status="WAITING")
    wait_until(lambda: subarray.obsState == ObsState.FAULT)
    wait_until(lambda: "pb-a" in stored_entry(config)["errors"].get("subarray", ""))
    # A stored error does not expire.
    write_state(config, "pb-a", status="RUNNING", resources_available=True)
    wait_until(lambda: "RUNNING" in subarray.pbState)
    assert subarray.obsState == ObsState.FAULT


def test_timeout_found_by_command_is_published(
    subarray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    subarray.On()
    with Events(subarray, "obsState") as events:
        subarray.AssignResources(assign_text((("pb-a", "work"),)))
        # The watch loop waits for the system clock, so it does not find the timeout first.
        clock.expire_timeouts()
        subarray.Restart()
        events.wait_for("obsState", obs_states("RESOURCING FAULT RESTARTING EMPTY"))
