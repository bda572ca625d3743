"""Client that observes: its choices."""

from __future__ import annotations

import pytest

from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.transitions import TRANSITIONS
from tests.faults.clients.content import small
from tests.faults.clients.observations import SCANS, Progress, next_command

CONTENT = small()

BEGUN = Progress(CONTENT)
CONFIGURED = Progress(CONTENT, is_configured=True)
DONE = Progress(CONTENT, scans=SCANS)

NEXT = [
    (ObsState.EMPTY, None, "AssignResources"),
    (ObsState.IDLE, None, "ReleaseAllResources"),
    (ObsState.IDLE, BEGUN, "Configure"),
    (ObsState.IDLE, CONFIGURED, "Configure"),
    (ObsState.IDLE, DONE, "ReleaseAllResources"),
    (ObsState.READY, None, "End"),
    (ObsState.READY, BEGUN, "Configure"),
    (ObsState.READY, CONFIGURED, "Scan"),
    (ObsState.READY, DONE, "End"),
    (ObsState.SCANNING, None, "EndScan"),
    (ObsState.SCANNING, CONFIGURED, "EndScan"),
    (ObsState.ABORTED, CONFIGURED, "Restart"),
    (ObsState.FAULT, None, "Restart"),
    (ObsState.RESOURCING, BEGUN, None),
    (ObsState.CONFIGURING, CONFIGURED, None),
    (ObsState.ABORTING, None, None),
    (ObsState.RESETTING, None, None),
    (ObsState.RESTARTING, BEGUN, None),
]


@pytest.mark.parametrize(("obs_state", "progress", "command"), NEXT)
def test_next_command_is_allowed(
    obs_state: ObsState, progress: Progress | None, command: str | None
) -> None:
    assert next_command(obs_state, progress) == command
    assert command is None or obs_state in TRANSITIONS[command].obs_states


def test_each_obs_state_has_a_next_command_or_is_pending() -> None:
    assert {row[0] for row in NEXT} == set(ObsState)
