"""Commands of the observation, the obsStates that follow them, and the record of a run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ska_sdp_sim.demo.content import Content, configure, scan

FIRST_OBS_STATE = "EMPTY"


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes:
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


@dataclass(frozen=True)
class Taken:
    """An accepted command.

    Attributes:
        began: Time at which it was sent, in seconds since the epoch.
        lasted: Seconds until it returned.
    """

    step: Step
    began: float
    lasted: float


@dataclass
class Record:
    """Record of an observation, the input of the checks.

    Attributes:
        steps: The planned commands.
        taken: The accepted commands.
        addresses_at_idle: receiveAddresses as read after the event with IDLE.
        processing: Final status of each processing block.
    """

    content: Content
    steps: list[Step]
    taken: list[Taken] = field(default_factory=list)
    addresses_at_idle: dict[str, Any] = field(default_factory=dict)
    processing: dict[str, str] = field(default_factory=dict)


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
