"""Limits that the faults, the clients and the checkers share."""

from __future__ import annotations

__all__ = ["LEASE_TTL_S", "PATIENCE_S", "START_S"]

LEASE_TTL_S = 5
"""Time to live of the leases with which clients own something, in seconds."""

PATIENCE_S = 75.0
"""Time in a pending state after which a client aborts its observation, in seconds: longer than the
devices' default timeout of 60 s, which ends it before."""

START_S = 15.0
"""Seconds in which a killed device server, or the Tango database, starts on a busy machine."""
