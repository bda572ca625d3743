"""What the command line writes of an execution block by itself (spec 2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ska_sdp_config.cli import values
from ska_sdp_config.cli.objects import EB, place_of
from ska_sdp_config.entity.codec import encode

__all__ = ["ENDED", "state_beside", "state_of_eb", "timestamp", "updated_state"]

ENDED = ("FINISHED", "CANCELLED")
"""Statuses of execution blocks that have ended; all others mean that it has not."""


def timestamp() -> str:
    """Get the time, UTC, as ``last_updated`` has it."""
    return f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}"


def state_of_eb(known: Mapping[str, Any], eb: Mapping[str, Any]) -> dict[str, Any]:
    """Get the state to write beside an execution block.

    Args:
        known: the state so far, empty for none.
        eb: the execution block as it is written; one may have any of its fields or none.
    """
    state = {
        "scans": [],
        **known,
        "scan_type": eb.get("current_scan_type"),
        "scan_id": eb.get("scan_id"),
        "last_updated": eb.get("last_updated") or timestamp(),
    }
    return state | ({"status": eb["status"]} if "status" in eb else {})


def state_beside(path: str, prefix: str) -> str | None:
    """Get the path of the state that is written with what is at a path; None if none is."""
    place = place_of(path, prefix)
    is_eb = place is not None and place.kind == EB and not place.part
    return f"{path}/state" if is_eb else None


def updated_state(stored: str | None, text: str) -> str | None:
    """Get the text of the state to write beside an execution block.

    Args:
        stored: the text of the state so far, None for none.
        text: the execution block as it is written.

    Returns:
        The text; None if there was no state, which not every execution block has, or if one of
        the two is no mapping, or holds what cannot be stored again.
    """
    if stored is None:
        return None
    known, eb = values.read(stored), values.read(text)
    if not (isinstance(known, dict) and isinstance(eb, dict)):
        return None
    try:
        return encode(state_of_eb(known, eb))
    except ValueError:  # JSON has an escape for what is no Unicode text
        return None
