"""Names of the kinds of faults that the checkers know."""

from __future__ import annotations

__all__ = [
    "ANSWERS_SLOW",
    "CLIENT_KILLED",
    "CLIENT_PAUSED",
    "CLOCK_STEPPED",
    "COMPACTIONS",
    "DATA_DELAYED",
    "DEFRAGMENTATION",
    "DEVICE_SERVER",
    "KEEPING_CONNECTIONS",
    "KILLED",
    "NOT_SHOWN",
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
DEFRAGMENTATION = "defragmentation"
QUOTA_EXCEEDED = "quota exceeded"
DATA_DELAYED, ANSWERS_SLOW = "data delayed", "answers slow"

NOT_SHOWN = (
    *(CLIENT_KILLED, CLIENT_PAUSED, COMPACTIONS),
    *(f"{part} {what}" for part in (TANGO_DATABASE, SIMULATOR) for what in (KILLED, SUSPENDED)),
)
"""Faults that do not concern what devices read, or subscribers show."""

KEEPING_CONNECTIONS = (
    *NOT_SHOWN,
    *(CLOCK_STEPPED, f"{DEVICE_SERVER} {SUSPENDED}"),
    *(DEFRAGMENTATION, DATA_DELAYED),
)
"""Faults that do not break the connection of a device to the database: they are shorter than the
silence after which it connects again. All other faults of the cluster and of the network may break
it, also those of a follower; the device then reads the database again. After an exceeded quota,
members are restarted and defragmented."""
