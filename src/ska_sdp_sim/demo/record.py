"""Record of an observation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ska_sdp_sim.demo.content import Content
from ska_sdp_sim.demo.steps import Step


@dataclass(frozen=True)
class Taken:
    """An accepted command.

    Attributes:
        step: The step.
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
        content: Its messages.
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
