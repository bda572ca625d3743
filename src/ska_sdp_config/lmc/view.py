"""View: values that a device publishes for one revision of the database."""

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
"""Value of a string attribute without content; never empty."""

_ENCODER = json.JSONEncoder(sort_keys=True)


@dataclass(frozen=True, slots=True)
class View:
    """Values that a device publishes, and what its server writes next.

    Attributes:
        revision: revision of the database that it was derived from.
        command_count: number of accepted commands.
        transient: obsState to publish before the final one if ``command_count`` has grown, None
            if there is none.
        values: value by the name of the Tango attribute, as types of the model.
        faults: faults of the device, None if the view does not contain the health.
        deadline: when the pending state times out, None if none is pending.
        wait_over: the condition of the pending state holds, and ``reached`` is not written yet.
        timed_out: the timeout expired, and ``errors`` is not written yet.
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
    """Return the JSON text of an attribute, the same text for the same content.

    Tango's strings are Latin-1, so non-ASCII characters are escaped.
    """
    return _ENCODER.encode(value)
