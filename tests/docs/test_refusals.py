"""The generated tables of commands, obsStates and refusals, against the table of the tests."""

from __future__ import annotations

import pytest
from docs.generate.refusals import REFUSED, by_obs_state, by_state, refusals, waits

from ska_sdp_config.lmc.states import ObsState
from tests.model.cells import CELLS, PATHS, Cell


def rows(text: str) -> list[list[str]]:
    """The rows of a table, the head first, without the line under it."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines()]
    return [line for line in lines if set(line) != {"---"}]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.command}-{cell.obs_state}")
def test_every_cell(cell: Cell) -> None:
    head, *lines = rows(by_obs_state())
    assert head[2:] == [obs_state.name for obs_state in ObsState]
    line = dict(
        zip(head, next(each for each in lines if each[0] == f"`{cell.command}`"), strict=True)
    )
    # The table of the tests is for State ON, in which On is refused.
    assert line["State"] == ("OFF" if cell.command == "On" else "ON")
    allowed = cell.allowed or cell.command == "On"
    assert line[cell.obs_state] == (" → ".join(PATHS[cell.command]) if allowed else REFUSED)


def test_the_controller() -> None:
    head, *lines = rows(by_state())
    assert head == ["command", "ON", "STANDBY", "OFF", "DISABLE"]
    assert [line[0] for line in lines] == ["`On`", "`Standby`", "`Off`", "`Disable`"]
    for number, line in enumerate(lines):
        assert line[1:].index(REFUSED) == number


def test_waits() -> None:
    assert rows(waits())[1:] == [
        ["`AssignResources`", "RESOURCING", "resourced", "`TimeoutAssignResources`", "60 s"],
        ["`Configure`", "CONFIGURING", "configured", "`TimeoutConfigure`", "60 s"],
        ["`ObsReset`", "RESETTING", "resourced", "`TimeoutAssignResources`", "60 s"],
    ]


def test_refusals_are_in_their_order_and_in_their_words() -> None:
    _, *lines = rows(refusals())
    steps = [int(line[0]) for line in lines]
    assert steps == sorted(steps)
    assert set(steps) == {1, 2, 3, 4, 5, 6}
    assert [line[2] for line in lines][1:4] == [
        "Command *command* not allowed when device state is *state*",
        "Command *command* not allowed when obsState is *obs_state*",
        "Execution block *eb_id* already exists",
    ]
    reasons = {line[0]: line[4] for line in lines}
    assert reasons["2"] == "`API_CommandNotAllowed`"
    assert set(reasons.values()) == {"`API_CommandNotAllowed`", "`API_CommandFailed`"}
