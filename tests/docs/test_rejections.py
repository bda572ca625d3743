"""Generated tables of commands, obsStates and rejections, compared with the table of the tests."""

from __future__ import annotations

import pytest
from docs.generate.rejections import ALLOWED, REJECTED, by_obs_state, by_state, rejections, waits

from ska_sdp_config.lmc.states import ObsState
from tests.model.cells import CELLS, PATHS, Cell


def rows(text: str) -> list[list[str]]:
    """Return the rows of a table, the head first, without the line below it."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines()]
    return [line for line in lines if set(line) != {"---"}]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.command}-{cell.obs_state}")
def test_subarray_table_has_the_effect_of_each_command(cell: Cell) -> None:
    head, *lines = rows(by_obs_state())
    assert head[1:-2] == [obs_state.name for obs_state in ObsState]
    line = dict(
        zip(head, next(each for each in lines if each[0] == f"`{cell.command}`"), strict=True)
    )
    # The table of the tests is for State ON, in which On is rejected.
    assert line["State"] == ("OFF" if cell.command == "On" else "ON")
    allowed = cell.allowed or cell.command == "On"
    assert line["leads to"] == " → ".join(PATHS[cell.command])
    assert line[cell.obs_state] == (ALLOWED if allowed else REJECTED)


def test_controller_table_rejects_the_present_state() -> None:
    head, *lines = rows(by_state())
    assert head == ["command", "ON", "STANDBY", "OFF", "DISABLE"]
    assert [line[0] for line in lines] == ["`On`", "`Standby`", "`Off`", "`Disable`"]
    for number, line in enumerate(lines):
        assert line[1:].index(REJECTED) == number


def test_pending_states_have_their_timeouts() -> None:
    assert rows(waits())[1:] == [
        ["`AssignResources`", "RESOURCING", "resourced", "`TimeoutAssignResources`", "60 s"],
        ["`Configure`", "CONFIGURING", "configured", "`TimeoutConfigure`", "60 s"],
        ["`ObsReset`", "RESETTING", "resourced", "`TimeoutAssignResources`", "60 s"],
    ]


def test_rejections_are_in_the_order_of_their_checks() -> None:
    _, *lines = rows(rejections())
    steps = [int(line[0]) for line in lines]
    assert steps == sorted(steps)
    assert set(steps) == {1, 2, 3, 4, 5, 6}
    not_allowed = "Command *command* not allowed when"
    assert [line[2] for line in lines][1:5] == [
        f"{not_allowed} device state is DISABLE; set adminMode to ONLINE first",
        f"{not_allowed} device state is *state*; allowed in *allowed*",
        f"{not_allowed} obsState is *obs_state*; allowed in *allowed*",
        "Execution block *eb_id* already exists",
    ]
    reasons = {line[0]: line[4] for line in lines}
    assert reasons["2"] == "`API_CommandNotAllowed`"
    assert set(reasons.values()) == {"`API_CommandNotAllowed`", "`API_CommandFailed`"}
