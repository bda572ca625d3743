"""Status of the devices."""

from __future__ import annotations

import pytest

from ska_sdp_config.lmc.states import AdminMode, ObsState, State
from ska_sdp_config.lmc.view import status_text

ONLINE = AdminMode.ONLINE


@pytest.mark.parametrize(
    ("state", "admin_mode", "obs_state", "health_info", "expected"),
    [
        (State.ON, ONLINE, ObsState.IDLE, [], "ON, IDLE"),
        (State.STANDBY, ONLINE, None, [], "STANDBY"),
        (State.DISABLE, ONLINE, None, [], "DISABLE"),
        (
            State.DISABLE,
            AdminMode.OFFLINE,
            ObsState.IDLE,
            [],
            "DISABLE (adminMode OFFLINE), IDLE",
        ),
        (
            State.ON,
            AdminMode.ENGINEERING,
            ObsState.FAULT,
            ["pb-x is FAILED: no disk is left.", "proccontrol is OFFLINE."],
            "ON, FAULT: pb-x is FAILED: no disk is left.",
        ),
    ],
)
def test_status_says_states_and_first_fault(
    state: State,
    admin_mode: AdminMode,
    obs_state: ObsState | None,
    health_info: list[str],
    expected: str,
) -> None:
    assert status_text(state, admin_mode, obs_state, health_info) == expected
