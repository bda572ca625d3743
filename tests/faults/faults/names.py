"""Names of the kinds of faults that the checkers know."""

from __future__ import annotations

__all__ = [
    "CLIENT_KILLED",
    "CLIENT_PAUSED",
    "CLOCK_STEPPED",
    "COMPACTIONS",
    "DEVICE_SERVER",
    "KILLED",
    "QUOTA_EXCEEDED",
    "SIMULATOR",
    "SUSPENDED",
    "TANGO_DATABASE",
]

KILLED, SUSPENDED = "killed", "suspended"
"""Suffixes of the names of faults of parts, after the kind of part."""

TANGO_DATABASE, SIMULATOR, DEVICE_SERVER = "Tango database", "simulator", "device server"
"""Kinds of parts; those that run devices have names of their own."""

CLIENT_PAUSED, CLIENT_KILLED = "client paused", "client killed"
CLOCK_STEPPED = "clock stepped"
COMPACTIONS = "compaction every 200 ms"
QUOTA_EXCEEDED = "quota exceeded"
