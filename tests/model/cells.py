"""Table of commands and the obsStates that allow them."""

from __future__ import annotations

from typing import NamedTuple

COLUMNS = (
    "EMPTY", "RESOURCING", "IDLE", "CONFIGURING", "READY", "SCANNING", "ABORTED", "RESETTING",
    "FAULT",
)  # fmt: skip
"""obsStates that last."""

MOMENTS = ("ABORTING", "RESTARTING")
"""Transient obsStates, in which a device never executes a command."""

# By obsState, in State ON: "-" is rejected, "+" is allowed.
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

ALLOWED_IN = {
    command: [state for state, mark in zip(COLUMNS, marks, strict=True) if mark == "+"]
    for command, *marks in map(str.split, _TABLE.strip().splitlines())
}
"""obsStates that allow each command in State ON."""

DISABLED = "Command {} not allowed when device state is DISABLE; set adminMode to ONLINE first"
"""Rejection of a command while adminMode disables the device."""

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
"""obsStates published by an allowed command; the last one is its target."""

OFFLINE = (
    "The processing controller, helm deployer, or both are OFFLINE: "
    "cannot start processing blocks."
)
"""Rejection of processing blocks while a required component is missing."""


class Cell(NamedTuple):
    """Command in an obsState and State ON."""

    command: str
    obs_state: str
    allowed: bool

    @property
    def rejection(self) -> str:
        """Text of the rejection. State is checked first, and only On requires another."""
        if self.command == "On":
            return "Command On not allowed when device state is ON; allowed in OFF"
        allowed = ", ".join(ALLOWED_IN[self.command])
        return (
            f"Command {self.command} not allowed when obsState is {self.obs_state}; "
            f"allowed in {allowed}"
        )


CELLS = [
    Cell(command, obs_state, mark == "+")
    for command, *marks in map(str.split, _TABLE.strip().splitlines())
    for obs_state, mark in zip(COLUMNS, marks, strict=True)
]
