"""A view: what a device shows at one revision of the database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ska_sdp_config.lmc.health import Fault
from ska_sdp_config.lmc.states import ObsState

__all__ = ["NULL", "View", "json_text"]

NULL = "null"
"""What a string attribute shows when there is nothing: four letters, never empty."""

_ENCODER = json.JSONEncoder(sort_keys=True)


@dataclass(frozen=True, slots=True)
class View:
    """What a device shows, and what its server must do about it.

    Attributes:
        revision: revision of the database that it was derived from.
        command_count: how many commands had been accepted.
        transient: obsState to be shown before the final one when ``command_count`` has
            grown (spec 4.5), None when there is none.
        values: value by the name of the Tango attribute; State is a model's State.
        faults: what is wrong, None when the view says nothing of the device's health.
        deadline: when the time-out of a pending state passes, None when none is pending.
        wait_over: the pending state's condition holds and ``reached`` is yet to be written.
        timed_out: the time-out passed and is yet to be written to ``errors``.
    """

    revision: int
    command_count: int
    transient: ObsState | None
    values: Mapping[str, Any]
    faults: tuple[Fault, ...] | None = None
    deadline: datetime | None = None
    wait_over: bool = False
    timed_out: bool = False


def json_text(value: Any) -> str:
    """Write a value as the JSON text of an attribute, the same text for the same content.

    Tango's strings are Latin-1, so everything beyond ASCII is escaped as JSON has it.
    """
    return _ENCODER.encode(value)
