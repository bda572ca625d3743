"""The table of commands and obsStates, written by hand from spec 4.2."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CELLS", "COLUMNS", "MOMENTS", "PATHS", "Cell"]

COLUMNS = (
    "EMPTY", "RESOURCING", "IDLE", "CONFIGURING", "READY", "SCANNING", "ABORTED", "RESETTING",
    "FAULT",
)  # fmt: skip
"""The obsStates that last."""

MOMENTS = ("ABORTING", "RESTARTING")
"""The obsStates that last no time: no command can come while a device is in one of them."""

# By obsState, in State ON: "-" is refused, "+" is allowed.
_TABLE = """
On                   -  -  -  -  -  -  -  -  -
Off                  +  +  +  +  +  +  +  +  +
AssignResources      +  -  +  -  -  -  -  -  -
ReleaseResources     -  -  +  -  -  -  -  -  -
ReleaseAllResources  -  -  +  -  -  -  -  -  -
Configure            -  -  +  -  +  -  -  -  -
Scan                 -  -  -  -  +  -  -  -  -
EndScan              -  -  -  -  -  +  -  -  -
End                  -  -  -  -  +  -  -  -  -
Abort                -  +  +  +  +  +  -  +  -
ObsReset             -  -  -  -  -  -  +  -  +
Restart              -  -  -  -  -  -  +  -  +
"""

PATHS = {
    "On": ["EMPTY"],
    "Off": ["EMPTY"],
    "AssignResources": ["RESOURCING", "IDLE"],
    "ReleaseResources": ["RESOURCING", "IDLE"],
    "ReleaseAllResources": ["RESOURCING", "EMPTY"],
    "Configure": ["CONFIGURING", "READY"],
    "Scan": ["SCANNING"],
    "EndScan": ["READY"],
    "End": ["IDLE"],
    "Abort": ["ABORTING", "ABORTED"],
    "ObsReset": ["RESETTING", "IDLE"],
    "Restart": ["RESTARTING", "EMPTY"],
}
"""The obsStates that an allowed command leads through, the last of them its target."""


class Cell(NamedTuple):
    """A command in an obsState, State being ON."""

    command: str
    obs_state: str
    allowed: bool

    @property
    def rejection(self) -> str:
        """The words of the refusal: State is looked at first, and only On wants another."""
        where = "device state is ON" if self.command == "On" else f"obsState is {self.obs_state}"
        return f"Command {self.command} not allowed when {where}"


CELLS = [
    Cell(command, obs_state, mark == "+")
    for command, *marks in map(str.split, _TABLE.strip().splitlines())
    for obs_state, mark in zip(COLUMNS, marks, strict=True)
]
