"""Commands of the observation and the obsStates that follow them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ska_sdp_sim.demo.content import Content, configure, scan

FIRST_OBS_STATE = "EMPTY"


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes:
        command: Its name.
        argument: Its argument, if any.
        obs_states: The obsStates that follow, in order.
        lasting: Those of them that the slow processing block extends to a second.
        hold: Pause after it, in seconds.
        about: Text printed after the name.
    """

    command: str
    argument: str | None = None
    obs_states: tuple[str, ...] = ()
    lasting: tuple[str, ...] = ()
    hold: float = 0.0
    about: str = ""


def observation(content: Content) -> list[Step]:
    """Return all commands from On to ReleaseAllResources: two scan types, three scans."""
    first, second = content.scan_types[:2]
    return [
        Step("On"),
        Step(
            "AssignResources",
            json.dumps(content.message),
            ("RESOURCING", "IDLE"),
            lasting=("RESOURCING",),
            about=content.eb_id,
        ),
        Step(
            "Configure",
            configure(first),
            ("CONFIGURING", "READY"),
            lasting=("CONFIGURING",),
            about=first,
        ),
        *_scan(1),
        *_scan(2),
        Step("Configure", configure(second), ("CONFIGURING", "READY"), about=second),
        *_scan(3),
        Step("End", None, ("IDLE",)),
        Step("ReleaseAllResources", None, ("RESOURCING", "EMPTY")),
    ]


def _scan(scan_id: int) -> tuple[Step, Step]:
    begin = Step("Scan", scan(scan_id), ("SCANNING",), hold=0.5, about=str(scan_id))
    return begin, Step("EndScan", None, ("READY",))


def expected_obs_states(steps: list[Step]) -> list[str]:
    """Return all obsStates from the subscription to the last step."""
    return [FIRST_OBS_STATE, *(state for step in steps for state in step.obs_states)]
