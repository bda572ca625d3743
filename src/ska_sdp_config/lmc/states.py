"""Enumerations of the devices, with names and values of the SKA control model."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Any

__all__ = ["AdminMode", "HealthState", "Json", "ObsState", "State"]

Json = Mapping[str, Any]
"""A JSON object."""


class AdminMode(IntEnum):
    """Permitted use of a device."""

    ONLINE = 0
    OFFLINE = 1
    ENGINEERING = 2
    NOT_FITTED = 3
    RESERVED = 4

    @property
    def enables(self) -> bool:
        """Whether the device accepts commands in this mode."""
        return self in (AdminMode.ONLINE, AdminMode.ENGINEERING)


class HealthState(IntEnum):
    """Health of a device."""

    OK = 0
    DEGRADED = 1
    FAILED = 2
    UNKNOWN = 3


class ObsState(IntEnum):
    """Observing state of a subarray."""

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
    """Tango states that the devices use, with Tango's names."""

    OFF = "OFF"
    STANDBY = "STANDBY"
    ON = "ON"
    DISABLE = "DISABLE"
    INIT = "INIT"
