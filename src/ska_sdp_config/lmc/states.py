"""The enumerations of the devices, by the names and numbers of the SKA control model."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Any

__all__ = ["AdminMode", "HealthState", "Json", "ObsState", "State"]

Json = Mapping[str, Any]
"""A JSON object as it stands in the database."""


class AdminMode(IntEnum):
    """What a device may be used for (spec 4.6)."""

    ONLINE = 0
    OFFLINE = 1
    ENGINEERING = 2
    NOT_FITTED = 3
    RESERVED = 4

    @property
    def enables(self) -> bool:
        """Whether the device takes commands in this mode."""
        return self in (AdminMode.ONLINE, AdminMode.ENGINEERING)


class HealthState(IntEnum):
    """How well a device can do its work."""

    OK = 0
    DEGRADED = 1
    FAILED = 2
    UNKNOWN = 3


class ObsState(IntEnum):
    """Where a subarray stands in an observation."""

    EMPTY = 0
    RESOURCING = 1
    IDLE = 2
    CONFIGURING = 3
    READY = 4
    SCANNING = 5
    ABORTING = 6
    ABORTED = 7
    RESETTING = 8
    FAULT = 9
    RESTARTING = 10


class State(Enum):
    """The Tango states that the devices use, under Tango's own names."""

    OFF = "OFF"
    STANDBY = "STANDBY"
    ON = "ON"
    DISABLE = "DISABLE"
    INIT = "INIT"
