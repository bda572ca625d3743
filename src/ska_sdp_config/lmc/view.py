"""View: values that a device publishes for one revision of the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ska_sdp_config.lmc.health import Fault
from ska_sdp_config.lmc.states import AdminMode, ObsState, State

__all__ = ["NULL", "View", "json_text", "status_text"]

NULL = "null"
"""Value of a string attribute without content; never empty."""

_ENCODER = json.JSONEncoder(sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Values that both devices publish; subclasses add those of one device.

    Attributes:
        revision: revision of the database that it was derived from.
        command_count: number of accepted commands.
        state: State of the device.
        admin_mode: adminMode of the device.
        faults: faults of the device, None if the view does not contain the health.
        transient: obsState to publish before the final one if ``command_count`` has grown, None
            if there is none.
        timed_out: the timeout expired, and ``errors`` is not written yet.
    """

    revision: int
    command_count: int
    state: State
    admin_mode: AdminMode
    faults: tuple[Fault, ...] | None = None
    transient: ObsState | None = None
    timed_out: bool = False

    def __str__(self) -> str:
        return f"State {self.state.name}"


def status_text(
    state: State, admin_mode: AdminMode, obs_state: ObsState | None, health_info: Sequence[str]
) -> str:
    """Return the Status of a device: State, obsState and the first sentence of healthInfo.

    Args:
        state: State of the device.
        admin_mode: adminMode of the device, named if it disables the device.
        obs_state: obsState of a subarray, None for the controller.
        health_info: sentences of healthInfo, of which the first is repeated.
    """
    parts = [state.name if admin_mode.enables else f"{state.name} (adminMode {admin_mode.name})"]
    if obs_state is not None:
        parts.append(obs_state.name)
    states = ", ".join(parts)
    return f"{states}: {health_info[0]}" if health_info else states


def json_text(value: Any) -> str:
    """Return the JSON text of an attribute, the same text for the same content.

    Tango's strings are Latin-1, so non-ASCII characters are escaped.
    """
    return _ENCODER.encode(value)
