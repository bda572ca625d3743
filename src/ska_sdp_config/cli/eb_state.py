"""State of an execution block, which is written together with the block."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ska_sdp_config.cli import values
from ska_sdp_config.cli.objects import EB, locate
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc.times import last_updated

__all__ = ["state_of_eb", "state_path_of", "timestamp", "updated_state"]


def timestamp() -> str:
    """Return the current time, UTC, in the format of ``last_updated``."""
    return last_updated(datetime.now(timezone.utc))


def state_of_eb(known: Mapping[str, Any], eb: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state to write with an execution block.

    Args:
        known: the stored state, empty for none.
        eb: the execution block; all fields are optional.
    """
    state = {
        "scans": [],
        **known,
        "scan_type": eb.get("current_scan_type"),
        "scan_id": eb.get("scan_id"),
        "last_updated": eb.get("last_updated") or timestamp(),
    }
    return state | ({"status": eb["status"]} if "status" in eb else {})


def state_path_of(path: str, prefix: str) -> str | None:
    """Return the path of the state to write with a path; None unless it is an execution block."""
    place = locate(path, prefix)
    is_eb = place is not None and place.kind == EB and not place.part
    return f"{path}/state" if is_eb else None


def updated_state(stored: str | None, text: str) -> str | None:
    """Return the text of the state to write with an execution block.

    Args:
        stored: the text of the stored state, None for none.
        text: the text of the execution block.

    Returns:
        The text; None if there is no stored state, or one of the two is not a mapping or cannot
        be encoded.
    """
    if stored is None:
        return None
    known, eb = values.read(stored), values.read(text)
    if not (isinstance(known, dict) and isinstance(eb, dict)):
        return None
    try:
        return encode(state_of_eb(known, eb))
    except ValueError:  # escapes in JSON can yield lone surrogates
        return None
