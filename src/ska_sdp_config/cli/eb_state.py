"""What the command line writes of an execution block by itself (spec 2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

__all__ = ["ENDED", "state_of_eb", "timestamp"]

ENDED = ("FINISHED", "CANCELLED")
"""Statuses of execution blocks that have ended; all others mean that it has not."""


def timestamp() -> str:
    """Get the time, UTC, as ``last_updated`` has it."""
    return f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}"


def state_of_eb(known: Mapping[str, Any], eb: Mapping[str, Any]) -> dict[str, Any]:
    """Get the state to write beside an execution block.

    Args:
        known: the state so far, empty for none.
        eb: the execution block as it is written.
    """
    return {
        "scans": [],
        **known,
        "status": eb["status"],
        "scan_type": eb.get("current_scan_type"),
        "scan_id": eb.get("scan_id"),
        "last_updated": eb["last_updated"],
    }
