"""Every command in every obsState that lasts, on a device, a real etcd and the simulator.

ABORTING and RESTARTING are transient; tests/model covers them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tango

from ska_sdp_config.lmc.states import AdminMode, ObsState
from ska_sdp_sim.stack.etcd import Etcd
from tests.model.cells import CELLS, COLUMNS, DISABLED, PATHS

from .conftest import Events
from .observing import Observation, observation

NOT_ALLOWED = "API_CommandNotAllowed"


@pytest.fixture(scope="module")
def observing(etcd: Etcd) -> Iterator[Observation]:
    with observation(etcd) as begun:
        yield begun


@pytest.fixture(scope="module")
def events(observing: Observation) -> Iterator[Events]:
    with Events(observing.subarray, "obsState", "lastCommand", "transactionID") as received:
        yield received


@pytest.mark.parametrize("obs_state", COLUMNS)
def test_rejected_command_changes_nothing(
    observing: Observation, events: Events, obs_state: str
) -> None:
    observing.lead_to(obs_state)
    # This writes adminMode.
    events.begin()
    before = observing.written()
    for cell in CELLS:
        if cell.obs_state == obs_state and not cell.allowed:
            message = observing.message_for(cell.command)
            assert observing.rejection(cell.command, message) == (NOT_ALLOWED, cell.rejection)
            assert observing.obs_state == obs_state
    assert observing.written() == before
    assert events.received == []


@pytest.mark.parametrize(
    ("obs_state", "command"),
    [(cell.obs_state, cell.command) for cell in CELLS if cell.allowed],
)
def test_allowed_command_reaches_target(
    observing: Observation, events: Events, obs_state: str, command: str
) -> None:
    observing.lead_to(obs_state)
    path = PATHS[command]
    events.begin()
    observing.command(command, observing.message_for(command))
    observing.wait_for(path[-1])
    # A command that keeps the state pushes no event of it.
    expected = [] if path == [obs_state] else [ObsState[name] for name in path]
    events.wait_for("obsState", expected)
    events.wait_for("transactionID", [observing.subarray.transactionID])
    entry = observing.entry
    assert (entry["last_command"], entry["obs_state_commanded"]) == (command, path[-1])
    assert observing.subarray.state().name == ("OFF" if command == "Off" else "ON")
    if command == "Abort":
        # It ends a scan, but keeps the execution block.
        assert (observing.subarray.ebID, observing.subarray.scanID) == (observing.eb_id, 0)


@pytest.mark.parametrize("state", ["OFF", "DISABLE"])
def test_commands_in_other_states_are_rejected(observing: Observation, state: str) -> None:
    observing.lead_to("IDLE")
    if state == "OFF":
        observing.command("Off")
    else:
        observing.subarray.adminMode = AdminMode.NOT_FITTED
    obs_state, before = observing.obs_state, observing.written()
    for command in PATHS:
        if (state, command) == ("OFF", "On"):
            continue
        text = DISABLED.format(command)
        if state == "OFF":
            text = f"Command {command} not allowed when device state is OFF; allowed in ON"
        assert observing.rejection(command, observing.message_for(command)) == (NOT_ALLOWED, text)
    assert observing.written() == before
    assert observing.obs_state == obs_state
    observing.subarray.adminMode = AdminMode.ONLINE
    if state == "OFF":
        observing.command("On")
    assert observing.subarray.state() == tango.DevState.ON
    assert observing.obs_state == obs_state
