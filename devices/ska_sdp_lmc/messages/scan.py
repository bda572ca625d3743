"""Parser of Scan messages, all versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ska_sdp_config.lmc.schema.check import schema_issues
from ska_sdp_config.lmc.schema.faults import raise_or_warn
from ska_sdp_config.lmc.schema.versions import Version
from ska_sdp_lmc.messages.internal import Parsed, Scan
from ska_sdp_lmc.messages.reading import open_document, transaction_id
from ska_sdp_lmc.messages.schema.commands import TIME, Scan02, Scan03, Scan21

__all__ = ["parse_scan"]

_COMMAND = "Scan"


def parse_scan(text: str, strictness: int = 1) -> Parsed[Scan]:
    """Parse the argument of Scan.

    Raises:
        MessageError: the message is invalid at this strictness.
    """
    document = open_document(_COMMAND, "scan", text, strictness)
    value = document.value
    version = document.version or _version_by_shape(value)
    timed = version >= (2, 1)
    schema = Scan02 if version < (0, 3) else Scan21 if timed else Scan03
    issues = schema_issues(schema, value)
    warnings = raise_or_warn(_COMMAND, [*document.issues, *issues], strictness)
    start_time, duration = value.get("start_time"), value.get("duration")
    message = Scan(
        scan_id=value["id" if schema is Scan02 else "scan_id"],
        start_time=_with_zone(start_time) if timed and start_time is not None else None,
        duration=float(duration) if timed and duration is not None else None,
        transaction_id=transaction_id(value),
    )
    return Parsed(message, warnings)


def _version_by_shape(value: Mapping[str, Any]) -> Version:
    """Infer the version of a message without interface from its keys."""
    return Version(0, 2) if "id" in value and "scan_id" not in value else Version(2, 1)


def _with_zone(time: str) -> str:
    match = TIME.fullmatch(time)
    return time if match and match[2] else f"{time}Z"
