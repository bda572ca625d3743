"""What an observation leaves behind, to be judged and shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ska_sdp_sim.demo.content import Content
from ska_sdp_sim.demo.steps import Step


@dataclass(frozen=True)
class Taken:
    """A command that was accepted.

    Attributes:
        step: Which.
        began: When it was sent, in seconds since the epoch.
        lasted: Seconds until it returned.
    """

    step: Step
    began: float
    lasted: float


@dataclass
class Record:
    """What the observation left to judge.

    Attributes:
        content: What was observed.
        steps: What was to be done.
        taken: What was done.
        addresses_at_idle: receiveAddresses as read when IDLE had been heard of.
        processing: Status of each processing block at the end.
    """

    content: Content
    steps: list[Step]
    taken: list[Taken] = field(default_factory=list)
    addresses_at_idle: dict[str, Any] = field(default_factory=dict)
    processing: dict[str, str] = field(default_factory=dict)
